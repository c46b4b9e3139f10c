"""`EcgSignal` as a table of text that `read_csv` and any spreadsheet read."""

import math
import re

from ecg.signal import EcgSignal

# What would end a cell, and what a spreadsheet takes for the begin of a formula.
_UNSAFE = re.compile(r"[,;\t\"'\r\n]|^[=+@]+")


def _said(signal: EcgSignal) -> list[str]:
    """Return the comments: rate, time, patient and device, as far as known."""
    patient = signal.patient
    stated = {
        "fs_hz": repr(signal.fs_hz),
        "acquired_at": signal.acquired_at.isoformat() if signal.acquired_at else None,
        "patient_id": patient.id,
        "patient_name": patient.name,
        "age_years": repr(patient.age_years) if patient.age_years is not None else None,
        "sex": patient.sex.value if patient.sex is not None else None,
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else None,
        "device": signal.device,
    }
    return [f"# {key}={' '.join(value.split())}" for key, value in stated.items() if value]


def write_csv(signal: EcgSignal) -> bytes:
    """Write a signal as comma-separated values in UTF-8.

    Parameters
    ----------
    signal
        Any. Gaps become empty cells. Commas, semicolons and quotes in lead names become blanks.

    Returns
    -------
    bytes
        Comments (``# fs_hz=500.0``), a line ``time_s,I (uV),...``, then a line a sample in the
        shortest decimals that mean the same double: read back, every sample is equal.

    Notes
    -----
    Filters and the device's own conclusions are not written.
    """
    heads = [f"{_UNSAFE.sub(' ', lead).strip()} (uV)" for lead in signal.leads]
    lines = [*_said(signal), ",".join(["time_s", *heads])]
    for number, row in enumerate(signal.samples_uv.T.tolist()):
        cells = ["" if math.isnan(value) else repr(value) for value in row]
        lines.append(",".join([f"{number / signal.fs_hz:.6f}", *cells]))
    return ("\n".join(lines) + "\n").encode()
