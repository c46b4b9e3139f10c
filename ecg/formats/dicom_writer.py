"""`EcgSignal` as a DICOM ECG waveform object (PS3.3 A.34.3 to A.34.5, Supplement 237)."""

import datetime as dt
import hashlib
import re
import uuid
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom.attributes import UNKNOWN_TIME
from dicom.waveform_writer import EcgObject, Measured, finest_quantum_uv, write_ecg
from ecg.formats.dicom_annotations import BY_NAME
from ecg.formats.quantum import FALLBACK_UV, quantum_uv
from ecg.signal import EcgSignal, Patient, Sex

_SEX: Final = {Sex.MALE: "M", Sex.FEMALE: "F"}
_LARGEST: Final = (1 << 31) - 1
_LONGEST_LO: Final = 64
_DAYS_A_YEAR: Final = 365.2425
_HAN: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_NAMESPACE: Final = uuid.UUID("6f3f6a3c-2f0c-5c61-9a59-3d7b5b7d2a10")


def write_dicom(signal: EcgSignal, source: bytes | None = None) -> bytes:
    """Write a signal as a DICOM Part 10 file, explicit VR little endian.

    Parameters
    ----------
    signal
        Of at most 24 leads. The object is the narrowest that takes it: 12-Lead, General, Ambulatory
        or, above 1,000 Hz or 16 bits, General 32-bit ECG. Each lead keeps its converter's step
        (`quantum_uv`); NaN becomes the padding value, which no sample takes.
    source
        The content of the file it was read from. The UIDs are derived from it: the same file is
        always the same instance. None derives them from the signal.

    Returns
    -------
    bytes
        The same for the same input. Read back, every sample lies within half a step of what it was,
        and equals it to a double's precision where the samples lie on a grid of steps, from 0 µV or
        not.

    Raises
    ------
    ValueError
        If there are more than 24 leads.

    Notes
    -----
    A name with Han is the ideographic group of Patient's Name, any other the alphabetic one. A lead
    without a code (PS3.16 CID 3001) is an unspecified lead whose label is cut to 16 characters.
    Where nobody knows when the ECG was made, 1900-01-01 stands for it (`UNKNOWN_TIME`).
    """
    samples = signal.samples_uv.astype(np.float64)
    grids = [_grid_uv(lead) for lead in signal.samples_uv]
    maker, model = _device(signal.device)
    sop, study, series = _uids(signal, source)
    patient, filters = signal.patient, signal.filters
    return write_ecg(
        EcgObject(
            sop_instance_uid=sop,
            study_instance_uid=study,
            series_instance_uid=series,
            samples_uv=samples,
            fs_hz=signal.fs_hz,
            leads=tuple(signal.leads),
            acquired_at=_acquired_at(signal),
            quanta_uv=tuple(step for step, _ in grids),
            baselines_uv=tuple(baseline for _, baseline in grids),
            filter_low_hz=filters.low_cut_hz,
            filter_high_hz=filters.high_cut_hz,
            notch_hz=filters.notch_hz,
            patient_name=_name(patient.name),
            patient_id=_line(patient.id),
            patient_birth_date=patient.birth_date,
            patient_sex=_SEX[patient.sex] if patient.sex is not None else "",
            patient_age=_age(patient),
            manufacturer=maker,
            manufacturer_model_name=model,
            derivation=""
            if signal.source_format in {None, "dicom"}
            else f"made from {signal.source_format}",
            statements=tuple(_text(each) for each in signal.device_statements if _text(each)),
            measured=_measured(signal),
        )
    )


def _grid_uv(lead: NDArray[np.floating]) -> tuple[float, float]:
    """Return a lead's step and what a stored 0 stands for.

    A converter whose 0 is not 0 µV (EDF) is sought where the samples lie on no grid around 0.
    Samples on none at all take the finest round step that 16 bits allow.
    """
    highest = float(np.fmax.reduce(np.abs(lead), initial=0.0))
    step = quantum_uv(lead)
    if step != FALLBACK_UV and highest / step <= _LARGEST:
        return step, 0.0
    lowest = float(np.fmin.reduce(lead))
    shifted = quantum_uv(lead - lowest)
    if shifted != FALLBACK_UV and 2.0 * highest / shifted <= _LARGEST:
        return shifted, lowest - round(lowest / shifted) * shifted
    return finest_quantum_uv(highest), 0.0


def _device(device: str | None) -> tuple[str, str]:
    """Return maker and model, parted so that each is a value of LO and a blank joins them again.

    At most 64 bytes each: the standard counts characters, and many programs bytes.
    """
    words = _text((device or "").replace("\\", "/")).split()
    first = len(words)
    while first and len(" ".join(words[:first]).encode()) > _LONGEST_LO:
        first -= 1
    first = first or len(words[:1])
    maker, model = (
        " ".join(part).encode()[:_LONGEST_LO] for part in (words[:first], words[first:])
    )
    return maker.decode("utf-8", "ignore"), model.decode("utf-8", "ignore")


def _acquired_at(signal: EcgSignal) -> dt.datetime:
    at = signal.acquired_at
    return at if at is not None and at.year > UNKNOWN_TIME.year else UNKNOWN_TIME


def _uids(signal: EcgSignal, source: bytes | None) -> tuple[str, str, str]:
    """Return instance, study and series UIDs below 2.25 (PS3.5 B.2), from version 5 UUIDs."""
    digest = hashlib.sha256(source).hexdigest() if source is not None else _digest(signal)
    names = (f"{kind} {digest}" for kind in ("instance", "study", "series"))
    sop, study, series = (f"2.25.{uuid.uuid5(_NAMESPACE, name).int}" for name in names)
    return sop, study, series


def _digest(signal: EcgSignal) -> str:
    digest = hashlib.sha256(signal.samples_uv.tobytes())
    described = (
        signal.samples_uv.dtype.str, signal.fs_hz, signal.leads, signal.acquired_at,
        signal.patient, signal.device, signal.filters, signal.device_statements,
        sorted(signal.device_measurements.items()),
    )  # fmt: skip
    digest.update(repr(described).encode())
    return digest.hexdigest()


def _line(value: str | None) -> str:
    """Return a value of LO: 64 characters, none of control, no backslash, which parts values."""
    return _text(value or "").replace("\\", "/")[:_LONGEST_LO].strip()


def _text(value: str) -> str:
    return "".join(char if char.isprintable() else " " for char in value).strip()


def _name(name: str | None) -> str:
    line = _line(name).replace("=", " ").replace("^", " ")
    parts = "^".join(line.split(maxsplit=4))
    return f"={parts}" if _HAN.search(parts) else parts


def _age(patient: Patient) -> str:
    """Return an AS value: three digits of years, below two of them months, below 90 days days."""
    years = patient.age_years
    if years is None:
        return ""
    if years >= 2 or years == int(years) != 0:
        return f"{int(years):03d}Y"
    days = round(years * _DAYS_A_YEAR)
    return f"{days:03d}D" if days < 90 else f"{round(years * 12):03d}M"


def _measured(signal: EcgSignal) -> tuple[Measured, ...]:
    return tuple(
        Measured(measure.code, measure.meaning, value, measure.unit, measure.unit_meaning)
        for name, value in signal.device_measurements.items()
        if (measure := BY_NAME.get(name)) is not None
    )
