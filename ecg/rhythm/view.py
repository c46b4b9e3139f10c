"""What a window of the recording shows of each beat and of the atria between them.

Everything is dimensionless or in milliseconds, so that gain, rate and number of leads do not matter
to the trained parts that read it. The window's samples are not kept.
"""

from types import MappingProxyType

import numpy as np
import scipy
from numpy.typing import NDArray

from ecg.delineate import Delineation, without_baseline
from ecg.filters import Array, decimate, smoothed
from ecg.rhythm.kin import dominant_of, kin_of, rr_shares

VIEW_FS_HZ = 180.0
SMOOTH_HZ = 30.0
QRS_MS = (-90.0, 130.0)
T_MS = (140.0, 400.0)
QRST_MS = (-90.0, 400.0)
P_MS = (-250.0, -25.0)
WIDTH_SHARE = 0.2
SAME_LIKE = 0.8
AWAY_FLOOR = 0.004
REST_FLOOR = 0.02
QT_ROOT_S = 0.4
P_LEAST_MS = 60.0
NEIGHBOURS = 15

SHAPE_FEATURES = (
    "qrs_like_dominant",
    "t_like_dominant",
    "qrs_like_previous",
    "qrs_away",
    "qrst_rest",
    "log_area",
    "own_width_ms",
    "log_own_width",
    "class_width_ms",
    "log_class_width",
    "kin_share",
    "kin_log_width",
    "kin_away",
    "kin_rr_before_share",
    "kin_rr_after_share",
    "p_like_dominant",
    "p_like_others",
    "p_share",
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


def _others(units: Array, alike: NDArray[np.bool_]) -> Array:
    """Return for each beat the direction of the mean of its like neighbours, itself left out."""
    kept = units * alike[:, np.newaxis]
    around = scipy.ndimage.uniform_filter1d(kept, NEIGHBOURS, axis=0, mode="constant") * NEIGHBOURS
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
        cannot be judged and gets those of the usual beat. "Away" is the distance from the dominant
        shape beside what is usual among the dominant beats; "kin" the mean over the beats alike.
    """
    factor = max(1, int(fs_hz // VIEW_FS_HZ))
    hz = fs_hz / factor
    at = np.clip(found.triggers // factor, 0, samples_uv.shape[-1] // factor - 1)
    plain = without_baseline(decimate(samples_uv, factor), at, hz)
    level = smoothed(plain, hz, SMOOTH_HZ)
    pad = round(0.5 * hz)
    padded = np.pad(level, ((0, 0), (pad, pad)), mode="edge")
    qrs_span, t_span, p_span, qrst_span = (
        np.arange(round(low / 1000.0 * hz), round(high / 1000.0 * hz))
        for low, high in (QRS_MS, T_MS, P_MS, QRST_MS)
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
    qrst = _cut(padded, at, qrst_span, pad)
    qrst = (qrst - np.median(qrst[:, :, :5], axis=-1, keepdims=True)).reshape(len(at), -1)

    judged = (at + qrs_span[0] >= 0) & (at + qrs_span[-1] < level.shape[-1])
    own = _own_width_ms(qrs, hz)
    log_own = np.log(own)
    qrs_units, t_units = _unit(qrs - qrs.mean(axis=-1, keepdims=True)), _unit(t_wave)
    kin = kin_of(qrs_units, judged)
    near = kin / kin.sum(axis=1, keepdims=True)
    main = dominant_of(kin, near @ log_own, judged)

    def dominant(units: Array) -> Array:
        typical = np.median(units[main], axis=0)
        return np.asarray(typical / max(float(np.linalg.norm(typical)), 1e-9), dtype=np.float64)

    swing = np.sqrt((np.ptp(qrs, axis=-1) ** 2).mean(axis=1))
    area = np.abs(qrs).mean(axis=(1, 2))
    widths = (offset - onset) / fs_hz * 1000.0
    class_width = np.where(found.class_of >= 0, widths[np.maximum(found.class_of, 0)], own)
    like = qrs_units @ dominant(qrs_units)
    away = 1.0 - like + AWAY_FLOOR
    away = _log_ratio(away, float(np.median(away[main])))
    typical = np.median(qrst[main], axis=0)
    rest = np.linalg.norm(qrst - typical, axis=1) / max(float(np.linalg.norm(typical)), 1e-9)
    rr_before, rr_after = rr_shares(np.diff(found.triggers) / fs_hz * 1000.0)
    scale = np.maximum(swing, 1.0)
    p_others = _others(p_units, like > SAME_LIKE)
    p_energy = (p_wave * p_wave).sum(axis=(1, 2))
    p_like = (p_units * p_others).sum(axis=1)
    shapes = np.stack(
        [
            like,
            t_units @ dominant(t_units),
            np.concatenate([[1.0], (qrs_units[1:] * qrs_units[:-1]).sum(axis=1)]),
            away,
            np.log(rest + REST_FLOOR),
            _log_ratio(area, float(np.median(area[main]))),
            own,
            log_own - float(np.median(log_own[main])),
            class_width,
            _log_ratio(class_width, float(np.median(class_width[main]))),
            kin.mean(axis=1),
            near @ log_own - float(np.median(log_own[main])),
            near @ away,
            near @ rr_before,
            near @ rr_after,
            p_units @ dominant(p_units),
            p_like,
            np.sqrt(p_energy / p_count) / scale,
        ],
        axis=1,
    )
    shapes[~judged] = np.median(shapes[main], axis=0)
    return shapes
