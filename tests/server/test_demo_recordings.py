"""The demonstration's alarm is a whole DICOM ECG, and says that it is synthetic."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from ecg import read, screen
from ecg.findings import FindingCode
from ecg.quality import einthoven_residual_uv
from server.demo_recordings import (
    INFERIOR_UV,
    SYNTHETIC_ZH,
    alarm_recording,
    limb_shifts_uv,
    with_st_shift,
)
from tests.support.dicom_files import file_bytes, sample
from tests.support.st_elevation import elevated_ecg_bytes

SOURCE = Path(__file__).resolve().parents[2] / "server" / "demo_files" / "ptbxl_7.dcm"
NOW = datetime(2026, 11, 25, 14, 0, 5, tzinfo=UTC)


def test_the_alarm_recording_alarms_and_names_itself_synthetic() -> None:
    data = file_bytes(alarm_recording(SOURCE, NOW))
    signal = read(data)
    assert FindingCode.SUSPECTED_STEMI in screen(signal).critical
    assert signal.device_statements == (SYNTHETIC_ZH,)
    assert signal.acquired_at == NOW
    written = dcmread(BytesIO(data))
    assert "synthetic" in written.StudyDescription
    assert written.PatientID == "DEMO-SYNTHETIC"
    original = dcmread(SOURCE)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        assert written[keyword].value != original[keyword].value


def test_shifted_limb_leads_still_obey_einthoven() -> None:
    before, after = read(SOURCE), read(file_bytes(with_st_shift(SOURCE, INFERIOR_UV)))
    residuals = [
        einthoven_residual_uv(np.asarray(each.samples_uv), tuple(each.leads), each.fs_hz)
        for each in (before, after)
    ]
    assert residuals[1] == pytest.approx(residuals[0], abs=3.0)
    shifts = limb_shifts_uv(-80.0, 240.0)
    assert shifts["I"] + shifts["III"] == shifts["II"]
    assert shifts["aVR"] + shifts["aVL"] + shifts["aVF"] == 0.0


def test_outside_st_and_t_every_sample_stays_as_recorded() -> None:
    before, after = read(SOURCE), read(file_bytes(with_st_shift(SOURCE, INFERIOR_UV)))
    beat = screen(before).beats[3]
    assert beat.r is not None
    assert beat.p_on is not None
    untouched = slice(beat.p_on, beat.r + 1)
    assert np.array_equal(before.samples_uv[:, untouched], after.samples_uv[:, untouched])
    assert np.array_equal(before.samples_uv[6:], after.samples_uv[6:])


def test_pydicoms_recording_can_be_made_to_alarm_for_any_patient() -> None:
    signal = read(elevated_ecg_bytes(PatientID="E2E-1", PatientName="Zhang^Ceshi"))
    assert signal.patient.id == "E2E-1"
    assert FindingCode.SUSPECTED_STEMI in screen(signal).critical
    assert FindingCode.SUSPECTED_STEMI not in screen(read(sample("waveform_ecg.dcm"))).critical
