"""`EcgSignal` as a WFDB record: a header and one signal file of format 16, or 32 where needed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.quantum import FALLBACK_UV, quantum_uv
from ecg.formats.wfdb_samples import INVALID
from ecg.signal import EcgSignal, Patient

_RANGE: Final = {16: (1 << 15) - 1, 32: (1 << 31) - 1}


def _steps(lead: NDArray[np.floating]) -> tuple[NDArray[np.float64], float]:
    """Return one lead in whole steps, NaN kept, and the microvolts of a step."""
    step_uv = quantum_uv(lead)
    highest = float(np.fmax.reduce(np.abs(lead), initial=0.0))
    if highest / step_uv > _RANGE[32]:
        step_uv = FALLBACK_UV
    return np.round(lead.astype(np.float64) / step_uv), step_uv


def _comments(signal: EcgSignal) -> list[str]:
    patient: Patient = signal.patient
    stated = {
        "Age": f"{patient.age_years:g}" if patient.age_years is not None else None,
        "Sex": patient.sex.value if patient.sex is not None else None,
        "Patient ID": patient.id,
        "Patient name": patient.name,
        "Birth date": patient.birth_date.isoformat() if patient.birth_date else None,
    }
    return [f"# {key}: {' '.join(value.split())}" for key, value in stated.items() if value]


def write_wfdb(signal: EcgSignal, name: str = "record") -> dict[str, bytes]:
    """Write a signal as a WFDB record.

    Parameters
    ----------
    signal
        Any. Each lead keeps its converter's step (`quantum_uv`); NaN becomes the format's own mark.
    name
        The record's name: letters, digits, ``_`` and ``-``.

    Returns
    -------
    dict
        The header's and the signal file's content by file name. Read back, every sample lies within
        half a step of what it was, and equal where the samples lie on a grid of steps.

    Raises
    ------
    ValueError
        If the name is not one that WFDB takes.

    Notes
    -----
    WFDB has no place for filters and the device's own conclusions; they are not written.
    """
    if not name.isascii() or not name.replace("_", "a").replace("-", "a").isalnum():
        raise ValueError(f"a WFDB record name has letters, digits, _ and -, not {name!r:.40}")
    leads = [_steps(lead) for lead in signal.samples_uv]
    highest = max(float(np.fmax.reduce(np.abs(steps), initial=0.0)) for steps, _ in leads)
    code = 16 if highest <= _RANGE[16] else 32
    at = signal.acquired_at
    begun = f" {at:%H:%M:%S}.{at.microsecond // 1000:03d} {at:%d/%m/%Y}" if at else ""
    lines = [f"{name} {signal.n_leads} {signal.fs_hz!r} {signal.n_samples}{begun}"]
    columns = []
    for (steps, step_uv), label in zip(leads, signal.leads, strict=True):
        whole = np.where(np.isnan(steps), INVALID[code], steps).astype(np.int64)
        columns.append(whole)
        lines.append(
            f"{name}.dat {code} {1000.0 / step_uv!r}(0)/mV {code} 0 {whole[0]} "
            f"{int(whole.sum()) % 65536} 0 {label}"
        )
    lines += _comments(signal)
    return {
        f"{name}.hea": ("\n".join(lines) + "\n").encode(),
        f"{name}.dat": np.stack(columns, axis=1).astype(f"<i{code // 8}").tobytes(),
    }
