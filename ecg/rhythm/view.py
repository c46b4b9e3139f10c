"""What a window of the recording shows of each beat and of the atria between them.

Everything is dimensionless or in milliseconds, so that gain, rate and number of leads do not matter
to the trained parts that read it. The window's samples are not kept.
"""

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ecg.delineate import Delineation, without_baseline
from ecg.filters import Array, decimate, smoothed

VIEW_FS_HZ = 180.0
SMOOTH_HZ = 30.0
QRS_MS = (-90.0, 130.0)
T_MS = (140.0, 400.0)
P_MS = (-250.0, -25.0)
WIDTH_SHARE = 0.2
SAME_LIKE = 0.8
USUAL_SHARE = 0.1
USUAL_BEATS = 3
QT_ROOT_S = 0.4
P_LEAST_MS = 60.0
USUAL_WIDER = 1.3
NEIGHBOURS = 15

SHAPE_FEATURES = (
    "qrs_like_dominant",
    "t_like_dominant",
    "qrs_like_previous",
    "log_swing",
    "log_area",
    "log_slope",
    "own_width_ms",
    "log_own_width",
    "class_width_ms",
    "log_class_width",
    "class_share",
    "class_like_dominant",
    "p_like_dominant",
    "p_like_others",
    "p_share",
    "p_rest_share",
    "hiss_share",
)
COLUMN = MappingProxyType({name: index for index, name in enumerate(SHAPE_FEATURES)})


def _cut(padded: Array, at: NDArray[np.int64], span: NDArray[np.int64], pad: int) -> Array:
    """Return (n_beats, n_leads, width)."""
    cut: Array = padded[:, (at + pad)[:, np.newaxis] + span].transpose(1, 0, 2)
    return cut


def _unit(rows: Array) -> Array:
    flat = rows.reshape(len(rows), -1)
    unit: Array = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    return unit


def _levelled(cut: Array, weight: Array) -> Array:
    """Subtract each lead's mean and slope where ``weight`` is 1, and return 0 where it is 0.

    Shapes (n_beats, n_leads, width) and (n_beats, width).
    """
    each = weight[:, np.newaxis, :]
    time = np.arange(cut.shape[-1]) * each
    total = np.maximum(each.sum(axis=-1, keepdims=True), 1.0)
    time = (time - time.sum(axis=-1, keepdims=True) / total) * each
    level = (cut - (cut * each).sum(axis=-1, keepdims=True) / total) * each
    spread = np.maximum((time * time).sum(axis=-1, keepdims=True), 1.0)
    slope = (level * time).sum(axis=-1, keepdims=True) / spread
    straight: Array = level - slope * time
    return straight


def _after_t(at: NDArray[np.int64], p_at: NDArray[np.int64], fs_hz: float) -> Array:
    """Return 1 where a sample of P's window lies after the T wave before, else 0.

    T ends `QT_ROOT_S` times the root of RR after the QRS before: a wide guess by Bazett's law.
    """
    rr_s = np.diff(at, prepend=at[0] - round(fs_hz)) / fs_hz
    over = np.concatenate([[-np.inf], at[:-1] / fs_hz]) + QT_ROOT_S * np.sqrt(np.abs(rr_s))
    seen = p_at / fs_hz >= over[:, np.newaxis]
    seen &= p_at >= 0
    seen &= (seen.sum(axis=1) >= P_LEAST_MS / 1000.0 * fs_hz)[:, np.newaxis]
    return seen.astype(np.float64)


def _own_width_ms(cut: Array, fs_hz: float) -> Array:
    """Return how long the slope over all leads stays above a share of its highest."""
    slope = np.gradient(cut, axis=-1)
    velocity = np.sqrt((slope * slope).mean(axis=1))
    high = velocity > WIDTH_SHARE * velocity.max(axis=1, keepdims=True)
    first = np.argmax(high, axis=1)
    last = high.shape[1] - 1 - np.argmax(high[:, ::-1], axis=1)
    width: Array = (last - first + 1) / fs_hz * 1000.0
    return width


def _log_ratio(values: Array, usual: float) -> Array:
    return np.asarray(np.log(np.maximum(values, 1e-3) / max(usual, 1e-3)), dtype=np.float64)


def _usual_class(found: Delineation, own_width_ms: Array) -> int:
    """Return the largest of the narrow classes: in bigeminy and runs the wide may be the most."""
    least = max(USUAL_BEATS, USUAL_SHARE * len(found.class_of))
    large = [k for k, each in enumerate(found.classes) if each.members.size >= least] or [0]
    width = {k: float(np.median(own_width_ms[found.classes[k].members])) for k in large}
    narrow = min(width.values())
    return next(k for k in large if width[k] <= USUAL_WIDER * narrow)


def _others(units: Array, alike: NDArray[np.bool_]) -> Array:
    """Return for each beat the direction of the mean of its like neighbours, itself left out."""
    kept = units * alike[:, np.newaxis]
    around = ndimage.uniform_filter1d(kept, NEIGHBOURS, axis=0, mode="constant") * NEIGHBOURS
    return _unit(around - kept)


def look(samples_uv: Array, found: Delineation, fs_hz: float) -> Array:
    """Describe the beats of one window.

    Parameters
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples), no NaN: what ``found`` was made from.
    found
        Its delineation, with one beat or more.
    fs_hz
        Sampling rate.

    Returns
    -------
    ndarray
        `SHAPE_FEATURES` of each beat, shape (n_beats, n_features). A QRS that the edge cuts off
        cannot be judged and gets those of the usual beat.
    """
    factor = max(1, int(fs_hz // VIEW_FS_HZ))
    hz = fs_hz / factor
    at = np.clip(found.triggers // factor, 0, samples_uv.shape[-1] // factor - 1)
    plain = without_baseline(decimate(samples_uv, factor), at, hz)
    level = smoothed(plain, hz, SMOOTH_HZ)
    pad = round(0.5 * hz)
    padded = np.pad(level, ((0, 0), (pad, pad)), mode="edge")
    qrs_span, t_span, p_span = (
        np.arange(round(low / 1000.0 * hz), round(high / 1000.0 * hz))
        for low, high in (QRS_MS, T_MS, P_MS)
    )
    qrs = _cut(padded, at, qrs_span, pad)
    qrs = qrs - np.median(qrs[:, :, :3], axis=-1, keepdims=True)
    t_wave = _cut(padded, at, t_span, pad)
    t_wave = _levelled(t_wave, np.ones((len(at), t_span.size)))
    onset = np.array([each.fiducials.qrs_on - found.before for each in found.classes], np.float64)
    offset = np.array([each.fiducials.qrs_off - found.before for each in found.classes], np.float64)
    early = np.rint(onset / factor).astype(np.int64)
    before = np.where(found.class_of >= 0, early[np.maximum(found.class_of, 0)], 0)
    p_at = at + np.minimum(before, 0)
    p_seen = _after_t(at, p_at[:, np.newaxis] + p_span, hz)
    p_count = np.maximum(p_seen.sum(axis=1) * len(level), 1.0)
    p_wave = _levelled(_cut(padded, p_at, p_span, pad), p_seen)
    p_units = _unit(p_wave)

    own = _own_width_ms(qrs, hz)
    chosen = _usual_class(found, own)
    main = found.class_of == chosen
    qrs_units, t_units = _unit(qrs - qrs.mean(axis=-1, keepdims=True)), _unit(t_wave)

    def dominant(units: Array) -> Array:
        typical = np.median(units[main], axis=0)
        return np.asarray(typical / max(float(np.linalg.norm(typical)), 1e-9), dtype=np.float64)

    swing = np.sqrt((np.ptp(qrs, axis=-1) ** 2).mean(axis=1))
    area = np.abs(qrs).mean(axis=(1, 2))
    slope = np.abs(np.diff(qrs, axis=-1)).max(axis=-1).max(axis=-1)
    widths = (offset - onset) / fs_hz * 1000.0
    class_width = np.where(found.class_of >= 0, widths[np.maximum(found.class_of, 0)], own)
    like = qrs_units @ dominant(qrs_units)
    class_like = like.copy()
    share = np.zeros(len(at))
    for number, each in enumerate(found.classes):
        class_like[found.class_of == number] = np.median(like[each.members])
        share[found.class_of == number] = each.members.size / len(at)
    scale = np.maximum(swing, 1.0)
    p_others = _others(p_units, like > SAME_LIKE)
    p_energy = (p_wave * p_wave).sum(axis=(1, 2))
    p_like = (p_units * p_others).sum(axis=1)
    hiss = _cut(np.pad(plain - level, ((0, 0), (pad, pad))), p_at, p_span, pad)
    shapes = np.stack(
        [
            like,
            t_units @ dominant(t_units),
            np.concatenate([[1.0], (qrs_units[1:] * qrs_units[:-1]).sum(axis=1)]),
            _log_ratio(swing, float(np.median(swing[main]))),
            _log_ratio(area, float(np.median(area[main]))),
            _log_ratio(slope, float(np.median(slope[main]))),
            own,
            _log_ratio(own, float(np.median(own[main]))),
            class_width,
            _log_ratio(class_width, float(widths[chosen])),
            share,
            class_like,
            p_units @ dominant(p_units),
            p_like,
            np.sqrt(p_energy / p_count) / scale,
            np.sqrt(p_energy * np.maximum(1.0 - p_like * p_like, 0.0) / p_count) / scale,
            np.sqrt((hiss * hiss).mean(axis=(1, 2))) / scale,
        ],
        axis=1,
    )
    cut_off = (at + qrs_span[0] < 0) | (at + qrs_span[-1] >= level.shape[-1])
    if main.any():
        shapes[cut_off] = np.median(shapes[main], axis=0)
    return shapes
