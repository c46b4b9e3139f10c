"""DICOM written: what is read back is what was given, and `dciodvfy` agrees with the object."""

import datetime as dt
import io
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pydicom.uid import UID

from dicom.uids import AMBULATORY_ECG, GENERAL_32_BIT_ECG, GENERAL_ECG, TWELVE_LEAD_ECG, is_uid
from ecg.formats import read
from ecg.formats.dicom_writer import write_dicom
from ecg.formats.quantum import quantum_uv
from ecg.signal import STANDARD_LEADS, EcgSignal, FilterInfo, Patient, Sex
from tests.support.peers import require_program, shared_ecg_data

CHINA = dt.timezone(dt.timedelta(hours=8))
EIGHTEEN = (*STANDARD_LEADS, "V7", "V8", "V9", "V3R", "V4R", "V5R")


def signal(
    leads: tuple[str, ...] = STANDARD_LEADS,
    n_samples: int = 5000,
    fs_hz: float = 500.0,
    step_uv: float = 4.88,
) -> EcgSignal:
    steps = np.random.default_rng(5).integers(-900, 900, (len(leads), n_samples))
    return EcgSignal(steps * step_uv, fs_hz, leads)


FULL = replace(
    signal(),
    acquired_at=dt.datetime(2024, 5, 6, 12, 30, 1, 250000, tzinfo=CHINA),
    patient=Patient(61.0, Sex.FEMALE, "P-7", "张三丰", dt.date(1963, 2, 1)),
    device="Lianzhen Test 12",
    filters=FilterInfo(0.05, 150.0, 50.0),
    device_statements=("窦性心律", "T波改变"),
    device_measurements={"qrs_ms": 92.0, "qt_ms": 401.5, "axis_qrs_deg": -31.0, "pr_ms": 160.0},
    source_format="dicom",
)


def complaints(content: bytes, folder: Path) -> list[str]:
    path = folder / "ecg.dcm"
    path.write_bytes(content)
    done = subprocess.run(
        [require_program("dciodvfy"), path], capture_output=True, text=True, check=False
    )
    return [line for line in done.stderr.splitlines() if line.startswith("Error")]


def header(content: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(content))


def test_everything_a_signal_says_comes_back() -> None:
    back = read(write_dicom(FULL))
    assert_array_equal(back.samples_uv, FULL.samples_uv)
    for field in (
        "fs_hz", "leads", "acquired_at", "patient", "device", "filters", "device_statements",
        "device_measurements", "source_format",
    ):  # fmt: skip
        assert getattr(back, field) == getattr(FULL, field), field


@pytest.mark.parametrize(
    ("given_signal", "sop_class"),
    [
        (FULL, TWELVE_LEAD_ECG),
        (signal(), TWELVE_LEAD_ECG),
        (signal(EIGHTEEN), GENERAL_ECG),
        (signal((*STANDARD_LEADS, "X", "Y", "Z")), GENERAL_ECG),
        (signal(n_samples=20_000), GENERAL_ECG),
        (signal(("MLII", "V1"), 100_000, 128.0), AMBULATORY_ECG),
        (signal(("ch 1", "ch 2 of a long name"), 3000, 360.0), TWELVE_LEAD_ECG),
    ],
)
def test_dciodvfy_finds_no_error(given_signal: EcgSignal, sop_class: str, tmp_path: Path) -> None:
    content = write_dicom(given_signal)
    assert header(content).SOPClassUID == sop_class
    assert complaints(content, tmp_path) == []


OF_24_BITS = EcgSignal(
    np.random.default_rng(3).integers(-(1 << 23), 1 << 23, (2, 500)) / 32.0, 512.0, ("I", "II")
)


@pytest.mark.parametrize(
    "given_signal", [signal(fs_hz=2000.0), OF_24_BITS, signal(EIGHTEEN, fs_hz=100.0)]
)
def test_what_no_16_bit_object_takes_is_a_general_32_bit_ecg(given_signal: EcgSignal) -> None:
    content = write_dicom(given_signal)
    group = header(content).WaveformSequence[0]
    assert header(content).SOPClassUID == GENERAL_32_BIT_ECG
    assert (group.WaveformBitsAllocated, group.WaveformSampleInterpretation) == (32, "SL")
    assert_array_equal(read(content).samples_uv, given_signal.samples_uv)


def test_a_32_bit_object_is_otherwise_a_general_one_to_dciodvfy(tmp_path: Path) -> None:
    # It does not know Supplement 237; what it may say of the twin is its rate and its bits alone.
    ds = header(write_dicom(signal(fs_hz=2000.0)))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID(GENERAL_ECG)
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    allowed = ("WaveformBitsAllocated", "WaveformBitsStored", "WaveformSampleInterpretation")
    assert [
        line for line in complaints(out.getvalue(), tmp_path)
        if not any(name in line.replace(" ", "") for name in allowed)
    ] == []  # fmt: skip


def test_each_lead_keeps_a_step_of_its_own() -> None:
    steps = np.random.default_rng(2).integers(-3000, 3000, (3, 2000))
    gains = np.array([[1.0], [2.5], [1000 / 205]])
    given_signal = EcgSignal(steps * gains, 360.0, ("I", "II", "V1"))
    content = write_dicom(given_signal)
    written = [
        float(channel.ChannelSensitivity)
        for channel in header(content).WaveformSequence[0].ChannelDefinitionSequence
    ]
    np.testing.assert_allclose(written, gains[:, 0], rtol=1e-12)
    np.testing.assert_allclose(read(content).samples_uv, given_signal.samples_uv, rtol=1e-12)


def test_a_gap_comes_back_as_one_and_the_lowest_sample_stays_a_sample() -> None:
    samples = np.full((2, 300), 7.0)
    samples[0, 17], samples[1, :40] = np.nan, np.nan
    samples[0, 100] = -32767.0
    back = read(write_dicom(EcgSignal(samples, 250.0, ("I", "II"))))
    assert_array_equal(back.samples_uv, samples)


def test_an_ecg_of_unknown_time_and_patient_stays_one() -> None:
    back = read(write_dicom(signal()))
    assert back.acquired_at is None
    assert back.patient == Patient()


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("张三", "=张三"),
        ("ZHANG SAN", "ZHANG^SAN"),
        ("José García", "José^García"),
        ("a=b\\c^d\x1b[31m", "a^b/c^d^[31m"),
    ],
)
def test_a_name_is_one_of_dicom_whatever_it_holds(name: str, stored: str) -> None:
    content = write_dicom(replace(signal(n_samples=500), patient=Patient(name=name)))
    assert header(content).PatientName == stored


@pytest.mark.parametrize(
    ("years", "stored"),
    [(61.0, "061Y"), (61.9, "061Y"), (1.0, "001Y"), (1.5, "018M"), (0.1, "037D"), (0.0, "000D")],
)
def test_an_age_is_written_in_the_unit_that_suits_it(years: float, stored: str) -> None:
    content = write_dicom(replace(signal(n_samples=500), patient=Patient(age_years=years)))
    assert header(content).PatientAge == stored


def test_the_same_signal_is_the_same_object_and_another_another() -> None:
    assert write_dicom(FULL) == write_dicom(FULL)
    uids = {header(write_dicom(each)).SOPInstanceUID for each in (FULL, signal())}
    assert len(uids) == 2
    assert all(is_uid(uid) for uid in uids)


def test_the_same_file_is_the_same_instance_whatever_was_read_from_it() -> None:
    first, second = (header(write_dicom(each, b"file")) for each in (FULL, signal()))
    assert first.SOPInstanceUID == second.SOPInstanceUID
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert header(write_dicom(FULL, b"other")).StudyInstanceUID != first.StudyInstanceUID


def test_more_leads_than_an_object_holds_are_refused() -> None:
    many = EcgSignal(np.ones((25, 500)), 500.0, [f"ch{n}" for n in range(25)])
    with pytest.raises(ValueError, match="24"):
        write_dicom(many)


@settings(max_examples=60, deadline=None)
@given(
    gain_uv=st.sampled_from([0.1, 0.25, 1.0, 1.25, 2.44140625, 4.88, 5.0, 1000 / 205, 1 / 3]),
    fs_hz=st.sampled_from([50.0, 128.0, 200.0, 257.3, 360.0, 500.0, 1000.0, 2048.0, 10_000.0]),
    n_leads=st.integers(1, 12),
    n_samples=st.integers(1, 900),
    on_grid=st.booleans(),
    single=st.booleans(),
    seed=st.integers(0, 1 << 30),
)
def test_samples_come_back_within_one_quantum(
    gain_uv: float, fs_hz: float, n_leads: int, n_samples: int, *, on_grid: bool, single: bool,
    seed: int,
) -> None:  # fmt: skip
    rng = np.random.default_rng(seed)
    samples = rng.integers(-4000, 4000, (n_leads, n_samples)) * gain_uv
    if not on_grid:
        samples = samples + rng.normal(0, gain_uv, samples.shape)
    samples[rng.random(samples.shape) < 0.05] = np.nan
    if single:
        samples = samples.astype(np.float32)
    given_signal = EcgSignal(samples, fs_hz, STANDARD_LEADS[:n_leads])
    back = read(write_dicom(given_signal))
    assert back.fs_hz == pytest.approx(fs_hz, rel=1e-12)
    assert back.leads == given_signal.leads
    assert_array_equal(np.isnan(back.samples_uv), np.isnan(samples))
    for lead, original in zip(back.samples_uv, given_signal.samples_uv, strict=True):
        error = np.nanmax(np.abs(lead - original), initial=0.0)
        limit = 1e-8 if on_grid and not single else max(quantum_uv(original), 0.5)
        assert error <= limit


def test_every_shared_dicom_ecg_is_written_again_without_loss(tmp_path: Path) -> None:
    paths = sorted((shared_ecg_data() / "formats" / "dicom").glob("*.dcm"))
    assert paths
    for path in paths:
        original = read(path)
        content = write_dicom(original)
        assert complaints(content, tmp_path) == []
        np.testing.assert_allclose(read(content).samples_uv, original.samples_uv, atol=1e-9)


def test_a_converter_whose_zero_is_not_0_uv_is_found() -> None:
    steps = np.random.default_rng(2).integers(-20_000, 20_000, (2, 3000))
    given_signal = EcgSignal(steps * 0.3051804379 + 0.1525902, 250.0, ("I", "II"))
    content = write_dicom(given_signal)
    assert header(content).SOPClassUID == TWELVE_LEAD_ECG
    np.testing.assert_allclose(read(content).samples_uv, given_signal.samples_uv, atol=1e-7)


def test_samples_on_no_grid_still_make_a_16_bit_object() -> None:
    samples = np.random.default_rng(2).normal(0.0, 2000.0, (2, 3000))
    content = write_dicom(EcgSignal(samples, 500.0, ("I", "II")))
    assert header(content).SOPClassUID == TWELVE_LEAD_ECG
    np.testing.assert_allclose(read(content).samples_uv, samples, atol=0.26)


def test_a_long_name_of_a_device_comes_back_whole(tmp_path: Path) -> None:
    device = "某某医疗电子股份有限公司 ECG 1200G 十二道心电图机 version 2.1"
    content = write_dicom(replace(signal(), device=device))
    assert read(content).device == device
    assert complaints(content, tmp_path) == []
