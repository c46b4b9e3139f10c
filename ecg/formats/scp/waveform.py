"""Sections 5 and 6: the reference beat and the rhythm (EN 1064 5.8, 5.9).

Undone in the reverse of their making: entropy coding, differences, thinning, and the subtraction of
the reference beat. Values are 16-bit; differences wrap as the devices' own arithmetic does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.cursor import Cursor
from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import Piece
from ecg.formats.scp.huffman import decode
from ecg.formats.scp.leads import BeatMap, LeadDefinition, Span, lead_name
from ecg.formats.scp.record import FORMAT_NAME
from ecg.formats.scp.subtraction import add_beats, overlay
from ecg.formats.scp.tables import Table, Values, are_plain
from ecg.formats.scp.thinning import Thinning, thinning

MAX_SAMPLES: Final = 1 << 25
"""Of all leads: as many as 64 of them can hold, a bit each."""
MAX_FACTOR: Final = 8
NANOVOLTS_A_MICROVOLT: Final = 1000.0
_MARK: Final = 0x8000
_HANDHELD_MAX: Final = 0x0FFF
_PADDING_VALUES: Final = 16


@dataclass(frozen=True)
class Streams:
    """What sections 5 and 6 share.

    Attributes
    ----------
    quantum_nv
        Nanovolts a unit.
    interval_us
        Microseconds between stored samples; between thinned ones where samples are thinned.
    differences
        0, 1 or 2 differences were taken.
    is_thinned
        Bimodal compression.
    leads
        One stream a lead.
    """

    quantum_nv: int
    interval_us: int
    differences: int
    is_thinned: bool
    leads: Sequence[bytes]

    @property
    def quantum_uv(self) -> float:
        """Microvolts a unit."""
        return self.quantum_nv / NANOVOLTS_A_MICROVOLT


def read_streams(section: bytes, n_leads: int) -> Streams:
    """Read section 5 or 6.

    Raises
    ------
    EcgFormatError
        If it ends early or its head makes no sense.
    """
    cursor = Cursor(section, FORMAT_NAME)
    quantum_nv, interval_us = cursor.unsigned(2), cursor.unsigned(2)
    differences, thinned = cursor.unsigned(1), cursor.unsigned(1)
    if not quantum_nv or not interval_us or differences > 2 or thinned > 1:
        raise cursor.refusal(
            f"data of {quantum_nv} nV, {interval_us} us, differences {differences}, mode {thinned}"
        )
    sizes = [cursor.unsigned(2) for _ in range(n_leads)]
    leads = [cursor.take(size) for size in sizes]
    return Streams(quantum_nv, interval_us, differences, bool(thinned), leads)


def write_streams(streams: Streams) -> bytes:
    """Return section 5 or 6."""
    out = bytearray(streams.quantum_nv.to_bytes(2, "little"))
    out += streams.interval_us.to_bytes(2, "little")
    out += bytes((streams.differences, streams.is_thinned))
    for lead in streams.leads:
        out += len(lead).to_bytes(2, "little")
    return bytes(out) + b"".join(streams.leads)


def summed(values: Values, differences: int) -> NDArray[np.int16]:
    """Undo differences; the first one or two values are samples themselves."""
    if differences == 2 and values.size > 2:
        slope = np.cumsum(np.concatenate([values[1:2] - values[:1], values[2:]]))
        values = np.concatenate([values[:1], values[0] + np.cumsum(slope)])
    elif differences == 1:
        values = np.cumsum(values)
    return values.astype(np.int16)


def differenced(values: Values, differences: int) -> Values:
    """Take differences, as `summed` undoes them."""
    if differences == 2 and values.size > 2:
        second = np.concatenate([values[:2], np.diff(values, 2)])
    elif differences == 1:
        second = np.diff(values, prepend=0)
    else:
        second = values
    return second.astype(np.int16).astype(np.int64)


def _without_marks(values: Values) -> Values:
    """Clear the top bit, by which PC-80B handhelds mark beats among samples of 12 bits."""
    cleared = values & (_MARK - 1)
    return cleared if int(cleared.max(initial=0)) <= _HANDHELD_MAX else values


def read_samples(
    streams: Streams, counts: Sequence[int], tables: Sequence[Table]
) -> Iterator[Values]:
    """Yield each lead's stored samples, fewer than wanted where a stream ends."""
    for lead, count in zip(streams.leads, counts, strict=True):
        yield summed(decode(lead, count, tables), streams.differences).astype(np.int64)


def rate_hz(interval_us: int) -> float:
    """Return the rate an interval stands for: the whole one that it is the rounding of, if any.

    Intervals are whole microseconds, so that 360 Hz is written as 2778, 150 Hz as 6666.
    """
    whole = round(1e6 / interval_us)
    exact = 1e6 / whole if whole else 0.0
    return float(whole) if abs(exact - interval_us) < 1.0 else 1e6 / interval_us


def _factor(rhythm: Streams, beat: Streams | None) -> int:
    """Return how many samples of the reference beat lie in one interval of the rhythm."""
    if beat is None:
        return 1
    ratio = rhythm.interval_us / beat.interval_us
    factor = round(ratio)
    # Both intervals are rounded to whole microseconds.
    fits = abs(rhythm.interval_us - factor * beat.interval_us) <= max(factor, 1)
    return factor if 1 <= factor <= MAX_FACTOR and fits else 1


def _short(span: Span, found: int, wanted: int) -> EcgFormatError:
    return EcgFormatError(
        f"{FORMAT_NAME}: lead {lead_name(span.code)} has at most {found} of its {wanted} samples"
    )


def read_rhythm(
    rhythm: Streams,
    beat: Streams | None,
    definition: LeadDefinition,
    beats: BeatMap | None,
    tables: Sequence[Table],
) -> tuple[list[Piece], float]:
    """Return each lead's stretch in microvolts, and the rate in hertz.

    Parameters
    ----------
    rhythm, beat
        Sections 6 and 5.
    definition, beats
        Sections 3 and 4.
    tables
        Section 2.

    Raises
    ------
    EcgFormatError
        If a stream does not hold its samples, or what its compression needs is missing.
    """
    spans = definition.spans
    subtracted = definition.uses_reference_beat
    if (subtracted or rhythm.is_thinned) and (beat is None or beats is None):
        raise EcgFormatError(f"{FORMAT_NAME}: the reference beat that its data need is missing")
    factor = _factor(rhythm, beat)
    for span, stream in zip(spans, rhythm.leads, strict=True):
        # A stored sample has one bit or more; nothing is planned for what cannot be there.
        if span.count > 8 * len(stream) * factor:
            raise _short(span, 8 * len(stream) * factor, span.count)
    total = sum(span.count for span in spans)
    if total > MAX_SAMPLES:
        raise EcgFormatError(f"{FORMAT_NAME}: {len(spans)} leads of {total} samples are too many")
    interval_us = rhythm.interval_us
    if factor > 1 and rhythm.is_thinned and beats is not None:
        leads = _restored(rhythm, spans, beats, factor, tables)
        interval_us = beat.interval_us if beat is not None else interval_us
    else:
        leads, spans, interval_us = _plain(rhythm, beat, spans, factor, tables, subtracted)
    samples_uv = [lead * rhythm.quantum_uv for lead in leads]
    if subtracted and beat is not None and beats is not None:
        if abs(interval_us - beat.interval_us) > 1:
            raise EcgFormatError(f"{FORMAT_NAME}: the reference beat has another rate")
        where = overlay(beats, max(lead.size for lead in samples_uv))
        length = beats.length_ms * 1000 // beat.interval_us
        waves = read_samples(beat, [length] * len(spans), tables)
        for lead, span, wave in zip(samples_uv, spans, waves, strict=True):
            add_beats(lead, span, wave * beat.quantum_uv, where)
    pairs = zip(spans, samples_uv, strict=True)
    pieces = [Piece(lead_name(span.code), lead, span.start) for span, lead in pairs]
    return pieces, rate_hz(interval_us)


def _restored(
    rhythm: Streams, spans: Sequence[Span], beats: BeatMap, factor: int, tables: Sequence[Table]
) -> list[NDArray[np.float64]]:
    """Return each lead at the full rate, from thinned samples."""
    plans: dict[tuple[int, int], Thinning] = {}
    for span in spans:
        key = span.start, span.count
        if key not in plans:
            plans[key] = thinning(*key, beats.protected, factor)
    chosen = [plans[span.start, span.count] for span in spans]
    stored = read_samples(rhythm, [plan.n_stored for plan in chosen], tables)
    leads = []
    for span, plan, values in zip(spans, chosen, stored, strict=True):
        # A writer that drops the rest of the last group leaves one sample fewer.
        if plan.n_stored - values.size > (span.count % factor > 0) or not values.size:
            raise _short(span, values.size, plan.n_stored)
        held = np.append(values, values[-1]) if values.size < plan.n_stored else values
        leads.append(plan.restored(held.astype(np.float64)))
    return leads


def _plain(
    rhythm: Streams,
    beat: Streams | None,
    spans: Sequence[Span],
    factor: int,
    tables: Sequence[Table],
    subtracted: bool,
) -> tuple[list[NDArray[np.float64]], Sequence[Span], int]:
    """Return leads that are not thinned by areas: all samples, or one of every few throughout."""
    stored: list[Values] = []
    for span, lead in zip(
        spans, read_samples(rhythm, [span.count for span in spans], tables), strict=True
    ):
        wanted = span.count // factor
        thinned_throughout = factor > 1 and 1 <= wanted <= lead.size <= wanted + _PADDING_VALUES
        if lead.size < span.count and not thinned_throughout:
            raise _short(span, lead.size, span.count)
        stored.append(_without_marks(lead) if tables and are_plain(tables) else lead)
    pairs = list(zip(spans, stored, strict=True))
    if all(lead.size == span.count for span, lead in pairs):
        return [lead.astype(np.float64) for lead in stored], spans, rhythm.interval_us
    thin = [Span(span.code, span.start // factor, 0) for span in spans]
    leads = [lead[: span.count // factor].astype(np.float64) for span, lead in pairs]
    if not subtracted or beat is None:
        return leads, thin, rhythm.interval_us
    full = [
        np.interp((np.arange(span.count) - (factor - 1) / 2) / factor, np.arange(lead.size), lead)
        for span, lead in zip(spans, leads, strict=True)
    ]
    return full, spans, beat.interval_us
