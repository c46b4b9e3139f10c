"""A recording for the demonstration's alarm: a real ECG with an ST elevation drawn upon it.

No open recording of a patient with an acute infarction fits here, so this one is made when it is
needed, and says everywhere that it is synthetic.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, Sequence, dcmread
from pydicom.uid import generate_uid

from dicom.waveform import read_waveform
from ecg import EcgSignal, Screening, read, screen

SYNTHETIC_ZH: Final = "合成演示波形：在真实心电图上叠加ST段抬高，不是患者数据"
SYNTHETIC_EN: Final = "Synthetic: an ST elevation drawn upon a real ECG, not a patient's data"
_PLATEAU_S: Final = 0.1
_DECAY_S: Final = 0.16
_INT16: Final = np.iinfo(np.int16)


def limb_shifts_uv(lead_i_uv: float, lead_ii_uv: float) -> dict[str, float]:
    """Return a shift of the six limb leads that obeys Einthoven's law and Goldberger's means."""
    return {
        "I": lead_i_uv,
        "II": lead_ii_uv,
        "III": lead_ii_uv - lead_i_uv,
        "aVR": -(lead_i_uv + lead_ii_uv) / 2.0,
        "aVL": lead_i_uv - lead_ii_uv / 2.0,
        "aVF": lead_ii_uv - lead_i_uv / 2.0,
    }


INFERIOR_UV: Final[Mapping[str, float]] = MappingProxyType(limb_shifts_uv(-80.0, 240.0))
"""Elevation in II, III and aVF, depression in I and aVL."""


def st_shift_uv(screening: Screening, shifts_uv: Mapping[str, float]) -> NDArray[np.float64]:
    """Return what to add to a recording to shift its J point, shape (n_leads, n_samples).

    Parameters
    ----------
    screening
        Of the recording: each beat's shift begins at R, is whole from the end of QRS to the peak
        of T (or for 0.1 s), and is gone where T ends (or 0.16 s later).
    shifts_uv
        Microvolts by lead; a lead not named stays as it is.
    """
    signal = screening.signal
    at = np.arange(signal.n_samples, dtype=np.float64)
    share = np.zeros(signal.n_samples)
    for beat in screening.beats:
        if beat.r is None or beat.qrs_off is None:
            continue
        whole_to = beat.t_peak or beat.qrs_off + _PLATEAU_S * signal.fs_hz
        gone_at = max(beat.t_off or 0.0, whole_to + _DECAY_S * signal.fs_hz)
        steps = np.interp(at, [beat.r, beat.qrs_off, whole_to, gone_at], [0.0, 1.0, 1.0, 0.0])
        share = np.maximum(share, 0.5 - 0.5 * np.cos(np.pi * steps))
    heights = np.array([shifts_uv.get(lead, 0.0) for lead in signal.leads])
    return heights[:, np.newaxis] * share


def with_st_shift(source: Path, shifts_uv: Mapping[str, float]) -> Dataset:
    """Return a copy of a DICOM ECG whose J point is shifted: another instance, another study.

    Only the rhythm is kept: a stored median beat and the device's own statements no longer hold.
    The one statement says that the recording is synthetic.
    """
    signal: EcgSignal = read(source)
    dataset = dcmread(source)
    del dataset.WaveformSequence[1:]
    item = dataset.WaveformSequence[0]
    channels = read_waveform(source).groups[0].channels
    stored = np.frombuffer(item.WaveformData, "<i2").reshape(-1, len(channels))
    shift_uv = st_shift_uv(screen(signal), shifts_uv)
    steps = [
        shift_uv[signal.leads.index(channel.lead)] / channel.quantum
        if channel.lead in signal.leads
        else np.zeros(signal.n_samples)
        for channel in channels
    ]
    shifted = np.rint(stored + np.stack(steps, axis=-1))
    item.WaveformData = np.clip(shifted, _INT16.min + 1, _INT16.max).astype("<i2").tobytes()
    note = Dataset()
    note.UnformattedTextValue = SYNTHETIC_ZH
    note.ReferencedWaveformChannels = [1, 0]
    dataset.WaveformAnnotationSequence = Sequence([note])
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.StudyDescription = "合成演示 synthetic, 12-lead ECG"
    dataset.StudyInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def alarm_recording(source: Path, acquired_at: datetime) -> Dataset:
    """Return the demonstration's suspected infarction, recorded at ``acquired_at``."""
    dataset = with_st_shift(source, INFERIOR_UV)
    dataset.PatientName = "Wang^Moni=王^模拟"
    dataset.PatientID = "DEMO-SYNTHETIC"
    date, time = acquired_at.strftime("%Y%m%d"), acquired_at.strftime("%H%M%S")
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = date
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = time
    dataset.AcquisitionDateTime = acquired_at.strftime("%Y%m%d%H%M%S%z")
    dataset.TimezoneOffsetFromUTC = acquired_at.strftime("%z")
    return dataset
