"""SCP-ECG records from `EcgSignal` (EN 1064:2005+A1)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ecg.beats import detect_beats
from ecg.formats.scp.header import write_header
from ecg.formats.scp.huffman import DEFAULT, Table, Values, encode, table_for, write_tables
from ecg.formats.scp.leads import (
    BeatMap,
    LeadDefinition,
    Span,
    lead_code,
    write_beats,
    write_leads,
)
from ecg.formats.scp.record import write_record
from ecg.formats.scp.report import write_measurements, write_statements
from ecg.formats.scp.thinning import Thinning, thinning
from ecg.formats.scp.waveform import Streams, differenced, write_streams
from ecg.signal import EcgSignal

MAX_STREAM_BYTES: Final = 0xFFFF
MAX_VALUE: Final = 0x7FFF
MAX_QUANTUM_NV: Final = 0xFFFF
GRID_TOLERANCE_NV: Final = 1e-3
PLAIN_QUANTUM_NV: Final = 1000
BEAT_BEFORE_MS: Final = 300.0
BEAT_AFTER_MS: Final = 450.0
PROTECTED_MS: Final = 80.0
FREE_CODES: Final = range(200, 255)
"""Lead codes that the standard leaves to manufacturers."""


class Coding(StrEnum):
    """How values become bits."""

    RAW = "raw"
    HUFFMAN = "huffman"
    OWN_TABLE = "own-table"


@dataclass(frozen=True)
class ScpOptions:
    """How a record is compressed; without loss unless it is thinned.

    Attributes
    ----------
    coding
        16-bit integers, the standard's Huffman table, or one made for this recording.
    differences
        0, 1 or 2 differences are stored.
    reference_beat
        Whether the median beat is stored once and subtracted from the others.
    thinning
        Samples that become one outside QRS complexes (bimodal compression), 1-4; 1 keeps all.
    quantum_nv
        Nanovolts a unit, 1-65,535. None takes the step that the samples are whole multiples of,
        else the finest one that holds their largest.

    Raises
    ------
    ValueError
        If a value breaks the rules above.
    """

    coding: Coding = Coding.HUFFMAN
    differences: int = 2
    reference_beat: bool = False
    thinning: int = 1
    quantum_nv: int | None = None

    def __post_init__(self) -> None:
        """Check."""
        if self.differences not in (0, 1, 2):
            raise ValueError(f"differences must be 0, 1 or 2, not {self.differences!r}")
        if self.thinning not in (1, 2, 3, 4):
            raise ValueError(f"thinning must be 1-4, not {self.thinning!r}")
        if self.quantum_nv is not None and not 1 <= self.quantum_nv <= MAX_QUANTUM_NV:
            raise ValueError(f"quantum_nv must be 1-{MAX_QUANTUM_NV}, not {self.quantum_nv!r}")


@dataclass(frozen=True)
class _Lead:
    span: Span
    values: Values


def _quantum_nv(samples_uv: NDArray[np.floating[Any]]) -> int:
    """Return the step in nanovolts of which all samples are whole multiples, or a fine one."""
    nanovolts = samples_uv[np.isfinite(samples_uv)].astype(np.float64) * 1000.0
    largest = float(np.abs(nanovolts).max(initial=0.0))
    finest = max(1, math.ceil(largest / MAX_VALUE))
    whole = np.rint(nanovolts)
    if np.abs(nanovolts - whole).max(initial=0.0) > GRID_TOLERANCE_NV * max(1.0, largest / 1e6):
        return finest
    step = int(np.gcd.reduce(whole.astype(np.int64), initial=0))
    if step == 0:
        return PLAIN_QUANTUM_NV
    if step > MAX_QUANTUM_NV:
        fitting = [d for d in range(finest, MAX_QUANTUM_NV + 1) if step % d == 0]
        return max(fitting, default=finest)
    return max(step, finest)


def _leads(signal: EcgSignal, quantum_nv: int) -> list[_Lead]:
    """Return each lead that was recorded, from its first sample to its last."""
    free = iter(FREE_CODES)
    leads: list[_Lead] = []
    for name, row in zip(signal.leads, signal.samples_uv, strict=True):
        recorded = np.flatnonzero(np.isfinite(row))
        if recorded.size == 0:
            continue
        first, last = int(recorded[0]), int(recorded[-1])
        if recorded.size != last - first + 1:
            raise ValueError(f"SCP-ECG cannot hold the gap in lead {name}")
        values = np.rint(row[first : last + 1].astype(np.float64) * 1000.0 / quantum_nv)
        if np.abs(values).max() > MAX_VALUE:
            raise ValueError(f"lead {name} exceeds 16 bits at {quantum_nv} nV a unit")
        code = lead_code(name)
        leads.append(
            _Lead(
                Span(code if code is not None else next(free), first + 1, last + 1),
                values.astype(np.int64),
            )
        )
    if not leads:
        raise ValueError("no lead has samples")
    return leads


def _interval_us(fs_hz: float) -> int:
    return max(1, round(1e6 / fs_hz))


@dataclass(frozen=True)
class _Beats:
    """The map of beats, and the median beat of each lead in quanta."""

    map: BeatMap
    waves: Sequence[Values]


def _beats(signal: EcgSignal, leads: Sequence[_Lead], options: ScpOptions) -> _Beats:
    """Find beats, take each lead's median of them, and plan where it is subtracted."""
    interval_us = _interval_us(signal.fs_hz)
    samples = np.nan_to_num(signal.samples_uv)
    fiducials = detect_beats(samples, signal.fs_hz) + 1
    before, after, guard = (
        round(each * signal.fs_hz / 1000.0)
        for each in (BEAT_BEFORE_MS, BEAT_AFTER_MS, PROTECTED_MS)
    )
    length_ms = math.ceil((before + after + 1) * interval_us / 1000.0)
    length = length_ms * 1000 // interval_us
    # Zones meet halfway between beats, so that none is subtracted twice.
    middles = (fiducials[:-1] + fiducials[1:]) // 2
    starts = np.maximum(fiducials - before, np.concatenate([[1], middles + 1]))
    ends = np.minimum(fiducials + after, np.concatenate([middles, [signal.n_samples]]))
    if fiducials.size == 0:
        starts = ends = fiducials
    factor = options.thinning
    areas = np.stack(
        [
            (np.maximum(fiducials - guard, 1) - 1) // factor * factor + 1,
            np.minimum(-(-(fiducials + guard) // factor) * factor, signal.n_samples),
        ],
        axis=1,
    )
    beats = BeatMap(
        length_ms=length_ms,
        fiducial=before + 1,
        types=np.zeros(fiducials.size, dtype=np.int64),
        zones=np.stack([starts, fiducials, ends], axis=1).astype(np.int64),
        protected=areas.astype(np.int64),
    )
    return _Beats(beats, [_median_beat(lead, beats, length) for lead in leads])


def _median_beat(lead: _Lead, beats: BeatMap, length: int) -> Values:
    """Return the median of one lead's beats in quanta, zero where no beat reaches."""
    offsets = np.arange(length) - (beats.fiducial - 1)
    places = beats.zones[:, 1:2] - lead.span.start + offsets
    real = (places >= 0) & (places < lead.values.size)
    windows = np.where(real, lead.values[np.clip(places, 0, lead.values.size - 1)], np.nan)
    wave = np.zeros(length)
    seen = real.any(axis=0)
    if seen.any():
        wave[seen] = np.nanmedian(windows[:, seen], axis=0)
    return np.rint(wave).astype(np.int64)


def _residual(lead: _Lead, beats: BeatMap, wave: Values) -> Values:
    """Return a lead less the reference beat in every zone."""
    rest = lead.values.copy()
    for start, fiducial, end in beats.zones.tolist():
        number = np.arange(start, end + 1)
        place, of_beat = number - lead.span.start, beats.fiducial + number - fiducial - 1
        real = (place >= 0) & (place < rest.size) & (of_beat >= 0) & (of_beat < wave.size)
        rest[place[real]] -= wave[of_beat[real]]
    return rest


def _streams(
    stored: Sequence[Values],
    quantum_nv: int,
    interval_us: int,
    options: ScpOptions,
    table: Table | None,
    is_thinned: bool = False,
) -> Streams:
    leads: list[bytes] = []
    for values in stored:
        if np.abs(values).max(initial=0) > MAX_VALUE:
            raise ValueError("a residual exceeds 16 bits")
        steps = differenced(values, options.differences)
        data = steps.astype("<i2").tobytes() if table is None else encode(steps, table)
        if len(data) > MAX_STREAM_BYTES:
            raise ValueError(
                f"SCP-ECG holds at most {MAX_STREAM_BYTES} bytes a lead, not {len(data)}: "
                "write a part of the recording"
            )
        leads.append(data)
    return Streams(quantum_nv, interval_us, options.differences, is_thinned, leads)


def write_scp(signal: EcgSignal, options: ScpOptions = ScpOptions()) -> bytes:
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
        measurements. Times are whole seconds, the sampling interval whole microseconds.

    Raises
    ------
    ValueError
        If a lead has a gap within, exceeds 65,535 bytes, or 16 bits at ``options.quantum_nv``.
    """
    quantum_nv = options.quantum_nv or _quantum_nv(signal.samples_uv)
    leads = _leads(signal, quantum_nv)
    interval_us = _interval_us(signal.fs_hz)
    header, language = write_header(signal)
    sections: dict[int, bytes] = {1: header}
    stored = [lead.values for lead in leads]
    waves: Sequence[Values] = ()
    if options.reference_beat or options.thinning > 1:
        beats = _beats(signal, leads, options)
        sections[4] = write_beats(beats.map)
        waves = beats.waves
        if options.reference_beat:
            stored = [
                _residual(lead, beats.map, wave) for lead, wave in zip(leads, waves, strict=True)
            ]
        plans: dict[tuple[int, int], Thinning] = {}
        if options.thinning > 1:
            for lead in leads:
                key = lead.span.start, lead.span.count
                if key not in plans:
                    plans[key] = thinning(*key, beats.map.protected, options.thinning)
            stored = [
                np.rint(
                    plans[lead.span.start, lead.span.count].thinned(rest.astype(np.float64))
                ).astype(np.int64)
                for lead, rest in zip(leads, stored, strict=True)
            ]
    table: Table | None = None
    if options.coding is Coding.HUFFMAN:
        table = DEFAULT
    elif options.coding is Coding.OWN_TABLE:
        steps = [differenced(values, options.differences) for values in (*stored, *waves)]
        table = table_for(np.concatenate(steps))
    if table is not None:
        sections[2] = write_tables([table])
    if waves:
        sections[5] = write_streams(_streams(waves, quantum_nv, interval_us, options, table))
    thick = options.thinning
    rhythm_us = _interval_us(signal.fs_hz / thick)
    sections[6] = write_streams(
        _streams(stored, quantum_nv, rhythm_us, options, table, is_thinned=thick > 1)
    )
    sections[3] = write_leads(LeadDefinition([lead.span for lead in leads], options.reference_beat))
    measured = write_measurements(signal.device_measurements)
    stated = write_statements(signal.device_statements, signal.acquired_at, language)
    sections |= {7: measured} if measured is not None else {}
    sections |= {8: stated} if stated is not None else {}
    return write_record(sections)
