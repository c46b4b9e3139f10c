"""RR statistics, beat labels and the rhythm findings."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ecg.critical import CRITICAL_LIST
from ecg.filters import Array, running_median
from ecg.findings import AHA_2009, Evidence, Finding, FindingCode, Severity
from ecg.intervals import Measurements

SLOW_BPM = 60.0
FAST_BPM = 100.0
EXTREME_SLOW_BPM = 35.0
VT_BPM = 150.0
VERY_FAST_BPM = 180.0
WIDE_QRS_MS = 120.0
PAUSE_MS = 2000.0
PAUSE_ORANGE_MS = 3000.0
PAUSE_RED_MS = 5000.0
PAUSE_OVER_USUAL = 1.5
AF_RMSSD_SHARE = 0.12
IRREGULAR_SHARE = 0.10
AF_MIN_BEATS = 6
PREMATURE_SHARE = 0.85
RR_MEDIAN = 9
MAX_EVIDENCE_BEATS = 50

DASH_2009 = (
    "Dash et al., Ann Biomed Eng 37:1701-1709, 2009 (RMSSD over mean RR), limit ours; no P wave"
)


class BeatLabel(StrEnum):
    """Beat labels of the JSON contract; F and P are not yet assigned."""

    NORMAL = "N"
    VENTRICULAR = "V"
    SUPRAVENTRICULAR = "S"
    FUSION = "F"
    PACED = "P"
    UNKNOWN = "Q"


@dataclass(frozen=True)
class RrStatistics:
    """Of the intervals between beats of the dominant shape.

    Attributes
    ----------
    mean_ms, median_ms, longest_ms, shortest_ms
        Of all intervals.
    rmssd_share
        Root mean square of successive differences over the mean; of dominant pairs only.
    spread_share
        Interquartile range over the median.
    """

    count: int
    mean_ms: float
    median_ms: float
    shortest_ms: float
    longest_ms: float
    rmssd_share: float
    spread_share: float


def rr_statistics(rr_ms: Array, labels: tuple[BeatLabel, ...]) -> RrStatistics | None:
    """Return the statistics, or None with fewer than two beats.

    Parameters
    ----------
    rr_ms
        Shape (n_beats - 1,).
    labels
        One a beat: intervals that touch a V, S or Q beat do not count as irregularity.
    """
    if rr_ms.size == 0:
        return None
    plain = np.array([label is BeatLabel.NORMAL for label in labels])
    kept = plain[:-1] & plain[1:]
    steps = np.diff(rr_ms)[kept[:-1] & kept[1:]]
    usual = rr_ms[kept] if kept.any() else rr_ms
    share = float(np.sqrt((steps * steps).mean()) / usual.mean()) if steps.size >= 3 else 0.0
    lower, upper = np.percentile(usual, [25.0, 75.0])
    return RrStatistics(
        count=int(rr_ms.size),
        mean_ms=float(rr_ms.mean()),
        median_ms=float(np.median(rr_ms)),
        shortest_ms=float(rr_ms.min()),
        longest_ms=float(rr_ms.max()),
        rmssd_share=share,
        spread_share=float((upper - lower) / np.median(usual)),
    )


def label_beats(
    rr_ms: Array, class_of: NDArray[np.int64], qrs_ms: NDArray[np.float64]
) -> tuple[BeatLabel, ...]:
    """Label beats from shape, width and prematurity.

    Parameters
    ----------
    rr_ms
        Shape (n_beats - 1,).
    class_of
        Shape class of each beat, 0 the dominant one, -1 none; shape (n_beats,).
    qrs_ms
        QRS duration of each beat's class, NaN where unknown; shape (n_beats,).

    Notes
    -----
    V: another shape, at least 110 ms and wider than the dominant one, or premature. S: the dominant
    shape, premature by 15 % against the running median, in an otherwise regular rhythm. Q: another
    shape that is neither.
    """
    count = class_of.size
    dominant = qrs_ms[class_of == 0]
    usual_width = float(dominant[0]) if dominant.size else np.nan
    early = np.zeros(count, dtype=bool)
    regular = False
    if rr_ms.size >= 3:
        usual = running_median(rr_ms, min(RR_MEDIAN, 2 * (rr_ms.size // 2) + 1))
        early[1:] = rr_ms < PREMATURE_SHARE * usual
        share = rr_ms / usual
        regular = bool(np.percentile(np.abs(share - 1.0), 60.0) < 0.06)
    labels: list[BeatLabel] = []
    for index in range(count):
        shape, wide = int(class_of[index]), qrs_ms[index]
        if shape == 0:
            premature = regular and early[index] and index + 1 < count
            labels.append(BeatLabel.SUPRAVENTRICULAR if premature else BeatLabel.NORMAL)
        elif shape > 0 and ((wide >= 110.0 and wide > usual_width + 10.0) or early[index]):
            labels.append(BeatLabel.VENTRICULAR)
        else:
            labels.append(BeatLabel.UNKNOWN)
    return tuple(labels)


def _where(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(index) for index in np.flatnonzero(mask)[:MAX_EVIDENCE_BEATS])


def pause_findings(leading_ms: float, gaps_ms: Array, usual_ms: float) -> list[Finding]:
    """Report the longest gap between beats, or from an edge of the recording to the next beat.

    Parameters
    ----------
    leading_ms
        Time from the recording's begin to the first beat.
    gaps_ms
        Gap after each beat; shape (n_beats,), the last being the time to the recording's end.
    usual_ms
        Median RR interval.
    """
    longest = max(leading_ms, float(gaps_ms.max()))
    if longest < PAUSE_MS or longest < PAUSE_OVER_USUAL * usual_ms:
        return []
    severity = Severity.ROUTINE
    if longest >= PAUSE_ORANGE_MS:
        severity = Severity.ORANGE
    if longest >= PAUSE_RED_MS:
        severity = Severity.RED
    beats = _where((gaps_ms >= PAUSE_MS) & (gaps_ms >= PAUSE_OVER_USUAL * usual_ms))
    evidence = Evidence("rr", round(longest), "ms", f">= {PAUSE_MS:g}", beats=beats)
    return [Finding(FindingCode.PAUSE, severity, evidence, CRITICAL_LIST)]


def ectopic_findings(labels: tuple[BeatLabel, ...]) -> list[Finding]:
    """Count premature beats by label."""
    found: list[Finding] = []
    for label, code in (
        (BeatLabel.VENTRICULAR, FindingCode.VENTRICULAR_ECTOPIC_BEATS),
        (BeatLabel.SUPRAVENTRICULAR, FindingCode.SUPRAVENTRICULAR_ECTOPIC_BEATS),
    ):
        mask = np.array([each is label for each in labels], dtype=bool)
        if mask.any():
            evidence = Evidence("beats", float(mask.sum()), "beats", ">= 1", beats=_where(mask))
            found.append(
                Finding(
                    code, Severity.ROUTINE, evidence, f"{AHA_2009} part II; shape and prematurity"
                )
            )
    return found


def _rate_finding(rate: float, wide: bool, sinus: bool) -> Finding | None:
    def finding(code: FindingCode, severity: Severity, threshold: str, source: str) -> Finding:
        return Finding(code, severity, Evidence("heart_rate", rate, "bpm", threshold), source)

    code = FindingCode
    if rate <= EXTREME_SLOW_BPM:
        return finding(
            code.EXTREME_BRADYCARDIA, Severity.RED, f"<= {EXTREME_SLOW_BPM:g}", CRITICAL_LIST
        )
    if wide and (rate >= VT_BPM or (rate > FAST_BPM and not sinus)):
        severity = Severity.RED if rate >= VT_BPM else Severity.ORANGE
        limit = VT_BPM if rate >= VT_BPM else FAST_BPM
        return finding(code.WIDE_QRS_TACHYCARDIA, severity, f">= {limit:g}", CRITICAL_LIST)
    if rate < SLOW_BPM:
        kind = code.SINUS_BRADYCARDIA if sinus else code.BRADYCARDIA
        return finding(kind, Severity.ROUTINE, f"< {SLOW_BPM:g}", f"{AHA_2009} part II")
    if rate > FAST_BPM:
        kind = code.SINUS_TACHYCARDIA if sinus and rate < VERY_FAST_BPM else code.TACHYCARDIA
        severity = Severity.ORANGE if rate >= VERY_FAST_BPM else Severity.ROUTINE
        return finding(kind, severity, f"> {FAST_BPM:g}", f"{AHA_2009} part II")
    if sinus:
        return finding(
            code.SINUS_RHYTHM, Severity.NORMAL, f"{SLOW_BPM:g}-{FAST_BPM:g}", f"{AHA_2009} part II"
        )
    return None


def _undetermined(measured: Measurements) -> Finding:
    evidence = Evidence("heart_rate", measured.heart_rate_bpm, "bpm")
    return Finding(
        FindingCode.UNDETERMINED_RHYTHM,
        Severity.ROUTINE,
        evidence,
        f"{AHA_2009} part II; no P wave",
    )


def rhythm_findings(statistics: RrStatistics | None, measured: Measurements) -> list[Finding]:
    """Name the rhythm from its rate, regularity and P waves.

    Sinus: a P wave before QRS in the median beat whose frontal axis, where known, lies in 0-90
    degrees. Suspected AF: irregular by `AF_RMSSD_SHARE` and no P wave. Irregular with a P wave:
    said as such. Where nothing can be said, that is.
    """
    if statistics is None:
        return [_undetermined(measured)]
    has_p = measured.pr_ms is not None
    axis = measured.axis_p_deg
    upright = axis is None or -15.0 <= axis <= 105.0
    irregular = statistics.rmssd_share >= IRREGULAR_SHARE and statistics.count >= AF_MIN_BEATS - 1
    fibrillating = irregular and statistics.rmssd_share >= AF_RMSSD_SHARE and not has_p
    wide = measured.qrs_ms is not None and measured.qrs_ms >= WIDE_QRS_MS
    sinus = has_p and upright and not fibrillating
    found: list[Finding] = []
    share = round(statistics.rmssd_share, 3)
    if fibrillating:
        severity = (
            Severity.ORANGE
            if (measured.heart_rate_bpm or 0.0) >= VERY_FAST_BPM
            else Severity.ROUTINE
        )
        evidence = Evidence("rmssd_over_mean_rr", share, None, f">= {AF_RMSSD_SHARE:g}")
        found.append(
            Finding(FindingCode.SUSPECTED_ATRIAL_FIBRILLATION, severity, evidence, DASH_2009)
        )
    elif irregular:
        evidence = Evidence("rmssd_over_mean_rr", share, None, f">= {IRREGULAR_SHARE:g}")
        found.append(Finding(FindingCode.IRREGULAR_RHYTHM, Severity.ROUTINE, evidence, DASH_2009))
    if measured.heart_rate_bpm is not None:
        rate = _rate_finding(measured.heart_rate_bpm, wide, sinus)
        if rate is not None:
            found.append(rate)
    return found or [_undetermined(measured)]
