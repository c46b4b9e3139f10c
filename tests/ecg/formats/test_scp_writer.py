"""SCP-ECG records written here and read again: the only samples of the rarer compressions."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecg import EcgSignal
from ecg.beats import detect_beats
from ecg.formats.scp import Coding, ScpOptions, read_scp, write_scp
from ecg.formats.scp.leads import lead_code, lead_name, read_beats
from ecg.formats.scp.record import crc, read_sections, write_record
from ecg.formats.scp.waveform import Streams, write_streams
from ecg.signal import FilterInfo, Patient, Sex
from tests.ecg.formats.scp_records import SAMPLE, changed
from tests.ecg.samples import real, signal_of, twelve

WAYS = [
    ScpOptions(coding, differences, reference_beat)
    for coding in Coding
    for differences in (0, 1, 2)
    for reference_beat in (False, True)
]
CHINA = dt.timezone(dt.timedelta(hours=8))


def on_grid(samples_uv: np.ndarray, step_uv: float) -> np.ndarray:
    """Return samples rounded to whole steps."""
    return np.rint(samples_uv / step_uv) * step_uv


@pytest.mark.parametrize("options", WAYS)
def test_every_lossless_way_gives_the_same_samples(options: ScpOptions) -> None:
    signal = signal_of(on_grid(twelve(), 2.5))
    record = write_scp(signal, options)
    again = read_scp(record)
    assert np.array_equal(again.samples_uv, signal.samples_uv)
    assert (again.leads, again.fs_hz) == (signal.leads, signal.fs_hz)
    sections = set(read_sections(record))
    assert sections == {1, 3, 6} | (set() if options.coding is Coding.RAW else {2}) | (
        {4, 5} if options.reference_beat else set()
    )


@pytest.mark.parametrize("coding", list(Coding))
@pytest.mark.parametrize("reference_beat", [False, True])
@pytest.mark.parametrize("thinning", [2, 3, 4])
def test_thinned_records_are_exact_where_they_are_protected(
    coding: Coding, reference_beat: bool, thinning: int
) -> None:
    signal = signal_of(on_grid(twelve(noise_uv=0.0), 5.0))
    options = ScpOptions(coding, 2, reference_beat, thinning)
    record = write_scp(signal, options)
    again = read_scp(record)
    areas = read_beats(read_sections(record)[4]).protected
    assert len(areas) == len(detect_beats(signal.samples_uv, signal.fs_hz))
    difference = np.abs(again.samples_uv - signal.samples_uv)
    for first, last in areas:
        assert difference[:, first - 1 : last].max() < 1e-9
    assert difference.max() < 40.0
    assert again.fs_hz == signal.fs_hz
    assert len(record) < len(write_scp(signal, replace(options, thinning=1)))


def test_a_real_recording_shrinks_and_comes_back() -> None:
    minute = real("ludb_118")
    whole = EcgSignal(minute.samples_uv, minute.fs_hz, minute.leads)
    signal = whole.excerpt(0, 4000)
    sizes = {}
    for options in WAYS:
        record = write_scp(signal, options)
        sizes[options] = len(record)
        assert np.abs(read_scp(record).samples_uv - signal.samples_uv).max() < 0.5
    assert sizes[ScpOptions(Coding.OWN_TABLE)] < 0.6 * sizes[ScpOptions(Coding.RAW)]


def test_a_devices_record_is_written_again_with_all_that_it_says() -> None:
    signal = replace(
        read_scp(SAMPLE.read_bytes()),
        patient=Patient(36.0, Sex.FEMALE, "42", "欧阳娜娜", dt.date(1990, 2, 28)),
        acquired_at=dt.datetime(2026, 11, 25, 18, 30, 5, tzinfo=CHINA),
        device_statements=("窦性心律", "ST-T改变"),
        filters=FilterInfo(0.05, 150.0, 50.0),
        device="理邦 SE-1200",
    )
    again = read_scp(write_scp(signal))
    assert np.array_equal(again.samples_uv, signal.samples_uv)
    assert (again.patient, again.acquired_at) == (signal.patient, signal.acquired_at)
    assert (again.device, again.filters) == (signal.device, signal.filters)
    assert again.device_statements == signal.device_statements
    expected = {key: value for key, value in signal.device_measurements.items() if " " not in key}
    assert again.device_measurements == expected


@pytest.mark.parametrize("name", ["Ann Lee", "Åsa Öberg", "Łukasz", "张三", "ÄÖÜ ÄÖÜ", "𠮷" * 40])
def test_names_in_any_script_come_back(name: str) -> None:
    signal = replace(signal_of(twelve(duration_s=1.0)), patient=Patient(name=name))
    again = read_scp(write_scp(signal)).patient.name
    assert again is not None
    assert name.startswith(again)
    assert len(again) >= min(len(name), 15)


@pytest.mark.parametrize("age", [0.03, 0.5, 1.0, 17.25, 89.0, 130.0])
def test_ages_come_back(age: float) -> None:
    signal = replace(signal_of(twelve(duration_s=1.0)), patient=Patient(age_years=age))
    assert read_scp(write_scp(signal)).patient.age_years == pytest.approx(age, abs=0.005)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["heart_rate_bpm", "rr_mean_ms", "p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms"]
        ),
        st.integers(1, 900).map(float),
    ),
    st.dictionaries(
        st.sampled_from(["axis_p_deg", "axis_qrs_deg", "axis_t_deg"]),
        st.integers(-180, 180).map(float),
    ),
)
def test_any_measurements_come_back(times: dict[str, float], axes: dict[str, float]) -> None:
    said = times | axes
    signal = EcgSignal(np.zeros((1, 50)), 500.0, ("I",), device_measurements=said)
    again = dict(read_scp(write_scp(signal)).device_measurements)
    if "rr_mean_ms" in said and "heart_rate_bpm" not in said:
        assert again.pop("heart_rate_bpm") == pytest.approx(60_000.0 / said["rr_mean_ms"], abs=0.1)
    if "pr_ms" not in said and {"qrs_ms", "qt_ms"} & set(said):
        said.pop("p_ms", None)
    assert again == said


def test_leads_that_begin_late_or_end_early_keep_their_time() -> None:
    samples = np.tile(np.arange(400.0), (4, 1))
    samples[1, :100] = np.nan
    samples[2, 300:] = np.nan
    samples[3] = np.nan
    signal = EcgSignal(samples, 250.0, ("V1", "V2", "X", "V3"))
    for options in (ScpOptions(), ScpOptions(thinning=2), ScpOptions(reference_beat=True)):
        again = read_scp(write_scp(signal, options))
        assert again.leads == ("V1", "V2", "X")
        assert np.allclose(again.samples_uv, samples[:3], atol=1.1, equal_nan=True)


def test_every_lead_code_has_its_own_name_and_back() -> None:
    names = [lead_name(code) for code in range(256)]
    assert [names[code] for code in (1, 2, 3, 8, 11, 61, 62, 63, 64, 66)] == [
        "I", "II", "V1", "V6", "V3R", "III", "aVR", "aVL", "aVF", "V8",
    ]  # fmt: skip
    standard = [code for code in range(1, 79) if not 31 <= code <= 60]
    assert [lead_code(names[code]) for code in standard] == standard
    assert (names[31], names[79], names[101][:3]) == ("I calibration", "V8 calibration", "CC3")


def test_leads_without_a_code_are_written_apart() -> None:
    signal = EcgSignal(np.ones((3, 60)) * [[1], [2], [3]], 100.0, ("ES", "one", "another"))
    again = read_scp(write_scp(signal))
    assert (again.leads[0], len(set(again.leads))) == ("ES", 3)
    assert np.array_equal(again.samples_uv, signal.samples_uv)


def test_checksums_and_order_are_those_of_the_standard() -> None:
    record = write_scp(signal_of(twelve(duration_s=2.0)), ScpOptions(reference_beat=True))
    assert crc(b"123456789") == 0x29B1, "the check value of CRC-CCITT"
    assert int.from_bytes(record[:2], "little") == crc(record[2:])
    assert int.from_bytes(record[2:6], "little") == len(record)
    assert record[16:22] == b"SCPECG"
    place = 6
    for number in range(12):
        pointer = record[22 + 10 * number : 32 + 10 * number]
        size, index = (int.from_bytes(pointer[at : at + 4], "little") for at in (2, 6))
        assert int.from_bytes(pointer[:2], "little") == number
        if size:
            part = record[index - 1 : index - 1 + size]
            assert (index - 1, size % 2) == (place, 0)
            assert int.from_bytes(part[:2], "little") == crc(part[2:])
            place += size
    assert place == len(record)


@pytest.mark.parametrize(
    ("samples", "options", "reason"),
    [
        (np.full((1, 60), np.nan), ScpOptions(), "no lead has samples"),
        (np.array([[0.0] * 20 + [np.nan] + [0.0] * 20]), ScpOptions(), "gap in lead I"),
        (np.zeros((1, 40_000)), ScpOptions(Coding.RAW), "at most 65535 bytes"),
        (np.zeros((1, 600_000)), ScpOptions(), "at most 65535 bytes"),
        (np.arange(60_000.0)[np.newaxis] % 9000, ScpOptions(differences=0), "at most 65535 bytes"),
        (np.full((1, 60), 1e6), ScpOptions(quantum_nv=1000), "exceeds 16 bits"),
    ],
)
def test_what_a_record_cannot_hold_is_refused(
    samples: np.ndarray, options: ScpOptions, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        write_scp(EcgSignal(samples, 500.0, ("I",)), options)


@pytest.mark.parametrize(
    "options", [{"differences": 3}, {"thinning": 5}, {"quantum_nv": 0}, {"quantum_nv": 65_536}]
)
def test_options_that_no_record_has_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        ScpOptions(**options)  # type: ignore[arg-type]  # one of several, by name


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 400)),
           elements=st.floats(-32_000, 32_000)),
    st.sampled_from(WAYS),
)  # fmt: skip
def test_any_signal_comes_back_within_half_a_quantum(
    samples: np.ndarray, options: ScpOptions
) -> None:
    signal = EcgSignal(samples, 500.0, ("V1", "V2", "V3")[: len(samples)])
    again = read_scp(write_scp(signal, options))
    largest = 32767 // 2 if options.reference_beat else 32767
    quantum_uv = max(1.0, np.ceil(np.abs(samples).max() * 1000.0 / largest)) / 1000.0
    assert np.abs(again.samples_uv - samples).max() <= 0.5 * quantum_uv * 1.001


def test_the_grid_of_the_samples_is_found() -> None:
    for step_uv in (0.5, 1.25, 2.44, 4.88, 5.0, 10.0):
        signal = signal_of(on_grid(twelve(duration_s=2.0), step_uv))
        quantum_nv = int.from_bytes(read_sections(write_scp(signal))[6][:2], "little")
        assert quantum_nv == round(step_uv * 1000.0)
    for level in (0.0, 1.0, 999_983.0):
        flat = EcgSignal(np.full((1, 60), level), 500.0, ("I",))
        assert np.abs(read_scp(write_scp(flat)).samples_uv - level).max() <= 16.0


def test_pc_80b_handhelds_are_read_without_their_marks() -> None:
    # Heal Force PC-80B: plain 12-bit samples whose top bit marks beats, a table of one code.
    values = (2048 + 300 * np.sin(np.arange(4500) / 20)).astype(np.uint16)
    marked = values.copy()
    marked[100::90] |= 0x8000
    head = (806).to_bytes(2, "little") + (6666).to_bytes(2, "little") + b"\0\0\x28\x23"
    record = write_record(
        {
            1: b"\x19\x04\0\xe8\x07\x06\x01\x1a\x03\0\x08\x1e\0\xff\0\0",
            2: b"\x01\0\x01\0" + bytes(10),
            3: b"\x01\0\x01\0\0\0\x94\x11\0\0\x65",
            6: head + marked.astype("<u2").tobytes(),
        }
    )
    signal = read_scp(record)
    assert (signal.fs_hz, signal.n_samples, signal.n_leads) == (150.0, 4500, 1)
    assert np.allclose(signal.samples_uv[0], values * 0.806)
    assert signal.acquired_at is not None
    assert signal.acquired_at.isoformat() == "2024-06-01T08:30:00"


def test_residuals_thinned_throughout_are_stretched_under_the_beats() -> None:
    signal = signal_of(on_grid(twelve(duration_s=4.0), 5.0)[:2])
    record = write_scp(signal, ScpOptions(Coding.RAW, 0, reference_beat=True))

    def with_rhythm(interval_us: int, lead: np.ndarray, sections: dict[int, bytes]) -> EcgSignal:
        streams = Streams(5000, interval_us, 0, False, [lead.astype("<i2").tobytes()] * 2)
        return read_scp(changed(record, {**sections, 6: write_streams(streams)}))

    beats_alone = with_rhythm(2000, np.zeros(2000), {})
    assert np.abs(beats_alone.samples_uv).max() > 500.0
    assert np.array_equal(with_rhythm(4000, np.zeros(1000), {}).samples_uv, beats_alone.samples_uv)
    sloped = with_rhythm(4000, np.arange(1000), {}).samples_uv - beats_alone.samples_uv
    assert np.allclose(np.diff(sloped[0, 1:-1]), 2.5)
    bare = bytearray(read_sections(record)[3])
    bare[1] &= 0xFE
    alone = with_rhythm(4000, np.arange(1000), {3: bytes(bare)})
    assert (alone.fs_hz, alone.n_samples) == (250.0, 1000)
    assert np.array_equal(alone.samples_uv[0], 5.0 * np.arange(1000))
