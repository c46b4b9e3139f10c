"""Waveforms: read against pydicom, written for dciodvfy, and lies refused."""

import datetime as dt
import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from dicom.faults import DicomFormatError
from dicom.leads import LEAD_NUMBERS, lead_of_code, lead_of_text
from dicom.part10 import scan
from dicom.uids import AMBULATORY_ECG, GENERAL_32_BIT_ECG, GENERAL_ECG, TWELVE_LEAD_ECG
from dicom.waveform import read_waveform
from dicom.waveform_writer import EcgObject, build_ecg, sop_class_of, write_ecg
from tests.dicom.build import saved, wheel_file
from tests.support.peers import require_program, shared_ecg_data

TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
NOON = dt.datetime(2024, 5, 6, 12, 0, 0, 250000, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def ecg(**changes: object) -> EcgObject:
    rng = np.random.default_rng(7)
    given_values: dict[str, object] = {
        "sop_instance_uid": "2.25.1",
        "study_instance_uid": "2.25.2",
        "series_instance_uid": "2.25.3",
        "samples_uv": rng.normal(0, 400, (12, 5000)),
        "fs_hz": 500.0,
        "leads": TWELVE,
        "acquired_at": NOON,
        "patient_name": "Zhang^San=张^三",
        "patient_id": "P1",
        "patient_sex": "M",
        "patient_birth_date": dt.date(1960, 1, 2),
        "manufacturer": "Lianzhen",
    }
    return EcgObject(**(given_values | changes))  # type: ignore[arg-type]  # the tests' keywords


def dciodvfy_errors(content: bytes, folder: Path) -> list[str]:
    program = require_program("dciodvfy")
    path = folder / "ecg.dcm"
    path.write_bytes(content)
    done = subprocess.run([program, path], capture_output=True, text=True, check=False)
    return [line for line in done.stderr.splitlines() if line.startswith("Error")]


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_samples_are_those_of_pydicom() -> None:
    path = wheel_file("waveform_ecg.dcm")
    found = read_waveform(path)
    reference = pydicom.dcmread(path)
    assert [group.label for group in found.groups] == ["RHYTHM", "MEDIAN BEAT"]
    for index, group in enumerate(found.groups):
        np.testing.assert_allclose(group.samples, reference.waveform_array(index).T)
        assert tuple(channel.lead for channel in group.channels) == TWELVE
        assert {channel.unit for channel in group.channels} == {"uV"}
        assert group.fs_hz == 1000
    assert found.groups[0].channels[0].filter_low_hz == 0.05
    assert found.acquired_at == dt.datetime(2013, 1, 25, 10, 59, 19)  # noqa: DTZ001 - no zone


def test_a_built_data_set_reads_like_its_file() -> None:
    path = wheel_file("waveform_ecg.dcm")
    from_file, from_ds = read_waveform(path), read_waveform(pydicom.dcmread(path))
    np.testing.assert_array_equal(from_file.groups[0].samples, from_ds.groups[0].samples)


def test_every_shared_dicom_ecg_is_read() -> None:
    paths = sorted((shared_ecg_data() / "formats" / "dicom").glob("*.dcm"))
    assert paths
    for path in paths:
        assert read_waveform(path).groups[0].samples.shape[0] == 12


def group_of(ds: Dataset) -> Dataset:
    group = ds.WaveformSequence[0]
    assert isinstance(group, Dataset)
    return group


def lie_samples(ds: Dataset) -> None:
    group_of(ds).NumberOfWaveformSamples = 2**31


def lie_fewer_samples(ds: Dataset) -> None:
    group_of(ds).NumberOfWaveformSamples = 10


def lie_channels(ds: Dataset) -> None:
    group_of(ds).NumberOfWaveformChannels = 65535


def lie_definitions(ds: Dataset) -> None:
    del group_of(ds).ChannelDefinitionSequence[3]


def no_frequency(ds: Dataset) -> None:
    group_of(ds).SamplingFrequency = "0"


def no_sensitivity(ds: Dataset) -> None:
    group_of(ds).ChannelDefinitionSequence[0].ChannelSensitivity = "0"


def audio(ds: Dataset) -> None:
    group_of(ds).WaveformSampleInterpretation = "MB"
    group_of(ds).WaveformBitsAllocated = 8


def no_data(ds: Dataset) -> None:
    del group_of(ds).WaveformData


def no_groups(ds: Dataset) -> None:
    ds.WaveformSequence = []


@pytest.mark.parametrize(
    "lie",
    [
        lie_samples, lie_fewer_samples, lie_channels, lie_definitions, no_frequency, no_sensitivity,
        audio, no_data, no_groups,
    ],
)  # fmt: skip
def test_a_lying_waveform_is_refused(lie: Callable[[Dataset], None]) -> None:
    ds = build_ecg(ecg())
    lie(ds)
    for source in (ds, saved(ds)):
        with pytest.raises(DicomFormatError) as caught:
            read_waveform(source)
        assert caught.value.code == "bad-waveform"


@pytest.mark.parametrize(
    ("kind", "bits", "code"),
    [("SB", 8, "i1"), ("UB", 8, "u1"), ("SS", 16, "<i2"), ("US", 16, "<u2"), ("SL", 32, "<i4"),
     ("UL", 32, "<u4"), ("SV", 64, "<i8")],
)  # fmt: skip
def test_every_sample_interpretation_is_read(kind: str, bits: int, code: str) -> None:
    ds = build_ecg(ecg(samples_uv=np.zeros((1, 3)), leads=("II",), fs_hz=250.0))
    group = group_of(ds)
    group.WaveformSampleInterpretation = kind
    group.WaveformBitsAllocated = bits
    del group.WaveformPaddingValue
    values = np.array([np.iinfo(code).min, 5, np.iinfo(code).max], dtype=code)
    group.add_new(
        "WaveformData", "OB" if bits == 8 else "OW", values.tobytes() + b"\0" * (bits == 8)
    )
    channel = group.ChannelDefinitionSequence[0]
    channel.ChannelSensitivity = "0.002"
    channel.ChannelSensitivityUnitsSequence[0].CodeValue = "mV"
    channel.ChannelSensitivityCorrectionFactor = "0.5"
    channel.ChannelBaseline = "0.25"
    (found,) = read_waveform(saved(ds)).groups
    np.testing.assert_allclose(found.samples[0], values.astype(float) * 1.0 + 250.0)


def test_another_unit_than_volt_stays_as_it_is() -> None:
    ds = build_ecg(ecg(samples_uv=np.full((1, 300), 80.0), leads=("II",)))
    unit = group_of(ds).ChannelDefinitionSequence[0].ChannelSensitivityUnitsSequence[0]
    unit.CodeValue = "mm[Hg]"
    (group,) = read_waveform(ds).groups
    assert group.channels[0].unit == "mm[Hg]"
    assert group.samples[0, 0] == 80


def test_a_padding_value_of_zero_is_a_sample_where_only_some_channels_hold_it() -> None:
    samples = np.tile(np.arange(1.0, 501.0), (3, 1))
    samples[0, 100:400] = 0
    samples[:, 450:490] = 0
    samples[:, 495:] = 0
    ds = build_ecg(ecg(samples_uv=samples, leads=("I", "II", "V1"), fs_hz=250.0))
    group_of(ds).add_new("WaveformPaddingValue", "OW", b"\0\0")
    (group,) = read_waveform(ds).groups
    expected = samples.copy()
    expected[:, 450:490] = np.nan
    np.testing.assert_array_equal(group.samples, expected)


def test_an_extreme_padding_value_is_a_gap_wherever_it_stands() -> None:
    samples = np.ones((2, 300))
    samples[1, 17] = np.nan
    (group,) = read_waveform(
        io.BytesIO(write_ecg(ecg(samples_uv=samples, leads=("I", "II"))))
    ).groups
    np.testing.assert_array_equal(group.samples, samples)


@pytest.mark.parametrize("n_samples", [5000, 20000])
@pytest.mark.parametrize(
    ("leads", "fs_hz"),
    [
        (TWELVE, 500.0),
        ((*TWELVE, "V7", "V8", "V9", "V3R", "V4R", "V5R"), 500.0),
        (("II", "V1"), 128.0),
    ],
)
def test_dciodvfy_finds_no_error_in_what_is_written(
    leads: tuple[str, ...], fs_hz: float, n_samples: int, tmp_path: Path
) -> None:
    samples = np.random.default_rng(3).normal(0, 300, (len(leads), n_samples))
    content = write_ecg(ecg(samples_uv=samples, leads=leads, fs_hz=fs_hz))
    assert dciodvfy_errors(content, tmp_path) == []


def test_dciodvfy_is_content_with_the_emptiest_ecg(tmp_path: Path) -> None:
    bare = EcgObject("2.25.1", "2.25.2", "2.25.3", np.zeros((12, 5000)), 500.0, TWELVE, NOON)
    assert dciodvfy_errors(write_ecg(bare), tmp_path) == []


def test_the_narrowest_object_is_chosen() -> None:
    assert sop_class_of(12, 10000, 1000) == TWELVE_LEAD_ECG
    assert sop_class_of(18, 5000, 500) == GENERAL_ECG
    assert sop_class_of(12, 30000, 500) == GENERAL_ECG
    assert sop_class_of(3, 10_000_000, 128) == AMBULATORY_ECG
    assert sop_class_of(12, 5000, 2000) == GENERAL_32_BIT_ECG
    assert sop_class_of(12, 5000, 500, bits=32) == GENERAL_32_BIT_ECG
    assert sop_class_of(15, 5000, 100) == GENERAL_32_BIT_ECG
    with pytest.raises(ValueError, match="24 are the most"):
        sop_class_of(25, 5000, 500)


def test_what_is_written_scans_and_names_its_patient() -> None:
    header = scan(io.BytesIO(write_ecg(ecg())))
    assert header.sop_class_uid == TWELVE_LEAD_ECG
    found = read_waveform(io.BytesIO(write_ecg(ecg())))
    assert found.acquired_at == NOON
    assert found.attributes.patient_name is not None
    assert found.attributes.patient_name.ideographic == "张^三"


@settings(max_examples=40, deadline=None)
@given(
    quantum_uv=st.sampled_from([None, 0.1, 1.0, 1.25, 2.44140625, 4.88, 1 / 3]),
    fs_hz=st.sampled_from([200.0, 250.0, 360.0, 500.0, 999.999]),
    seed=st.integers(0, 1000),
)
def test_samples_come_back_within_half_a_quantum(
    quantum_uv: float | None, fs_hz: float, seed: int
) -> None:
    samples = np.random.default_rng(seed).normal(0, 500, (3, 200))
    content = write_ecg(
        ecg(
            samples_uv=samples,
            leads=("I", "II", "V2"),
            fs_hz=fs_hz,
            quanta_uv=None if quantum_uv is None else (quantum_uv,) * 3,
        )
    )
    (group,) = read_waveform(io.BytesIO(content)).groups
    assert group.fs_hz == fs_hz
    quantum = group.channels[0].quantum
    if quantum_uv is not None:
        assert quantum == pytest.approx(quantum_uv)
    assert np.max(np.abs(group.samples - samples)) <= quantum / 2 * (1 + 1e-9)


def test_samples_on_the_quantum_come_back_exactly() -> None:
    steps = np.random.default_rng(1).integers(-3000, 3000, (12, 5000))
    samples = steps * 4.88
    content = write_ecg(ecg(samples_uv=samples, quanta_uv=(4.88,) * 12))
    np.testing.assert_array_equal(read_waveform(io.BytesIO(content)).groups[0].samples, samples)


@pytest.mark.parametrize(
    "changes",
    [
        {"leads": TWELVE[:3]},
        {"quanta_uv": (1e-8,) * 12},
        {"quanta_uv": (0.0,) * 12},
        {"quanta_uv": (1.0,)},
        {"samples_uv": np.zeros(5)},
    ],
)
def test_what_cannot_be_written_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"leads?|quant|shape"):
        build_ecg(ecg(**changes))


def test_leads_are_known_by_all_their_codes() -> None:
    for lead, number in LEAD_NUMBERS.items():
        assert lead_of_code(f"2:{number}") == lead
        assert lead_of_code(f"5.6.3-9-{number}") == lead
        assert lead_of_code(str(131072 + number)) == lead
    assert lead_of_code("MDC_ECG_LEAD_AVF") == "aVF"
    assert lead_of_code("2:113") == "aVL"
    assert lead_of_text("Lead I (Einthoven)") == "I"
    assert lead_of_text("aVR, augmented voltage, right") == "aVR"
    assert lead_of_text("v3r") == "V3R"
    assert lead_of_text("Pressure") is None
