"""The basic rhythm from rate, regularity, P waves and QRS width."""

from ecg.critical import CRITICAL_LIST, CriticalValues
from ecg.findings import AHA_2009, Finding, Severity
from ecg.findings import FindingCode as Code
from ecg.rhythm.strip import Strip, finding

SLOW_BPM = 60.0
FAST_BPM = 100.0
SUPRAVENTRICULAR_BPM = 150.0
JUNCTIONAL_BPM = 60.0
ACCELERATED_BPM = 100.0
WIDE_QRS_MS = 120.0
IDIOVENTRICULAR_QRS_MS = 140.0
IDIOVENTRICULAR_BPM = 40.0
IRREGULAR_SHARE = 0.10
REGULAR_SHARE = 0.05
SINUS_ARRHYTHMIA_MS = 120.0
MIN_RR = 5
NO_P_LIKE = 0.3
SINUS_AXIS_DEG = (-30.0, 120.0)
SHORT_PR_MS = 120.0

PART_TWO = f"{AHA_2009} part II"


def extreme_findings(strip: Strip, critical: CriticalValues) -> list[Finding]:
    """Report a ventricular rate that is critically slow, whatever the rhythm."""
    rate = strip.measured.heart_rate_bpm
    if rate is None or rate > critical.slow_red_bpm:
        return []
    limit = f"<= {critical.slow_red_bpm:g}"
    return [
        finding(
            Code.EXTREME_BRADYCARDIA,
            Severity.RED,
            "heart_rate",
            rate,
            "bpm",
            limit,
            CRITICAL_LIST,
        )
    ]


def _wide_fast(rate: float, critical: CriticalValues) -> Finding:
    red = rate >= critical.wide_red_bpm
    limit = critical.wide_red_bpm if red else FAST_BPM
    return finding(
        Code.WIDE_QRS_TACHYCARDIA,
        Severity.RED if red else Severity.ORANGE,
        "heart_rate",
        rate,
        "bpm",
        f">= {limit:g}",
        CRITICAL_LIST,
    )


def _sinus(strip: Strip, rate: float, critical: CriticalValues) -> list[Finding]:
    """Name a rhythm with sinus P waves."""
    if rate >= critical.narrow_orange_bpm:
        return [_supraventricular(rate, critical)]
    code, severity, limit = Code.SINUS_RHYTHM, Severity.NORMAL, f"{SLOW_BPM:g}-{FAST_BPM:g}"
    if rate < SLOW_BPM:
        code, severity, limit = Code.SINUS_BRADYCARDIA, Severity.ROUTINE, f"< {SLOW_BPM:g}"
    elif rate > FAST_BPM:
        code, severity, limit = Code.SINUS_TACHYCARDIA, Severity.ROUTINE, f"> {FAST_BPM:g}"
    found = [finding(code, severity, "heart_rate", rate, "bpm", limit, PART_TWO)]
    statistics = strip.statistics
    if statistics is not None and statistics.count >= MIN_RR:
        varies = statistics.range_ms >= SINUS_ARRHYTHMIA_MS
        if varies and statistics.rmssd_share >= IRREGULAR_SHARE / 2.0:
            found.append(
                finding(
                    Code.SINUS_ARRHYTHMIA,
                    # Breathing does it: alone it is a normal variant.
                    Severity.NORMAL,
                    "rr_range",
                    round(statistics.range_ms),
                    "ms",
                    f">= {SINUS_ARRHYTHMIA_MS:g}",
                    PART_TWO,
                )
            )
    return found


def _supraventricular(rate: float, critical: CriticalValues) -> Finding:
    orange = rate >= critical.narrow_orange_bpm
    limit = critical.narrow_orange_bpm if orange else SUPRAVENTRICULAR_BPM
    return finding(
        Code.SUPRAVENTRICULAR_TACHYCARDIA,
        Severity.ORANGE if orange else Severity.ROUTINE,
        "heart_rate",
        rate,
        "bpm",
        f">= {limit:g}",
        f"{PART_TWO}; {CRITICAL_LIST}",
    )


def _without_p(strip: Strip, rate: float, critical: CriticalValues) -> list[Finding]:
    """Name a rhythm whose median beat has no P wave."""
    qrs_ms = strip.measured.qrs_ms
    statistics = strip.statistics
    regular = (
        statistics is not None
        and statistics.count >= MIN_RR
        and statistics.rmssd_share <= REGULAR_SHARE
        and strip.p_like < NO_P_LIKE
    )
    narrow = qrs_ms is not None and qrs_ms < WIDE_QRS_MS
    code: Code | None = None
    severity, limit = Severity.ROUTINE, ""
    if narrow and rate >= SUPRAVENTRICULAR_BPM:
        return [_supraventricular(rate, critical)]
    if regular and narrow and rate <= ACCELERATED_BPM:
        slow = rate <= JUNCTIONAL_BPM
        code = Code.JUNCTIONAL_RHYTHM if slow else Code.ACCELERATED_JUNCTIONAL_RHYTHM
        limit = f"<= {JUNCTIONAL_BPM if slow else ACCELERATED_BPM:g}"
    elif regular and qrs_ms is not None and qrs_ms >= IDIOVENTRICULAR_QRS_MS:
        code, severity = Code.IDIOVENTRICULAR_RHYTHM, Severity.ORANGE
        limit = f"<= {FAST_BPM:g}, QRS >= {IDIOVENTRICULAR_QRS_MS:g} ms"
    if code is not None and rate <= FAST_BPM:
        return [
            finding(
                code, severity, "heart_rate", rate, "bpm", limit, f"{PART_TWO}; no P wave, regular"
            )
        ]
    if rate < SLOW_BPM:
        code, limit = Code.BRADYCARDIA, f"< {SLOW_BPM:g}"
    elif rate > FAST_BPM:
        code, limit = Code.TACHYCARDIA, f"> {FAST_BPM:g}"
        if rate >= critical.narrow_orange_bpm:
            severity = Severity.ORANGE
    else:
        return []
    return [finding(code, severity, "heart_rate", rate, "bpm", limit, PART_TWO)]


def _ectopic_atrial(strip: Strip, rate: float) -> list[Finding]:
    """Name a rhythm whose P axis is not that of the sinus node."""
    pr_ms = strip.measured.pr_ms
    junctional = pr_ms is not None and pr_ms < SHORT_PR_MS
    code = Code.JUNCTIONAL_RHYTHM if junctional else Code.ECTOPIC_ATRIAL_RHYTHM
    return [
        finding(
            code,
            Severity.ROUTINE,
            "axis_p",
            strip.measured.axis_p_deg,
            "deg",
            f"outside {SINUS_AXIS_DEG[0]:g} to {SINUS_AXIS_DEG[1]:g}",
            f"{PART_TWO}; retrograde or low atrial P wave at {rate:g} bpm",
            leads=("I", "aVF"),
        )
    ]


def basic_findings(strip: Strip, critical: CriticalValues) -> list[Finding]:
    """Name the basic rhythm where it is neither fibrillation, flutter nor paced.

    Sinus: a P wave before QRS in the median beat whose frontal axis, where known, is that of the
    sinus node. Where nothing can be said, that is.
    """
    measured, statistics = strip.measured, strip.statistics
    rate = measured.heart_rate_bpm
    if rate is None or statistics is None:
        return [_undetermined(strip)]
    if rate <= critical.slow_red_bpm:
        return extreme_findings(strip, critical)
    has_p, axis = measured.pr_ms is not None, measured.axis_p_deg
    upright = axis is None or SINUS_AXIS_DEG[0] <= axis <= SINUS_AXIS_DEG[1]
    sinus = has_p and upright
    wide = measured.qrs_ms is not None and measured.qrs_ms >= WIDE_QRS_MS
    found: list[Finding] = []
    irregular = statistics.rmssd_share >= IRREGULAR_SHARE and statistics.count >= MIN_RR
    if irregular and not sinus:
        share = round(statistics.rmssd_share, 3)
        found.append(
            finding(
                Code.IRREGULAR_RHYTHM,
                Severity.ROUTINE,
                "rmssd_over_mean_rr",
                share,
                None,
                f">= {IRREGULAR_SHARE:g}",
                "Dash et al., Ann Biomed Eng 37:1701-1709, 2009 (RMSSD over mean RR), limit ours",
            )
        )
    if wide and (rate >= critical.wide_red_bpm or (rate > FAST_BPM and not sinus)):
        found.append(_wide_fast(rate, critical))
    elif sinus:
        found += _sinus(strip, rate, critical)
    elif has_p and rate <= FAST_BPM:
        found += _ectopic_atrial(strip, rate)
    elif has_p:
        found += _sinus_like(rate, critical)
    else:
        found += _without_p(strip, rate, critical)
    return found or [_undetermined(strip)]


def _sinus_like(rate: float, critical: CriticalValues) -> list[Finding]:
    """Name a fast rhythm with P waves that are not the sinus node's."""
    if rate >= SUPRAVENTRICULAR_BPM:
        return [_supraventricular(rate, critical)]
    return [
        finding(
            Code.TACHYCARDIA,
            Severity.ROUTINE,
            "heart_rate",
            rate,
            "bpm",
            f"> {FAST_BPM:g}",
            PART_TWO,
        )
    ]


def _undetermined(strip: Strip) -> Finding:
    return finding(
        Code.UNDETERMINED_RHYTHM,
        Severity.ROUTINE,
        "heart_rate",
        strip.measured.heart_rate_bpm,
        "bpm",
        None,
        f"{PART_TWO}; no P wave",
    )
