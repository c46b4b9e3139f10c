"""Each P wave's relation to a QRS complex: conducted, or on time and blocked.

The P wave that stands before most QRS complexes is learned as a template over several leads; where
the same wave comes again at equal intervals between two conducted ones, without a QRS of its own,
it was blocked. A premature P wave is not on time, and a T or U wave does not look like P in every
lead.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.delineate import Delineation
from ecg.filters import Array, band_pass, decimate

WORK_FS_HZ = 200.0
BAND_HZ = (1.5, 20.0)
LEADS = ("II", "III", "aVF", "I", "V1")
P_WIDTH_MS = 130.0
BEFORE_R_MS = (80.0, 460.0)
FIRST_LOOK_MS = (80.0, 360.0)
LATE_BEATS = 3
QRS_MARGIN_MS = 10.0
HIDDEN_SHARE = 0.25
ROUNDS = 3
P_LIKE = 0.7
BLOCKED_LIKE = 0.75
P_SWING = (0.5, 1.8)
P_MIN_UV = 35.0
ON_TIME_SHARE = 0.1
PP_MS = (450.0, 1600.0)
MOST_BLOCKED = 8
MIN_CLEAR = 2
LONG_SHARE = 1.3
SLOW_RR_MS = 850.0
T_BEGIN_MS = 90.0
P_MARGIN_MS = 80.0
AFTER_T_MS = 110.0
SHORT_BEATS = 2
MIN_BEATS = 4


@dataclass(frozen=True)
class Conduction:
    """What each beat's P wave did, and those after it.

    Attributes
    ----------
    pr_ms
        From P's peak to the QRS trigger, NaN where no P wave is seen; shape (n_beats,).
    pp_ms
        PP interval from this beat's P wave on, NaN where it is not known; shape (n_beats,).
    blocked
        P waves on time after this beat and before the next one's, without QRS; shape (n_beats,).
    """

    pr_ms: Array
    pp_ms: Array
    blocked: NDArray[np.int64]


def nothing_seen(n_beats: int) -> Conduction:
    """Return the conduction of beats that were not looked at."""
    unknown = np.full(n_beats, np.nan)
    return Conduction(unknown, unknown, np.zeros(n_beats, dtype=np.int64))


def joined(parts: list[Conduction]) -> Conduction:
    """Return the parts one after the other."""
    return Conduction(
        np.concatenate([part.pr_ms for part in parts]),
        np.concatenate([part.pp_ms for part in parts]),
        np.concatenate([part.blocked for part in parts]),
    )


@dataclass(frozen=True)
class _Trace:
    """The leads between the QRS complexes, at ``fs_hz``; ``hidden`` is 1 where a QRS was."""

    level: Array
    hidden: Array
    fs_hz: float
    at: NDArray[np.int64]

    def samples(self, milliseconds: float) -> int:
        return round(milliseconds / 1000.0 * self.fs_hz)


def _trace(samples_uv: Array, rows: list[int], found: Delineation, fs_hz: float) -> _Trace:
    """Bridge the QRS complexes by straight lines and keep the band of P waves."""
    factor = max(1, int(fs_hz // WORK_FS_HZ))
    hz = fs_hz / factor
    plain = decimate(samples_uv[rows], factor)
    hidden = np.zeros(plain.shape[-1])
    margin = QRS_MARGIN_MS / 1000.0 * fs_hz
    for trigger, number in zip(found.triggers, found.class_of, strict=True):
        marks = found.classes[max(int(number), 0)].fiducials
        begin = trigger + marks.qrs_on - found.before - margin
        end = trigger + marks.qrs_off - found.before + margin
        hidden[max(0, int(begin / factor)) : max(0, int(end / factor) + 1)] = 1.0
    known = np.flatnonzero(hidden == 0.0)
    every = np.arange(plain.shape[-1])
    bridged = np.stack([np.interp(every, known, row[known]) for row in plain])
    return _Trace(band_pass(bridged, hz, *BAND_HZ), hidden, hz, found.triggers // factor)


def _without_t(trace: _Trace, rr: Array, pr: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Subtract the usual T wave after beats with a long RR interval; also say after which.

    It is the median after the short intervals, as far as the next P wave allows.
    """
    long = np.append(rr >= LONG_SHARE * np.percentile(rr, 20.0), False)
    short = np.append(~long[:-1], False) & ~np.isnan(np.append(pr[1:], np.nan))
    level, done = trace.level, np.zeros(long.size, dtype=bool)
    if int(short.sum()) < SHORT_BEATS or not long.any():
        return level, done
    room = (np.append(rr, 0.0) - np.append(pr[1:], 0.0))[short]
    stop = int(np.median(room)) - trace.samples(P_MARGIN_MS)
    span = np.arange(trace.samples(T_BEGIN_MS), max(stop, trace.samples(T_BEGIN_MS) + 1))
    places = trace.at[short][:, np.newaxis] + span
    places = places[places[:, -1] < level.shape[-1]]
    if len(places) < SHORT_BEATS or span.size < trace.samples(P_WIDTH_MS):
        return level, done
    usual = np.median(level[:, places], axis=1)
    usual = usual - usual[:, -1:]
    level = level.copy()
    for beat in np.flatnonzero(long):
        place = trace.at[beat] + span
        inside = place < level.shape[-1]
        level[:, place[inside]] -= usual[:, inside]
        done[beat] = True
    return level, done


def _alike(level: Array, template: Array) -> tuple[Array, Array]:
    """Slide the template along; return likeness (1: the same) and swing (1: as high), (n,).

    Mean and slope of each lead under the template do not count. Index = centre of the template.
    """
    width = template.shape[-1]
    time = np.arange(width) - (width - 1) / 2.0
    flat, slope = np.full(width, width**-0.5), time / np.linalg.norm(time)
    dot = np.zeros(level.shape[-1])
    power = np.zeros(level.shape[-1])
    for row, wave in zip(level, template, strict=True):
        dot += np.correlate(row, wave, "same")
        power += np.convolve(row * row, np.ones(width), "same")
        power -= np.correlate(row, flat, "same") ** 2 + np.correlate(row, slope, "same") ** 2
    own = float((template * template).sum())
    return dot / np.sqrt(np.maximum(power, 1e-6) * max(own, 1e-6)), dot / max(own, 1e-6)


def _straightened(cut: Array) -> Array:
    """Subtract each lead's mean and slope along the last axis."""
    time = np.arange(cut.shape[-1]) - (cut.shape[-1] - 1) / 2.0
    cut = cut - cut.mean(axis=-1, keepdims=True)
    return np.asarray(cut - (cut @ time)[..., np.newaxis] * time / float(time @ time))


def _first_guesses(
    trace: _Trace, rr: Array, found: Delineation, fs_hz: float
) -> list[NDArray[np.int64]]:
    """Return where P may stand before each beat: as delineated, and where most moves.

    The latter looks at the beats after the longest intervals, where T is far away and PR the same.
    """
    places: list[NDArray[np.int64]] = []
    marks = found.classes[0].fiducials
    if marks.p_peak is not None:
        offset = (marks.p_peak - found.before) / fs_hz * trace.fs_hz
        places.append(trace.at + round(offset))
    span = np.arange(-trace.samples(FIRST_LOOK_MS[1]), -trace.samples(FIRST_LOOK_MS[0]))
    late = np.argsort(-rr, kind="stable")[: max(LATE_BEATS, rr.size // 4)] + 1
    late = late[trace.at[late] + span[0] >= 0]
    if late.size >= SHORT_BEATS:
        usual = np.median(trace.level[:, trace.at[late][:, np.newaxis] + span], axis=1)
        usual = _straightened(usual)
        swing = np.sqrt((usual * usual).sum(axis=0))
        guess = np.full(trace.at.size, -1)
        guess[late] = trace.at[late] + int(span[int(np.argmax(swing))])
        places.append(guess)
    return places


def _template(trace: _Trace, place: NDArray[np.int64]) -> tuple[float, Array, NDArray[np.int64]]:
    """Learn the P wave from a guess; return its likeness to itself, it, and its places or -1."""
    half = trace.samples(P_WIDTH_MS) // 2
    latest, earliest = (trace.samples(each) for each in BEFORE_R_MS)
    count = trace.level.shape[-1]
    near = np.arange(-half, half + 1)
    wave = np.zeros((len(trace.level), near.size))
    nowhere = np.full(trace.at.size, -1)
    like = np.zeros(count)
    for _ in range(ROUNDS):
        held = place[(place >= half) & (place + half < count)]
        if held.size < SHORT_BEATS:
            return 0.0, wave, nowhere
        wave = np.median(_straightened(trace.level[:, held[:, np.newaxis] + near]), axis=1)
        wave = _straightened(wave)
        like, height = _alike(trace.level, wave)
        like = _seen(like, height, trace.hidden, near.size)
        fit = like * np.minimum(height, 1.0)
        place = nowhere.copy()
        for beat in np.flatnonzero(trace.at >= earliest):
            begin = trace.at[beat] - earliest
            best = begin + int(np.argmax(fit[begin : trace.at[beat] - latest + 1]))
            place[beat] = best if like[best] >= P_LIKE else -1
    return float(like[place[place >= 0]].sum()), wave, place


def _seen(like: Array, swing: Array, hidden: Array, width: int) -> Array:
    """Return the likeness, 0 where the wave is too high, too low, or under a QRS."""
    under = np.convolve(hidden, np.ones(width), "same") / width
    fit = (under <= HIDDEN_SHARE) & (swing >= P_SWING[0]) & (swing <= P_SWING[1])
    return np.where(fit, like, 0.0)


def conduction_of(
    samples_uv: Array, names: tuple[str, ...], found: Delineation, fs_hz: float
) -> Conduction:
    """Look for P waves on time that no QRS follows.

    Parameters
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples), no NaN.
    names
        Of the leads.
    found
        Delineation of the same samples.
    fs_hz
        Sampling rate.

    Notes
    -----
    Looked at only where an interval is long beside the others, or all are (2:1). Where the T waves
    before the long intervals cannot be told from the others' (2:1), a P wave counts only after T.
    A P wave under a QRS complex is not seen.
    """
    count = found.triggers.size
    nothing = nothing_seen(count)
    rr_ms = np.diff(found.triggers) / fs_hz * 1000.0
    if count < MIN_BEATS or not found.classes:
        return nothing
    usual_ms = float(np.percentile(rr_ms, 20.0))
    if usual_ms < SLOW_RR_MS and float(rr_ms.max()) < LONG_SHARE * usual_ms:
        return nothing
    rows = [names.index(name) for name in LEADS if name in names] or list(range(min(3, len(names))))
    trace = _trace(samples_uv, rows, found, fs_hz)
    rr = np.diff(trace.at).astype(np.float64)
    learned = [_template(trace, guess) for guess in _first_guesses(trace, rr, found, fs_hz)]
    if not learned:
        return nothing
    _, wave, place = max(learned, key=lambda each: each[0])
    if float(np.ptp(wave, axis=-1).max()) < P_MIN_UV:
        return nothing
    pr = np.where(place >= 0, trace.at - place, np.nan)
    level, cleared = _without_t(trace, rr, pr)
    like, swing = _alike(level, wave)
    like = _seen(like, swing, trace.hidden, wave.shape[-1])
    after = _after_t(trace, found, fs_hz)
    blocked, pp_ms = nothing.blocked.copy(), nothing.pp_ms.copy()
    for beat in range(count - 1):
        if place[beat] < 0 or place[beat + 1] < 0:
            continue
        earliest = trace.at[beat] if cleared[beat] else after[beat]
        whole_ms = (place[beat + 1] - place[beat]) / trace.fs_hz * 1000.0
        number = _blocked(like, int(place[beat]), int(place[beat + 1]), int(earliest), trace)
        blocked[beat], pp_ms[beat] = number, whole_ms / (number + 1)
    return Conduction(pr / trace.fs_hz * 1000.0, pp_ms, blocked)


def _after_t(trace: _Trace, found: Delineation, fs_hz: float) -> NDArray[np.int64]:
    """Return the first sample after each beat's T wave, shape (n_beats,)."""
    marks = [each.fiducials for each in found.classes]
    peaks = [
        ((each.t_peak - found.before) / fs_hz * 1000.0 if each.t_peak is not None else 300.0)
        for each in marks
    ]
    after_ms = np.array(peaks)[np.maximum(found.class_of, 0)] + AFTER_T_MS
    return np.asarray(trace.at + np.rint(after_ms / 1000.0 * trace.fs_hz), dtype=np.int64)


def _blocked(like: Array, first: int, last: int, earliest: int, trace: _Trace) -> int:
    """Return how many P waves stand at equal intervals between two: the most that are all seen.

    The first may hide in T where two others or more are seen, so that 4:1 is not taken for 2:1.
    """
    shortest, longest = (trace.samples(each) for each in PP_MS)
    for number in range(MOST_BLOCKED, 0, -1):
        interval = (last - first) / (number + 1)
        if not shortest <= interval <= longest:
            continue
        reach = round(ON_TIME_SHARE * interval)
        centres = [round(first + step * interval) for step in range(1, number + 1)]
        clear = [centre for centre in centres if centre - reach >= earliest]
        if len(clear) < max(number - 1, min(number, MIN_CLEAR)):
            continue
        if all(
            float(like[centre - reach : centre + reach + 1].max()) >= BLOCKED_LIKE
            for centre in clear
        ):
            return number
    return 0
