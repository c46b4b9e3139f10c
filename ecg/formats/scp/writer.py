"""`EcgSignal` as an SCP-ECG record (EN 1064:2005+A1)."""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ecg.beats import detect_beats
from ecg.formats.scp.compression import (
    MAX_QUANTUM_NV,
    MAX_VALUE,
    Lead,
    ScpOptions,
    compressed,
    plan_beats,
)
from ecg.formats.scp.header import write_header
from ecg.formats.scp.leads import LeadDefinition, Span, lead_code, write_leads
from ecg.formats.scp.record import write_record
from ecg.formats.scp.report import write_measurements, write_statements
from ecg.signal import EcgSignal

GRID_TOLERANCE: Final = 1e-4
"""Of a nanovolt, plus the rounding of float64 or float32 at the largest sample."""
PLAIN_QUANTUM_NV: Final = 1000
FREE_CODES: Final = range(200, 255)
"""Lead codes that the standard leaves to manufacturers."""
DEFAULT_OPTIONS: Final = ScpOptions()


def _quantum_nv(samples_uv: NDArray[np.floating[Any]], largest_value: int) -> int:
    """Return the step in nanovolts that all samples are whole multiples of, or a fine one.

    Parameters
    ----------
    samples_uv
        NaN is passed over.
    largest_value
        Most quanta that a sample may have.
    """
    nanovolts = samples_uv[np.isfinite(samples_uv)].astype(np.float64) * 1000.0
    largest = float(np.abs(nanovolts).max(initial=0.0))
    finest = max(1, math.ceil(largest / largest_value))
    whole = np.rint(nanovolts)
    tolerance = GRID_TOLERANCE + 2.0 * largest * float(np.finfo(samples_uv.dtype).eps)
    if float(np.abs(nanovolts - whole).max(initial=0.0)) > tolerance:
        return finest
    step = int(np.gcd.reduce(whole.astype(np.int64), initial=0))
    if step == 0:
        return PLAIN_QUANTUM_NV
    coarsest = min(step, MAX_QUANTUM_NV)
    fitting = next(part for part in range(coarsest, 0, -1) if step % part == 0)
    return max(fitting, finest)


def _lead(name: str, row: NDArray[np.floating[Any]], code: int, quantum_nv: int) -> Lead:
    recorded = np.flatnonzero(np.isfinite(row))
    first, last = int(recorded[0]), int(recorded[-1])
    if recorded.size != last - first + 1:
        raise ValueError(f"SCP-ECG cannot hold the gap in lead {name}")
    values = np.rint(row[first : last + 1].astype(np.float64) * 1000.0 / quantum_nv)
    if np.abs(values).max() > MAX_VALUE:
        raise ValueError(f"lead {name} exceeds 16 bits at {quantum_nv} nV a unit")
    return Lead(Span(code, first + 1, last + 1), values.astype(np.int64))


def _leads(signal: EcgSignal, quantum_nv: int) -> list[Lead]:
    """Return each lead that was recorded."""
    free = iter(FREE_CODES)
    leads = []
    for name, row in zip(signal.leads, signal.samples_uv, strict=True):
        if np.isfinite(row).any():
            code = lead_code(name)
            leads.append(_lead(name, row, next(free) if code is None else code, quantum_nv))
    if not leads:
        raise ValueError("no lead has samples")
    return leads


def write_scp(signal: EcgSignal, options: ScpOptions = DEFAULT_OPTIONS) -> bytes:
    """Write one SCP-ECG record.

    Parameters
    ----------
    signal
        Leads that the standard does not name get a manufacturer's code. Leads may begin late or
        end early; leads without any sample are left out.
    options
        How it is compressed.

    Returns
    -------
    bytes
        A record with checksums, patient, device, filters, the device's statements and global
        measurements. Read back, every sample lies within half a quantum of what it was, and is
        equal where samples lie on a grid of whole nanovolts; thinned areas are smoothed. Times are
        whole seconds, the sampling interval whole microseconds.

    Raises
    ------
    ValueError
        If a lead has a gap within, exceeds 65,535 bytes, or 16 bits at ``options.quantum_nv`` or,
        without one, at the coarsest step.
    """
    needs_beats = options.reference_beat or options.thinning > 1
    largest_value = MAX_VALUE // 2 if options.reference_beat else MAX_VALUE
    quantum_nv = options.quantum_nv or _quantum_nv(signal.samples_uv, largest_value)
    if quantum_nv > MAX_QUANTUM_NV:
        # Section 6 gives the step two bytes: no sample lies beyond 2.1 V.
        raise ValueError("SCP-ECG cannot hold samples this large: is the unit or gain right?")
    leads = _leads(signal, quantum_nv)
    beats = None
    if needs_beats:
        found = detect_beats(np.nan_to_num(signal.samples_uv), signal.fs_hz) + 1
        beats = plan_beats(found.astype(np.int64), signal.n_samples, signal.fs_hz, options)
    header, language = write_header(signal)
    definition = LeadDefinition([lead.span for lead in leads], options.reference_beat)
    sections: dict[int, bytes | None] = {
        1: header,
        3: write_leads(definition),
        **compressed(leads, beats, quantum_nv, signal.fs_hz, options),
        7: write_measurements(signal.device_measurements),
        8: write_statements(signal.device_statements, signal.acquired_at, language),
    }
    return write_record({number: data for number, data in sections.items() if data is not None})
