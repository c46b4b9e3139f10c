"""How alike two recordings' QRS complexes are, lead by lead."""

import numpy as np

from ecg.delineate import BeatClass
from ecg.filters import Array, low_pass
from ecg.screening import Screening

COMPARED_FS_HZ = 250.0
COMPARED_LOW_PASS_HZ = 40.0
MARGIN_MS = 20.0
SHIFT_MS = 40.0
LEAST_UV = 200.0


def _resampled(screening: Screening, beat: BeatClass, leads: list[str], span_ms: float) -> Array:
    """Return the beat from `SHIFT_MS` and a margin before QRS on, at `COMPARED_FS_HZ`.

    Shape (n_leads, n), n the same for the same ``span_ms``. Both recordings lose what lies above
    `COMPARED_LOW_PASS_HZ`, so that one filtered by its machine is like one that was not.
    """
    fs_hz = screening.median_fs_hz or COMPARED_FS_HZ
    rows = [screening.median_leads.index(lead) for lead in leads]
    smooth = low_pass(beat.median_uv[rows], fs_hz, COMPARED_LOW_PASS_HZ)
    first_ms = beat.fiducials.qrs_on * 1000.0 / fs_hz - MARGIN_MS - SHIFT_MS
    count = round((span_ms + 2.0 * (MARGIN_MS + SHIFT_MS)) / 1000.0 * COMPARED_FS_HZ)
    at_ms = first_ms + np.arange(count) * 1000.0 / COMPARED_FS_HZ
    from_ms = np.arange(smooth.shape[-1]) * 1000.0 / fs_hz
    return np.stack([np.interp(at_ms, from_ms, row) for row in smooth])


def _correlations(one: Array, other: Array) -> Array:
    """Return Pearson's correlation of each row, 0 where a row is flat."""
    one = one - one.mean(axis=-1, keepdims=True)
    other = other - other.mean(axis=-1, keepdims=True)
    scale = np.sqrt((one * one).sum(axis=-1) * (other * other).sum(axis=-1))
    product = (one * other).sum(axis=-1)
    alike: Array = np.divide(product, scale, out=np.zeros_like(product), where=scale > 0.0)
    return alike


def qrs_likeness(previous: Screening, current: Screening) -> dict[str, float]:
    """Correlate the QRS of two dominant median beats.

    Parameters
    ----------
    previous, current
        Two screenings, of any sampling rates.

    Returns
    -------
    dict
        Pearson's correlation, -1 to 1, of each usable lead that both have and in which both QRS
        swing by `LEAST_UV`, at the shift, the same for all leads, at which they agree best.
    """
    one, other = previous.median_beat, current.median_beat
    leads = [lead for lead in previous.median_leads if lead in current.median_leads]
    if one is None or other is None or not leads:
        return {}
    spans = [
        (beat.fiducials.qrs_off - beat.fiducials.qrs_on) * 1000.0 / (each.median_fs_hz or 1.0)
        for beat, each in ((one, previous), (other, current))
    ]
    before = _resampled(previous, one, leads, max(spans))
    after = _resampled(current, other, leads, max(spans))
    reach = round(SHIFT_MS / 1000.0 * COMPARED_FS_HZ)
    width = before.shape[-1] - 2 * reach
    still = before[:, reach : reach + width]
    moved = [after[:, shift : shift + width] for shift in range(2 * reach + 1)]
    weights = np.ptp(still, axis=-1)
    best = max(moved, key=lambda piece: float(_correlations(still, piece) @ weights))
    alike = _correlations(still, best)
    seen = (weights >= LEAST_UV) & (np.ptp(best, axis=-1) >= LEAST_UV)
    return {
        lead: round(float(value), 3)
        for lead, value, shown in zip(leads, alike, seen, strict=True)
        if shown
    }
