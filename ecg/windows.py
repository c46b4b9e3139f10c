"""Long recordings in stretches of two minutes: delineated each, their beats then told as one."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from ecg import quality, rhythm
from ecg.delineate import MAX_CLASSES, Delineation, delineate
from ecg.filters import Array, decimate, fill_gaps, notch
from ecg.screening import Beat
from ecg.signal import EcgSignal
from ecg.waves import Fiducials

MIN_WORK_FS_HZ = 250.0
MAX_WORK_FS_HZ = 1000.0
WINDOW_S = 120.0
MAINS_UV = 15.0
WINDOW_MARGIN_S = 1.5


@dataclass(frozen=True)
class Window:
    """One delineated stretch and how its samples map to the signal's."""

    start: int
    ratio: float
    work_hz: float
    result: Delineation
    shapes: Array
    spikes: NDArray[np.int64]
    flutter: rhythm.Flutter | None
    atrial: rhythm.Atrial | None
    conduction: rhythm.Conduction
    alternans: rhythm.Alternans | None

    def place(self, trigger: int, offset: int | None) -> int | None:
        """Return the signal's sample of a median beat's boundary in one beat."""
        if offset is None:
            return None
        return self.start + round((trigger + offset - self.result.before) * self.ratio)


def _working_copy(samples_uv: Array, fs_hz: float) -> tuple[Array, float]:
    """Bring samples to 250-1000 Hz; return them and the rate."""
    if fs_hz > MAX_WORK_FS_HZ:
        factor = int(fs_hz // (MAX_WORK_FS_HZ / 2.0))
        return decimate(samples_uv, factor), fs_hz / factor
    if fs_hz < MIN_WORK_FS_HZ:
        factor = int(np.ceil(MIN_WORK_FS_HZ / fs_hz))
        raised = scipy.signal.resample_poly(samples_uv, factor, 1, axis=-1, padtype="line")
        return np.asarray(raised, dtype=np.float64), fs_hz * factor
    return samples_uv, fs_hz


def _without_mains(samples_uv: Array, fs_hz: float) -> Array:
    """Notch the leads that carry audible mains; the others stay as they are."""
    amplitude = quality.mains_uv(samples_uv, fs_hz)
    for column, mains_hz in enumerate(quality.MAINS_HZ):
        rows = np.flatnonzero(amplitude[:, column] > MAINS_UV)
        if rows.size:
            samples_uv = samples_uv.copy()
            samples_uv[rows] = notch(samples_uv[rows], fs_hz, mains_hz)
    return samples_uv


def windows_of(
    signal: EcgSignal, beats: NDArray[np.int64], rows: list[int]
) -> list[tuple[NDArray[np.int64], Window]]:
    """Delineate stretches of `WINDOW_S`; each beat belongs to one of them."""
    names = tuple(signal.leads[row] for row in rows)
    step, margin = round(WINDOW_S * signal.fs_hz), round(WINDOW_MARGIN_S * signal.fs_hz)
    done: list[tuple[NDArray[np.int64], Window]] = []
    for start in range(0, signal.n_samples, step):
        inside = beats[(beats >= start) & (beats < start + step)]
        if inside.size == 0:
            continue
        lower, upper = max(0, start - margin), min(signal.n_samples, start + step + margin)
        raw = fill_gaps(signal.samples_uv[rows, lower:upper])
        spikes = rhythm.spikes_of(raw, signal.fs_hz) + lower
        piece, work_hz = _working_copy(raw, signal.fs_hz)
        piece = _without_mains(piece, work_hz)
        ratio = signal.fs_hz / work_hz
        at = np.clip(np.rint((inside - lower) / ratio), 0, piece.shape[-1] - 1).astype(np.int64)
        result = delineate(piece, at, work_hz)
        offset = round((ratio - 1.0) / 2.0) if ratio > 1.0 else 0
        shapes = rhythm.look(piece, result, work_hz)
        flutter = rhythm.flutter_of(piece, names, result, work_hz)
        atrial = rhythm.atrial_of(piece, names, result.triggers, work_hz)
        conduction = rhythm.conduction_of(piece, names, result, work_hz)
        window = Window(
            start=lower + offset,
            ratio=ratio,
            work_hz=work_hz,
            result=result,
            shapes=shapes,
            spikes=spikes,
            flutter=flutter,
            atrial=atrial,
            conduction=conduction,
            alternans=rhythm.alternans_of(piece, names, result, work_hz),
        )
        done.append((inside, window))
    return done


def _boundaries(window: Window, position: int) -> dict[str, int | None]:
    number = int(window.result.class_of[position])
    if number < 0:
        return {}
    marks: Fiducials = window.result.classes[number].fiducials
    trigger = int(window.result.triggers[position])
    return {name: window.place(trigger, offset) for name, offset in marks.__dict__.items()}


def _within(marks: dict[str, int | None], n_samples: int) -> dict[str, int | None]:
    """Drop boundaries that a wave cut off by the recording's edge would have."""
    return {
        name: at if at is not None and 0 <= at < n_samples else None for name, at in marks.items()
    }


def beats_of(
    signal: EcgSignal, windows: list[tuple[NDArray[np.int64], Window]]
) -> tuple[tuple[Beat, ...], Array, rhythm.Pacing]:
    """Return labelled beats, their RR intervals in milliseconds and which of them are paced."""
    marks: list[dict[str, int | None]] = []
    places: list[int] = []
    centres: list[int] = []
    class_of: list[NDArray[np.int64]] = []
    for number, (inside, window) in enumerate(windows):
        known = window.result.class_of
        class_of.append(np.where(known >= 0, known + number * MAX_CLASSES, known))
        for position, found in enumerate(inside):
            limits = _within(_boundaries(window, position), signal.n_samples)
            centre = window.place(int(window.result.triggers[position]), window.result.before)
            r_peak = limits.get("r")
            marks.append(limits)
            places.append(
                r_peak
                if r_peak is not None
                else min(max(0, centre or int(found)), signal.n_samples - 1)
            )
            centres.append(centre if centre is not None else int(found))
    rr_ms = np.diff(np.array(places, dtype=np.float64)) / signal.fs_hz * 1000.0
    spikes = np.unique(np.concatenate([window.spikes for _, window in windows]))
    pacing = rhythm.pacing_of(spikes, np.array(centres, dtype=np.int64), signal.fs_hz)
    shapes = np.concatenate([window.shapes for _, window in windows])
    labels = rhythm.label_beats(shapes, rr_ms, np.concatenate(class_of), pacing.ventricular)
    beats = tuple(
        Beat(sample=place, label=label, **limits)
        for place, label, limits in zip(places, labels, marks, strict=True)
    )
    return beats, rr_ms, pacing
