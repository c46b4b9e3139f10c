"""DICOM 12-lead, general and ambulatory ECG waveforms (PS3.3 A.34.3-A.34.5) as `EcgSignal`.

Of several multiplex groups the rhythm is taken: original before derived, never a median beat, then
the one with the most leads, then the longest. Groups of other leads at the same rate join it at
their time offset, with NaN where they recorded nothing. Channel skew (microseconds in 12-lead
carts) is not undone.
"""

import datetime as dt
import io
import re

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.attributes import IndexedAttributes
from dicom.faults import DicomFormatError
from dicom.part10 import scan
from dicom.structure import ScanLimits
from dicom.waveform import MICROVOLT, Channel, MultiplexGroup, WaveformObject, read_waveform
from ecg.formats.channels import lead_names
from ecg.formats.dicom_annotations import device_measurements
from ecg.formats.errors import EcgFormatError
from ecg.formats.text import MAX_STATEMENT, MAX_STATEMENTS
from ecg.signal import (
    MAX_AGE_YEARS,
    MAX_LEADS,
    MAX_SAMPLES,
    EcgSignal,
    FilterInfo,
    Patient,
    Sex,
)

PREAMBLE = 128
LIMITS = ScanLimits(inline_bytes=256 * 1024 * 1024)
DAYS_A_YEAR = 365.2425

_AGE = re.compile(r"(\d{3})([DWMY])", re.ASCII)
_AGE_DAYS = {"D": 1.0, "W": 7.0, "M": DAYS_A_YEAR / 12.0, "Y": DAYS_A_YEAR}
_SEX = {"M": Sex.MALE, "F": Sex.FEMALE}
_FIRST_TAGS = (b"\x02\x00", b"\x08\x00")


def looks_like_dicom(content: bytes) -> bool:
    """Return whether content bears the DICOM prefix, or begins with a group 2 or 8 element."""
    if content[PREAMBLE : PREAMBLE + 4] == b"DICM":
        return True
    return len(content) > 8 and content[:2] in _FIRST_TAGS and content[3:4] == b"\x00"


def _voltages(group: MultiplexGroup) -> list[int]:
    return [row for row, channel in enumerate(group.channels) if channel.unit == MICROVOLT]


def _rank(group: MultiplexGroup) -> tuple[bool, bool, int, float]:
    median = "MEDIAN" in group.label.upper()
    original = group.originality == "ORIGINAL"
    return (not median, original, len(_voltages(group)), group.samples.shape[-1] / group.fs_hz)


def _joined(
    groups: tuple[MultiplexGroup, ...],
) -> tuple[NDArray[np.float64], float, list[str], list[Channel]]:
    """Return samples, rate, names and channels of the rhythm and the groups that complete it."""
    ordered = sorted((each for each in groups if _voltages(each)), key=_rank, reverse=True)
    if not ordered:
        raise EcgFormatError("DICOM: there is no voltage channel in the waveform")
    best = ordered[0]
    if not _rank(best)[0]:
        raise EcgFormatError("DICOM: the waveform holds only median beats")
    used = [best]
    leads = {best.channels[row].lead for row in _voltages(best)}
    for group in ordered[1:]:
        own = {group.channels[row].lead for row in _voltages(group)}
        same_kind = _rank(group)[:2] == _rank(best)[:2] and group.fs_hz == best.fs_hz
        if same_kind and None not in own and not own & leads:
            used.append(group)
            leads |= own
    begin = min(group.time_offset_s for group in used)
    starts = [round((group.time_offset_s - begin) * best.fs_hz) for group in used]
    ends = [start + group.samples.shape[-1] for start, group in zip(starts, used, strict=True)]
    total = sum(len(_voltages(group)) for group in used)
    if total > MAX_LEADS or max(ends) * total > MAX_SAMPLES:
        raise EcgFormatError("DICOM: the waveform has too many channels or too long a gap")
    samples = np.full((total, max(ends)), np.nan)
    channels: list[Channel] = []
    for start, stop, group in zip(starts, ends, used, strict=True):
        for row in _voltages(group):
            samples[len(channels), start:stop] = group.samples[row]
            channels.append(group.channels[row])
    names = lead_names([channel.lead or channel.label for channel in channels])
    return samples, best.fs_hz, names, channels


def _age_years(found: IndexedAttributes, acquired_at: dt.datetime | None) -> float | None:
    """Return the stated age, else the one by birth date at acquisition."""
    age: float | None = None
    stated = _AGE.fullmatch(found.patient_age or "")
    if stated is not None:
        age = round(int(stated[1]) * _AGE_DAYS[stated[2]] / DAYS_A_YEAR, 2)
    elif found.patient_birth_date is not None and acquired_at is not None:
        age = float(int((acquired_at.date() - found.patient_birth_date).days / DAYS_A_YEAR))
    return age if age is not None and 0.0 <= age <= MAX_AGE_YEARS else None


def _patient(found: IndexedAttributes, acquired_at: dt.datetime | None) -> Patient:
    name = found.patient_name.display if found.patient_name else ""
    return Patient(
        age_years=_age_years(found, acquired_at),
        sex=_SEX.get(found.patient_sex or ""),
        id=found.patient_id or None,
        name=name or None,
        birth_date=found.patient_birth_date,
    )


def _common(values: list[float | None]) -> float | None:
    """Return what all channels state, or None where they differ or say 0, which is no filter."""
    return (values[0] or None) if values and len(set(values)) == 1 else None


def _statements(ds: Dataset) -> tuple[str, ...]:
    """Return the device's free-text statements (Waveform Annotation Sequence, C.10.10)."""
    texts = (
        access.text(each, "UnformattedTextValue")
        for each in access.sequence(ds, "WaveformAnnotationSequence")
    )
    kept = [text.strip()[:MAX_STATEMENT] for text in texts if text and text.strip()]
    return tuple(kept[:MAX_STATEMENTS])


def _signal(ds: Dataset, waveform: WaveformObject) -> EcgSignal:
    samples, fs_hz, names, channels = _joined(waveform.groups)
    found = waveform.attributes
    maker = " ".join(part for part in (found.manufacturer, found.manufacturer_model_name) if part)
    return EcgSignal(
        samples_uv=samples,
        fs_hz=fs_hz,
        leads=names,
        acquired_at=waveform.acquired_at,
        patient=_patient(found, waveform.acquired_at),
        device_statements=_statements(ds),
        device_measurements=device_measurements(ds),
        device=maker or None,
        filters=FilterInfo(
            low_cut_hz=_common([each.filter_low_hz for each in channels]),
            high_cut_hz=_common([each.filter_high_hz for each in channels]),
            notch_hz=_common([each.notch_hz for each in channels]),
        ),
        source_format="dicom",
    )


def read_dicom(content: bytes) -> EcgSignal:
    """Read a DICOM ECG waveform object.

    Parameters
    ----------
    content
        A Part 10 file, or a data set without its preamble.

    Returns
    -------
    EcgSignal

    Raises
    ------
    EcgFormatError
        If the file is damaged, no waveform, or holds no ECG that `EcgSignal` takes.
    """
    try:
        # Carts and converters write UIDs that are none; the leads are no worse for it.
        ds = scan(io.BytesIO(content), LIMITS, identified=False).dataset
        return _signal(ds, read_waveform(ds))
    except DicomFormatError as error:
        raise EcgFormatError(f"DICOM: {error.message}") from error
    except EcgFormatError:
        raise
    except ValueError as error:
        raise EcgFormatError(f"DICOM: {error}") from error
