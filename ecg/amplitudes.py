"""Each lead of a median beat: boundaries of its own waves, their amplitudes, and ST.

Method
------
Amplitudes are over the level just before QRS, those of P over the line that joins its ends. QRS is
cut where it crosses that level; a piece is a wave from 20 uV and 6 ms on (the minimum wave of the
CSE Working Party, Eur Heart J 6:815, 1985). ST is measured from the J point of all leads, as the
others' end of QRS is where a lead's own is lost.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ecg.delineate import BeatClass
from ecg.filters import Array, low_pass, smoothed
from ecg.jsontypes import JsonObject
from ecg.waves import Fiducials, trapezium_end

MIN_WAVE_UV = 20.0
MIN_WAVE_MS = 6.0
MIN_T_UV = 30.0
EDGE_SHARE = 0.06
EDGE_UV_MS = 2.0
EDGE_LOW_PASS_HZ = 60.0
WAVE_LOW_PASS_HZ = 25.0
ST_SPAN_MS = 8.0
ST_OFFSETS_MS = (0.0, 40.0, 60.0, 80.0)
REACH_MS = 30.0


@dataclass(frozen=True)
class LeadMeasurements:
    """One lead of a median beat; None where the wave is not seen in it.

    Attributes
    ----------
    p_on_ms ... t_off_ms
        Times from the begin of QRS over all leads; before it negative.
    p_mv, t_mv
        The larger phase, signed; ``p2_mv``, ``t2_mv`` the other one of a biphasic wave.
    q_mv, r_mv, s_mv, r2_mv, s2_mv
        Q, R, S, R' and S', signed. A complex that is negative alone (QS) is ``q_mv``.
    q_ms, r_ms, s_ms
        Durations between the crossings of the level before QRS.
    st_j_mv, st_j40_mv, st_j60_mv, st_j80_mv
        ST at the J point of all leads and 40, 60 and 80 ms later.
    """

    p_on_ms: float | None = None
    p_peak_ms: float | None = None
    p_off_ms: float | None = None
    qrs_on_ms: float | None = None
    qrs_peak_ms: float | None = None
    qrs_off_ms: float | None = None
    t_on_ms: float | None = None
    t_peak_ms: float | None = None
    t_off_ms: float | None = None
    p_mv: float | None = None
    p2_mv: float | None = None
    q_mv: float | None = None
    r_mv: float | None = None
    s_mv: float | None = None
    r2_mv: float | None = None
    s2_mv: float | None = None
    t_mv: float | None = None
    t2_mv: float | None = None
    q_ms: float | None = None
    r_ms: float | None = None
    s_ms: float | None = None
    st_j_mv: float | None = None
    st_j40_mv: float | None = None
    st_j60_mv: float | None = None
    st_j80_mv: float | None = None

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class _Wave:
    """A deflection: its extremes in microvolts and its boundaries in samples."""

    on: int
    peak: int
    off: int
    first_uv: float
    second_uv: float | None


def _mv(microvolts: float | None) -> float | None:
    return None if microvolts is None else round(microvolts / 1000.0, 3)


def _wave(row: Array, limits: tuple[int, int], least_uv: float, *, joined: bool) -> _Wave | None:
    """Return the wave between two samples, or None where it is lower than ``least_uv``.

    Parameters
    ----------
    joined
        Whether its zero is the line that joins its ends; else the row's own.
    """
    start, stop = max(0, limits[0]), min(row.size - 1, limits[1])
    if stop - start < 4:
        return None
    piece = row[start : stop + 1]
    if joined:
        piece = piece - np.linspace(piece[0], piece[-1], piece.size)
    peak = int(np.argmax(np.abs(piece)))
    height = float(piece[peak])
    if abs(height) < least_uv:
        return None
    other = float((-piece if height > 0.0 else piece).max())
    second = other if other >= least_uv else None
    upright = piece if height > 0.0 else -piece
    off = trapezium_end(upright, peak, piece.size - 1)
    on = piece.size - 1 - trapezium_end(upright[::-1], piece.size - 1 - peak, piece.size - 1)
    if second is not None:
        # The trapezium ends one phase; of a biphasic wave both belong to it.
        on, off = 0, piece.size - 1
        second = -second if height > 0.0 else second
    return _Wave(start + on, start + peak, start + off, height, second)


def _qrs_edges(velocity: Array, marks: Fiducials) -> tuple[int, int]:
    """Return where one lead's QRS begins and ends within that of all leads."""
    piece = velocity[marks.qrs_on : marks.qrs_off + 1]
    steep = np.flatnonzero(piece > max(EDGE_SHARE * float(piece.max()), EDGE_UV_MS))
    if steep.size == 0:
        return marks.qrs_on, marks.qrs_off
    return marks.qrs_on + int(steep[0]), marks.qrs_on + int(steep[-1])


def _deflections(piece: Array, fs_hz: float) -> list[tuple[float, float]]:
    """Cut QRS at its crossings of zero; return (height in uV, duration in ms) of each wave."""
    positive = piece > 0.0
    cuts = np.concatenate([[0], np.flatnonzero(positive[1:] != positive[:-1]) + 1, [piece.size]])
    found: list[tuple[float, float]] = []
    for start, stop in pairwise(cuts):
        part = piece[start:stop]
        height = float(part[np.argmax(np.abs(part))])
        lasting = float(stop - start) * 1000.0 / fs_hz
        if abs(height) < MIN_WAVE_UV or lasting < MIN_WAVE_MS:
            continue
        if found and (found[-1][0] > 0.0) == (height > 0.0):
            before = found[-1]
            found[-1] = (max(before[0], height, key=abs), before[1] + lasting)
        else:
            found.append((height, lasting))
    return found


def _named(waves: list[tuple[float, float]]) -> dict[str, float | None]:
    """Give the deflections of a QRS their names."""
    names = ["q", "r", "s", "r2", "s2"]
    if waves and waves[0][0] > 0.0:
        names = names[1:]
    named: dict[str, float | None] = {}
    for name, (height, lasting) in zip(names, waves, strict=False):
        named[f"{name}_mv"] = _mv(height)
        if name in {"q", "r", "s"}:
            named[f"{name}_ms"] = round(lasting, 1)
    return named


def st_levels_uv(median_uv: Array, qrs_off: int, fs_hz: float) -> Array:
    """Return ST at J, J+40, J+60 and J+80 ms, the mean of 8 ms each, shape (n_leads, 4)."""
    last = median_uv.shape[-1] - 1
    levels: list[Array] = []
    for offset_ms in ST_OFFSETS_MS:
        first = min(last, qrs_off + round(offset_ms / 1000.0 * fs_hz))
        stop = min(last, qrs_off + round((offset_ms + ST_SPAN_MS) / 1000.0 * fs_hz))
        levels.append(median_uv[:, first : stop + 1].mean(axis=-1))
    return np.stack(levels, axis=-1)


def measure_leads(
    beat: BeatClass, leads: tuple[str, ...], fs_hz: float
) -> dict[str, LeadMeasurements]:
    """Measure every lead of a median beat.

    Parameters
    ----------
    beat, leads
        A median beat, zero before QRS, and the names of its rows.
    fs_hz
        Its sampling rate.

    Returns
    -------
    dict
        Measurements by lead name, in the rows' order.
    """
    marks, median_uv = beat.fiducials, beat.median_uv
    slope = np.gradient(smoothed(median_uv, fs_hz, EDGE_LOW_PASS_HZ), axis=-1)
    velocity = np.abs(slope) * fs_hz / 1000.0
    smooth = low_pass(median_uv, fs_hz, WAVE_LOW_PASS_HZ)
    st_uv = st_levels_uv(median_uv, marks.qrs_off, fs_hz)
    reach = round(REACH_MS / 1000.0 * fs_hz)

    def ms(sample: int | None) -> float | None:
        return None if sample is None else round((sample - marks.qrs_on) * 1000.0 / fs_hz, 1)

    measured: dict[str, LeadMeasurements] = {}
    for row, lead in enumerate(leads):
        times: dict[str, float | None] = {}
        heights: dict[str, float | None] = {}
        p_wave = t_wave = None
        if marks.p_on is not None and marks.p_off is not None:
            limits = marks.p_on, min(marks.p_off, marks.qrs_on)
            p_wave = _wave(smooth[row], limits, MIN_WAVE_UV, joined=True)
        if marks.t_on is not None and marks.t_off is not None:
            limits = max(marks.t_on, marks.qrs_off), marks.t_off + reach
            t_wave = _wave(smooth[row], limits, MIN_T_UV, joined=False)
        for name, wave in (("p", p_wave), ("t", t_wave)):
            if wave is not None:
                times |= {f"{name}_on_ms": ms(wave.on), f"{name}_peak_ms": ms(wave.peak)}
                times[f"{name}_off_ms"] = ms(wave.off)
                heights |= {f"{name}_mv": _mv(wave.first_uv), f"{name}2_mv": _mv(wave.second_uv)}
        on, off = _qrs_edges(velocity[row], marks)
        piece = median_uv[row, on : off + 1]
        waves = _deflections(piece, fs_hz)
        if waves:
            times |= {"qrs_on_ms": ms(on), "qrs_off_ms": ms(off)}
            times["qrs_peak_ms"] = ms(on + int(np.argmax(np.abs(piece))))
        levels = (_mv(float(level)) for level in st_uv[row])
        names = ("st_j_mv", "st_j40_mv", "st_j60_mv", "st_j80_mv")
        measured[lead] = LeadMeasurements(
            **times, **heights, **_named(waves), **dict(zip(names, levels, strict=True))
        )
    return measured
