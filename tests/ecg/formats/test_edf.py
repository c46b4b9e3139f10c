from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from ecg import EcgFormatError, read
from ecg.formats import Format, sniff
from ecg.formats.edf import read_edf
from ecg.signal import FilterInfo, Patient, Sex
from tests.ecg.formats.hostile import assert_no_prefix_breaks, damaged, edits, read_or_refused
from tests.support.peers import shared_ecg_data

Signal = dict[str, object]
PATIENT = "A_17 F 31-JAN-1962 Zhang_San"
RECORDING = "Startdate 02-MAR-2012 X X Contec_ECG90A"


def signal(label: str, per_record: int, **changed: object) -> Signal:
    """Return a signal's header fields: 12 bits over ±10 mV unless changed."""
    fields: Signal = {"label": label, "unit": "mV", "low": -10, "high": 10, "least": -2048}
    return fields | {"most": 2047, "filter": "", "samples": per_record} | changed


def edf(
    signals: Sequence[Signal],
    records: Sequence[bytes],
    *,
    patient: object = PATIENT,
    recording: object = RECORDING,
    reserved: object = "EDF+C",
    count: int | None = None,
    version: bytes = b"0       ",
    record_s: object = "1",
) -> bytes:
    """Return an EDF file of signals and raw records."""
    head: list[tuple[object, int]] = [
        (patient, 80),
        (recording, 80),
        ("02.03.12", 8),
        ("14.05.06", 8),
    ]
    head += [(256 * (len(signals) + 1), 8), (reserved, 44)]
    head += [(len(records) if count is None else count, 8), (record_s, 8), (len(signals), 4)]
    widths = {"label": 16, "": 80, "unit": 8, "low": 8, "high": 8, "least": 8, "most": 8}
    for key, width in (widths | {"filter": 80, "samples": 8, " ": 32}).items():
        head += [(each.get(key, ""), width) for each in signals]
    fields = (str(value).encode("gb18030").ljust(width)[:width] for value, width in head)
    return version + b"".join(fields) + b"".join(records)


def stamp(onset: str, size: int) -> bytes:
    """Return a record's annotations: its onset and one note."""
    return f"{onset}\x14\x14\x00{onset}\x141\x14\x00".encode().ljust(size, b"\0")


def steps(values: ArrayLike) -> bytes:
    """Return 16-bit samples."""
    return np.array(values, "<i2").tobytes()


RAMP = np.arange(-100, 100)
ANNOTATIONS = signal("EDF Annotations", 30, unit="", low=-1, high=1, least=-32768, most=32767)
TWO = edf(
    [
        signal("ECG II", 200, filter="HP:0.05Hz LP:150Hz N:50Hz"),
        signal("V1", 200, unit="uV", low=0, high=4095, filter="HP:0.05Hz LP:150Hz"),
        signal("SpO2", 1, unit="%"),
        ANNOTATIONS,
    ],
    [steps(RAMP) + steps(RAMP) + steps([98]) + stamp(f"+{n}.25", 60) for n in range(3)],
)


def test_voltages_patient_time_device_and_filters_are_told() -> None:
    found = read(TWO)
    assert sniff(TWO) is Format.EDF
    assert (found.leads, found.fs_hz, found.n_samples) == (("II", "V1"), 200.0, 600)
    assert np.allclose(found.samples_uv[0, :200], (RAMP + 2048) * 20_000 / 4095 - 10_000)
    assert np.allclose(found.samples_uv[1, 200:400], RAMP + 2048)
    assert found.acquired_at == datetime(2012, 3, 2, 14, 5, 6, 250_000)  # noqa: DTZ001 -- wall clock
    assert found.patient == Patient(50.0, Sex.FEMALE, "A 17", "Zhang San", date(1962, 1, 31))
    assert found.device == "Contec ECG90A"
    assert found.filters == FilterInfo(low_cut_hz=0.05, high_cut_hz=150.0)
    assert found.source_format == "edf"


def test_records_of_a_discontinuous_file_lie_at_their_times() -> None:
    content = edf(
        [signal("II", 200), ANNOTATIONS],
        [steps(RAMP) + stamp(onset, 60) for onset in ("+0", "+1", "+3.5")],
        reserved="EDF+D",
    )
    found = read(content)
    assert found.n_samples == 900
    gaps = np.isnan(found.samples_uv[0])
    assert gaps[400:700].all()
    assert not gaps[:400].any()
    assert not gaps[700:].any()
    backwards = content.replace(b"+3.5", b"+0.5")
    with pytest.raises(EcgFormatError, match="overlap"):
        read(backwards)
    with pytest.raises(EcgFormatError, match="many"):
        read(content.replace(b"+3.5\x14\x14\x00", b"+999999999\x14"))


def test_bdf_has_samples_of_three_bytes() -> None:
    values = np.array([-(1 << 23), -1, 0, 1, (1 << 23) - 1] * 40)
    raw = values.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    wide = signal(
        "ECG", 200, unit="uV", low=-262144, high=262143, least=-(1 << 23), most=(1 << 23) - 1
    )
    found = read(edf([wide], [raw], version=b"\xffBIOSEMI", reserved="24BIT"))
    expected = (values + (1 << 23)) * (524287 / ((1 << 24) - 1)) - 262144
    assert np.allclose(found.samples_uv[0], expected, rtol=0, atol=1e-9)
    assert found.leads == ("ch1",)


def test_of_differing_rates_the_one_of_most_leads_is_kept() -> None:
    content = edf(
        [signal("I", 100), signal("II", 200), signal("V1", 200), signal("Fast", 400)],
        [steps([0] * 100) + steps(RAMP) * 2 + steps([0] * 400)],
    )
    assert read(content.replace(b"EDF+C", b"     ")).leads == ("II", "V1")


def test_brain_muscle_and_breath_are_no_ecg() -> None:
    content = edf(
        [
            signal("EEG Fpz-Cz", 200),
            signal("C3-A2", 200),
            signal("EMG chin", 200),
            signal("ECG", 200),
        ],
        [steps([0] * 600) + steps(RAMP)],
        reserved="",
    )
    found = read(content)
    assert found.n_leads == 1
    assert np.ptp(found.samples_uv) > 900
    with pytest.raises(EcgFormatError, match="no channel is an ECG"):
        read(content.replace(b"ECG     ", b"Pleth   "))


def test_a_chinese_name_without_a_charset_and_a_free_patient_field_are_kept() -> None:
    named = edf([signal("II", 200)], [steps(RAMP)], patient="X M X 张三", reserved="")
    assert read(named).patient == Patient(sex=Sex.MALE, name="张三")
    free = edf([signal("II", 200)], [steps(RAMP)], patient="住院号 0042", reserved="")
    assert read(free).patient == Patient(id="住院号 0042")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (edf([signal("II", 200)], [steps(RAMP)], count=2, reserved=""), "ends"),
        (edf([signal("II", 200, low=5, high=5)], [steps(RAMP)], reserved=""), "no channel"),
        (edf([signal("II", 200, most=-2048)], [steps(RAMP)], reserved=""), "no channel"),
        (edf([signal("II", 200, unit="")], [steps(RAMP)], reserved=""), "no channel"),
        (edf([signal("II", 200, high="1e300")], [steps(RAMP)], reserved=""), "beyond reason"),
        (edf([signal("II", 200, low="x")], [steps(RAMP)], reserved=""), "not a number"),
        (
            edf([signal("II", 200, unit="V", low=-99, high=99)], [steps(RAMP * 20)], reserved=""),
            "unit",
        ),
        (edf([signal("II", 10)], [steps(RAMP[:10])], reserved=""), "below 50 Hz"),
        (edf([signal("II", 200)], [], reserved=""), "no records"),
        (edf([signal("II", 200)], [steps(RAMP)], reserved="", record_s="0"), "no signals"),
        (edf([signal("II", 200)], [steps(RAMP)], reserved="EDF+D"), "annotations"),
        (edf([ANNOTATIONS], [stamp("+0", 60)]), "no channel"),
    ],
)
def test_files_without_an_ecg_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(EcgFormatError, match=reason):
        read(content)


def test_a_file_of_unknown_length_has_as_many_records_as_are_whole() -> None:
    content = edf([signal("II", 200)], [steps(RAMP)] * 3, reserved="", count=-1)
    assert read(content[:-7]).n_samples == 400


@given(edits(len(TWO)))
@settings(max_examples=300, deadline=None)
def test_mutated_files_are_read_or_refused(changes: list[tuple[int, bytes]]) -> None:
    read_or_refused(read_edf, damaged(TWO, changes))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_mutated_headers_are_read_or_refused(data: st.DataObject) -> None:
    content = TWO.replace(b"EDF+C", b"EDF+D")
    read_or_refused(read_edf, damaged(content, data.draw(edits(256 * 5))))


def test_truncated_files_are_refused() -> None:
    assert_no_prefix_breaks(read_edf, TWO)
    for size in range(0, len(TWO), 97):
        with pytest.raises(EcgFormatError):
            read_edf(TWO[:size])


def test_shared_files_are_read_or_refused() -> None:
    folder = shared_ecg_data() / "formats" / "edf"
    found = read(folder / "0000050.ECG.edf")
    counts = np.genfromtxt(folder.parent / "contec" / "0000050.ECG.csv", delimiter=",").T[:6]
    assert (found.n_leads, found.fs_hz) == (12, 800.0)
    assert np.allclose(np.diff(found.samples_uv[:6]), np.diff(counts) * 2e6 / 65535, atol=1e-6)
    with pytest.raises(EcgFormatError, match="only annotations"):
        read(folder / "test_edfann.edf")
