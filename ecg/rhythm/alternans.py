"""T wave alternans that the eye sees: every other T wave is another one, QRS and RR stay.

The measure is that of the modified moving average (Nearing & Verrier, J Appl Physiol 92:541, 2002):
the largest difference between the average T waves of even and odd beats. We ask for more than its
47 or 60 microvolts, in two leads, of every beat, as ten seconds hold few of them.
"""

from dataclasses import dataclass

import numpy as np

from ecg.critical import CRITICAL_LIST
from ecg.delineate import Delineation, without_baseline
from ecg.filters import Array, decimate, smoothed
from ecg.findings import Evidence, Finding, FindingCode, LeadEvidence, LeadRole, Severity

WORK_FS_HZ = 125.0
SMOOTH_HZ = 25.0
STRETCH_BEATS = 16
MIN_BEATS = 8
ST_MS = 40.0
AFTER_T_MS = 40.0
QRS_MS = (-60.0, 60.0)
EDGE_MS = 24.0
MIN_MV = 0.1
MIN_LEADS = 2
EACH_SHARE = 0.5
REGULAR_SHARE = 0.06
RR_SHARE = 0.02
QRS_TO_T_SHARE = 0.5
MIN_T_SHARE = 0.15

SOURCE = f"Nearing & Verrier, J Appl Physiol 92:541, 2002; limit ours; {CRITICAL_LIST}"


@dataclass(frozen=True)
class Alternans:
    """A stretch of beats whose T waves alternate.

    Attributes
    ----------
    by_lead_mv
        Largest difference between even and odd T waves in each lead that shows it, in millivolts.
    beats
        Positions of its first beat and after its last one.
    """

    by_lead_mv: dict[str, float]
    beats: tuple[int, int]

    def moved(self, beats: int) -> "Alternans":
        """Return it with ``beats`` added to the positions."""
        return Alternans(self.by_lead_mv, (self.beats[0] + beats, self.beats[1] + beats))


def _straightened(cut: Array, edge: int) -> Array:
    """Subtract the line between the means of the first and last ``edge`` samples."""
    first = cut[..., :edge].mean(axis=-1, keepdims=True)
    last = cut[..., -edge:].mean(axis=-1, keepdims=True)
    return np.asarray(cut - first - (last - first) * np.linspace(0.0, 1.0, cut.shape[-1]))


def _halves(beats: Array) -> Array:
    """Return even less odd, (n_leads, width), of (n_beats, n_leads, width)."""
    return np.asarray(beats[::2].mean(axis=0) - beats[1::2].mean(axis=0))


def _steady(rr: Array) -> bool:
    """Whether the intervals are regular and do not alternate themselves."""
    usual = float(rr.mean())
    apart = abs(float(rr[::2].mean() - rr[1::2].mean()))
    return float(np.abs(rr - usual).max()) <= REGULAR_SHARE * usual and apart <= RR_SHARE * usual


def _alternating(t_waves: Array, qrs: Array) -> Array:
    """Return how much T alternates in each lead that shows it of every beat, else 0; (n_leads,)."""
    apart = _halves(t_waves)
    height = np.abs(apart).max(axis=-1)
    around = t_waves[1:-1] - (t_waves[:-2] + t_waves[2:]) / 2.0
    sign = np.where(np.arange(1, len(t_waves) - 1) % 2 == 0, 1.0, -1.0)
    power = np.maximum((apart * apart).sum(axis=-1), 1e-9)
    each = sign[:, np.newaxis] * (around * apart).sum(axis=-1) / power
    t_share = height / np.maximum(np.abs(t_waves.mean(axis=0)).max(axis=-1), height / 2.0)
    qrs_share = np.abs(_halves(qrs)).max(axis=-1) / np.maximum(
        np.ptp(qrs.mean(axis=0), axis=-1), 1e-9
    )
    shown = (each.min(axis=0) >= EACH_SHARE) & (t_share >= MIN_T_SHARE)
    return np.where(shown & (qrs_share <= QRS_TO_T_SHARE * t_share), height, 0.0)


def alternans_of(
    samples_uv: Array, names: tuple[str, ...], found: Delineation, fs_hz: float
) -> Alternans | None:
    """Look for the stretch of 8 to 16 beats in which T alternates most, if any.

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
    """
    if not found.classes or found.triggers.size < MIN_BEATS:
        return None
    marks = found.classes[0].fiducials
    if marks.t_off is None:
        return None
    factor = max(1, int(fs_hz // WORK_FS_HZ))
    hz = fs_hz / factor
    at = found.triggers // factor
    begin = (marks.qrs_off - found.before) / factor + ST_MS / 1000.0 * hz
    end = (marks.t_off - found.before) / factor + AFTER_T_MS / 1000.0 * hz
    t_span = np.arange(round(begin), round(end))
    qrs_span = np.arange(round(QRS_MS[0] / 1000.0 * hz), round(QRS_MS[1] / 1000.0 * hz))
    edge = max(1, round(EDGE_MS / 1000.0 * hz))
    if t_span.size < 4 * edge:
        return None
    level = smoothed(without_baseline(decimate(samples_uv, factor), at, hz), hz, SMOOTH_HZ)
    inner = np.flatnonzero((at + qrs_span[0] >= 0) & (at + t_span[-1] < level.shape[-1]))
    best: Alternans | None = None
    for start in range(0, max(1, inner.size - MIN_BEATS + 1), STRETCH_BEATS // 2):
        members = inner[start : start + STRETCH_BEATS]
        if members.size < MIN_BEATS or not _steady(np.diff(at[members]).astype(np.float64)):
            continue
        t_waves = level[:, at[members][:, np.newaxis] + t_span].transpose(1, 0, 2)
        qrs = level[:, at[members][:, np.newaxis] + qrs_span].transpose(1, 0, 2)
        height = _alternating(_straightened(t_waves, edge), qrs) / 1000.0
        shown = {
            name: round(float(each), 3)
            for name, each in zip(names, height, strict=True)
            if each >= MIN_MV
        }
        if len(shown) >= MIN_LEADS and (
            best is None or max(shown.values()) > max(best.by_lead_mv.values())
        ):
            best = Alternans(shown, (int(members[0]), int(members[-1]) + 1))
    return best


def largest(parts: list[tuple[Alternans | None, int]]) -> Alternans | None:
    """Return the one that alternates most; each part comes with its number of beats."""
    best: Alternans | None = None
    before = 0
    for each, count in parts:
        if each is not None and (
            best is None or max(each.by_lead_mv.values()) > max(best.by_lead_mv.values())
        ):
            best = each.moved(before)
        before += count
    return best


def alternans_findings(found: Alternans | None) -> list[Finding]:
    """Report T wave alternans."""
    if found is None:
        return []
    limit = f">= {MIN_MV:g}"
    evidence = Evidence(
        "t_alternans",
        max(found.by_lead_mv.values()),
        "mV",
        f"{limit} in {MIN_LEADS} leads",
        leads=tuple(found.by_lead_mv),
        beats=tuple(range(*found.beats)),
        by_lead=tuple(
            LeadEvidence(lead, value, limit, LeadRole.CRITERION)
            for lead, value in found.by_lead_mv.items()
        ),
    )
    return [Finding(FindingCode.T_WAVE_ALTERNANS, Severity.RED, evidence, SOURCE)]
