"""Writing sections 2, 4, 5 and 6: samples in whole quanta, compressed as one chooses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.scp.huffman import encode
from ecg.formats.scp.leads import BeatMap, Span, write_beats
from ecg.formats.scp.subtraction import add_beats, median_beat, overlay
from ecg.formats.scp.tables import DEFAULT, Table, Values, table_for, write_tables
from ecg.formats.scp.thinning import Thinning, thinning
from ecg.formats.scp.waveform import Streams, differenced, write_streams

MAX_STREAM_BYTES: Final = 0xFFFF
MAX_VALUE: Final = 0x7FFF
MAX_QUANTUM_NV: Final = 0xFFFF
MAX_INTERVAL_US: Final = 0xFFFF
MAX_BEATS: Final = 0xFFFF
BEAT_BEFORE_MS: Final = 300.0
BEAT_AFTER_MS: Final = 450.0
PROTECTED_MS: Final = 80.0


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
        if self.differences not in {0, 1, 2}:
            raise ValueError(f"differences must be 0, 1 or 2, not {self.differences!r}")
        if self.thinning not in {1, 2, 3, 4}:
            raise ValueError(f"thinning must be 1-4, not {self.thinning!r}")
        if self.quantum_nv is not None and not 1 <= self.quantum_nv <= MAX_QUANTUM_NV:
            raise ValueError(f"quantum_nv must be 1-{MAX_QUANTUM_NV}, not {self.quantum_nv!r}")


@dataclass(frozen=True)
class Lead:
    """One lead in whole quanta, from its first sample to its last."""

    span: Span
    values: Values


def interval_us(fs_hz: float) -> int:
    """Return the sampling interval in whole microseconds.

    Raises
    ------
    ValueError
        If a record cannot hold it.
    """
    rounded = round(1e6 / fs_hz)
    if not 1 <= rounded <= MAX_INTERVAL_US:
        raise ValueError(f"SCP-ECG cannot hold samples {rounded} microseconds apart")
    return rounded


def plan_beats(
    fiducials: NDArray[np.int64], n_samples: int, fs_hz: float, options: ScpOptions
) -> BeatMap:
    """Return where the reference beat is subtracted and what is protected from thinning.

    Parameters
    ----------
    fiducials
        Sample numbers of the beats, from 1, rising.
    n_samples
        Of the recording.
    """
    fiducials = fiducials[:MAX_BEATS]
    before, after, guard = (
        round(each * fs_hz / 1000.0) for each in (BEAT_BEFORE_MS, BEAT_AFTER_MS, PROTECTED_MS)
    )
    # Zones meet halfway between beats, so that none is subtracted twice.
    middles = (fiducials[:-1] + fiducials[1:]) // 2
    starts = np.maximum(fiducials - before, np.append(0, middles)[: fiducials.size] + 1)
    ends = np.minimum(fiducials + after, np.append(middles, n_samples)[: fiducials.size])
    # Areas begin and end with a whole group of samples.
    factor = options.thinning
    area_starts = (np.maximum(fiducials - guard, 1) - 1) // factor * factor + 1
    area_ends = np.minimum(-(-(fiducials + guard) // factor) * factor, n_samples)
    return BeatMap(
        length_ms=math.ceil((before + after + 1) * interval_us(fs_hz) / 1000.0),
        fiducial=before + 1,
        types=np.zeros(fiducials.size, dtype=np.int64),
        zones=np.stack([starts, fiducials, ends], axis=1),
        protected=np.stack([area_starts, area_ends], axis=1),
    )


def _stream(values: Values, differences: int, table: Table | None) -> bytes:
    if np.abs(values).max(initial=0) > MAX_VALUE:
        raise ValueError("a beat differs from the reference beat by more than 16 bits")
    data = b""
    size = values.size // 8 if table is not None else 2 * values.size
    if size <= MAX_STREAM_BYTES:
        steps = differenced(values, differences)
        data = steps.astype("<i2").tobytes() if table is None else encode(steps, table)
        size = len(data)
    if size > MAX_STREAM_BYTES:
        raise ValueError(
            f"SCP-ECG holds at most {MAX_STREAM_BYTES} bytes a lead, not {size} or more: "
            "write a part of the recording"
        )
    return data


def _thinned(
    leads: Sequence[Lead], stored: Sequence[Values], beats: BeatMap, factor: int
) -> list[Values]:
    plans: dict[tuple[int, int], Thinning] = {}
    for lead in leads:
        key = lead.span.start, lead.span.count
        if key not in plans:
            plans[key] = thinning(*key, beats.protected, factor)
    return [
        np.rint(plans[lead.span.start, lead.span.count].thinned(values.astype(np.float64))).astype(
            np.int64
        )
        for lead, values in zip(leads, stored, strict=True)
    ]


def _table(parts: Sequence[Values], options: ScpOptions) -> Table | None:
    if options.coding is Coding.RAW:
        return None
    if options.coding is Coding.HUFFMAN:
        return DEFAULT
    return table_for(np.concatenate([differenced(part, options.differences) for part in parts]))


def compressed(
    leads: Sequence[Lead],
    beats: BeatMap | None,
    quantum_nv: int,
    fs_hz: float,
    options: ScpOptions,
) -> dict[int, bytes]:
    """Return sections 2, 4, 5 and 6, as far as the options ask for them.

    Parameters
    ----------
    beats
        Needed for a reference beat or thinning, else None.

    Raises
    ------
    ValueError
        If a lead exceeds 65,535 bytes, or a residual 16 bits.
    """
    sections: dict[int, bytes] = {}
    stored = [lead.values for lead in leads]
    waves: list[Values] = []
    full_us = interval_us(fs_hz)
    if beats is not None:
        length = beats.length_ms * 1000 // full_us
        waves = [median_beat(lead.values, lead.span, beats, length) for lead in leads]
        if options.reference_beat:
            stored = [values.copy() for values in stored]
            where = overlay(beats, max(lead.span.end for lead in leads))
            for lead, values, wave in zip(leads, stored, waves, strict=True):
                add_beats(values, lead.span, -wave, where)
        if options.thinning > 1:
            stored = _thinned(leads, stored, beats, options.thinning)
        sections[4] = write_beats(beats)
    table = _table([*stored, *waves], options)
    if table is not None:
        sections[2] = write_tables([table])

    def section(parts: Sequence[Values], apart_us: int, *, is_thinned: bool) -> bytes:
        streams = [_stream(values, options.differences, table) for values in parts]
        return write_streams(
            Streams(quantum_nv, apart_us, options.differences, is_thinned, streams)
        )

    if waves:
        sections[5] = section(waves, full_us, is_thinned=False)
    sections[6] = section(
        stored, interval_us(fs_hz / options.thinning), is_thinned=options.thinning > 1
    )
    return sections
