"""Findings from intervals, axis, voltage and lead placement of the median beat."""

import numpy as np

from ecg.critical import CriticalValues
from ecg.delineate import BeatClass
from ecg.findings import AHA_2009, Evidence, Finding, FindingCode, Severity
from ecg.intervals import Measurements
from ecg.signal import CHEST_LEADS, LIMB_LEADS, Sex

PR_LONG_MS = 200.0
PR_SHORT_MS = 120.0
QRS_WIDE_MS = 120.0
QTC_MALE_MS = 450.0
QTC_FEMALE_MS = 460.0
QTC_SHORT_MS = 340.0
QTC_MAX_BPM = 130.0
BUNDLE_BRANCH_SHARE = 0.485
LOW_LIMB_UV = 500.0
LOW_CHEST_UV = 1000.0
REVERSAL_MIN_UV = 50.0


def _pr(measured: Measurements) -> list[Finding]:
    value = measured.pr_ms
    if value is None or PR_SHORT_MS <= value <= PR_LONG_MS:
        return []
    long = value > PR_LONG_MS
    code = FindingCode.LONG_PR if long else FindingCode.SHORT_PR
    threshold = f"> {PR_LONG_MS:g}" if long else f"< {PR_SHORT_MS:g}"
    evidence = Evidence("pr", value, "ms", threshold)
    return [Finding(code, Severity.ROUTINE, evidence, f"{AHA_2009} part II")]


def _qrs(measured: Measurements) -> list[Finding]:
    if measured.qrs_ms is None or measured.qrs_ms < QRS_WIDE_MS:
        return []
    evidence = Evidence("qrs", measured.qrs_ms, "ms", f">= {QRS_WIDE_MS:g}")
    return [Finding(FindingCode.WIDE_QRS, Severity.ROUTINE, evidence, f"{AHA_2009} part III")]


def _qtc(measured: Measurements, sex: Sex | None, critical: CriticalValues) -> list[Finding]:
    value, rate = measured.qtc_fridericia_ms, measured.heart_rate_bpm
    if value is None or rate is None or measured.qrs_ms is None or rate > QTC_MAX_BPM:
        return []
    limit = QTC_MALE_MS if sex is Sex.MALE else QTC_FEMALE_MS
    source = f"{AHA_2009} part IV; Fridericia decides, Bazett is shown beside it"
    quantity = "qtc_fridericia"
    if measured.qrs_ms >= QRS_WIDE_MS:
        value = round(value - BUNDLE_BRANCH_SHARE * measured.qrs_ms, 1)
        quantity = "qtc_fridericia_minus_48.5_percent_of_qrs"
        source = f"{source}; Bogossian et al., Heart Rhythm 11:2273, 2014 for wide QRS"
    if value <= QTC_SHORT_MS and quantity == "qtc_fridericia":
        evidence = Evidence(quantity, value, "ms", f"<= {QTC_SHORT_MS:g}")
        return [Finding(FindingCode.SHORT_QTC, Severity.ROUTINE, evidence, source)]
    if value < limit:
        return []
    severity = Severity.ROUTINE
    if value >= critical.qtc_orange_ms:
        limit, severity = critical.qtc_orange_ms, Severity.ORANGE
    if value >= critical.qtc_red_ms:
        limit, severity = critical.qtc_red_ms, Severity.RED
    evidence = Evidence(quantity, value, "ms", f">= {limit:g}")
    return [Finding(FindingCode.LONG_QTC, severity, evidence, source)]


def _axis(measured: Measurements) -> list[Finding]:
    angle = measured.axis_qrs_deg
    if angle is None or -30.0 <= angle <= 90.0:
        return []
    if angle > 90.0:
        code, threshold = FindingCode.RIGHT_AXIS_DEVIATION, "> 90"
    elif angle >= -90.0:
        code, threshold = FindingCode.LEFT_AXIS_DEVIATION, "< -30"
    else:
        code, threshold = FindingCode.EXTREME_AXIS_DEVIATION, "< -90"
    evidence = Evidence("axis_qrs", angle, "deg", threshold, leads=("I", "aVF"))
    return [Finding(code, Severity.ROUTINE, evidence, f"{AHA_2009} part III")]


def _low_voltage(beat: BeatClass, leads: tuple[str, ...]) -> list[Finding]:
    marks = beat.fiducials
    swing = np.ptp(beat.median_uv[:, marks.qrs_on : marks.qrs_off + 1], axis=1)
    by_lead = dict(zip(leads, swing, strict=True))
    for group, limit in ((LIMB_LEADS, LOW_LIMB_UV), (CHEST_LEADS, LOW_CHEST_UV)):
        if not set(group) <= set(leads):
            continue
        highest = float(max(by_lead[name] for name in group))
        if highest < limit:
            evidence = Evidence(
                "qrs_peak_to_peak", round(highest), "uV", f"< {limit:g}", leads=group
            )
            return [
                Finding(FindingCode.LOW_VOLTAGE, Severity.ROUTINE, evidence, f"{AHA_2009} part V")
            ]
    return []


def _reversal(beat: BeatClass, leads: tuple[str, ...], has_p: bool) -> list[Finding]:
    """Report lead I upside down in P, QRS and T while V6 is upright (dextrocardia has neither)."""
    if not {"I", "V6"} <= set(leads) or not has_p:
        return []
    marks = beat.fiducials
    one, six = beat.median_uv[leads.index("I")], beat.median_uv[leads.index("V6")]
    net = [
        float(
            row[marks.qrs_on : marks.qrs_off + 1].max()
            + row[marks.qrs_on : marks.qrs_off + 1].min()
        )
        for row in (one, six)
    ]
    if net[0] > -REVERSAL_MIN_UV or net[1] < REVERSAL_MIN_UV:
        return []
    p_peak, t_peak = marks.p_peak, marks.t_peak
    if p_peak is None or marks.p_on is None or t_peak is None:
        return []
    if one[p_peak] - one[marks.p_on] > -20.0 or one[t_peak] > -REVERSAL_MIN_UV / 2.0:
        return []
    evidence = Evidence(
        "net_qrs_lead_i", round(net[0]), "uV", f"< {-REVERSAL_MIN_UV:g}", leads=("I", "V6")
    )
    source = "Rudiger et al., Swiss Med Wkly 137:190-195, 2007 (inverted P-QRS-T in lead I)"
    return [Finding(FindingCode.ARM_LEADS_REVERSED, Severity.ORANGE, evidence, source)]


def criteria_findings(
    measured: Measurements,
    beat: BeatClass,
    leads: tuple[str, ...],
    sex: Sex | None,
    critical: CriticalValues,
) -> list[Finding]:
    """Return the findings on one dominant median beat, adults only.

    Parameters
    ----------
    measured
        From `ecg.intervals.measure`.
    beat, leads
        The median beat and the names of its rows.
    sex
        None takes the higher QTc limit; the caller says so in the result.
    critical
        The community's critical values.
    """
    return [
        *_reversal(beat, leads, measured.pr_ms is not None),
        *_pr(measured),
        *_qrs(measured),
        *_qtc(measured, sex, critical),
        *_axis(measured),
        *_low_voltage(beat, leads),
    ]
