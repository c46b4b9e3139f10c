"""PR, QRS and QTc."""

from ecg.criteria.subject import WIDE_QRS_MS, Subject, made
from ecg.findings import AHA_2009, Evidence, Finding, FindingCode, Severity
from ecg.signal import Sex

PR_SOURCE = f"{AHA_2009} part II; 220 ms in the old by 诊断学 (人民卫生出版社)"
PR_LONG_MS = 200.0
PR_LONG_OLD_MS = 220.0
OLD_YEARS = 60.0
PR_SHORT_MS = 120.0
QTC_MALE_MS = 450.0
QTC_FEMALE_MS = 460.0
QTC_SHORT_MS = 340.0
QTC_MAX_BPM = 130.0
BUNDLE_BRANCH_SHARE = 0.485


def _pr(subject: Subject) -> list[Finding]:
    value, age = subject.measured.pr_ms, subject.patient.age_years
    limit = PR_LONG_OLD_MS if age is not None and age >= OLD_YEARS else PR_LONG_MS
    if value is None or PR_SHORT_MS <= value <= limit:
        return []
    if value > limit:
        code, threshold = FindingCode.LONG_PR, f"> {limit:g}"
    else:
        code, threshold = FindingCode.SHORT_PR, f"< {PR_SHORT_MS:g}"
    return made(code, Evidence("pr", value, "ms", threshold), PR_SOURCE)


def _qrs(subject: Subject) -> list[Finding]:
    if not subject.wide:
        return []
    evidence = Evidence("qrs", subject.measured.qrs_ms, "ms", f">= {WIDE_QRS_MS:g}")
    return made(FindingCode.WIDE_QRS, evidence, f"{AHA_2009} part III")


def _qtc(subject: Subject) -> list[Finding]:
    measured = subject.measured
    value, rate = measured.qtc_fridericia_ms, measured.heart_rate_bpm
    if value is None or rate is None or measured.qrs_ms is None or rate > QTC_MAX_BPM:
        return []
    limit = QTC_MALE_MS if subject.patient.sex is Sex.MALE else QTC_FEMALE_MS
    source = f"{AHA_2009} part IV; Fridericia decides, Bazett is shown beside it"
    quantity = "qtc_fridericia"
    if subject.wide:
        value = round(value - BUNDLE_BRANCH_SHARE * measured.qrs_ms, 1)
        quantity = "qtc_fridericia_minus_48.5_percent_of_qrs"
        source = f"{source}; Bogossian et al., Heart Rhythm 11:2273, 2014 for wide QRS"
    if value <= QTC_SHORT_MS and not subject.wide:
        evidence = Evidence(quantity, value, "ms", f"<= {QTC_SHORT_MS:g}")
        return made(FindingCode.SHORT_QTC, evidence, source)
    if value < limit:
        return []
    severity = Severity.ROUTINE
    if value >= subject.critical.qtc_orange_ms:
        limit, severity = subject.critical.qtc_orange_ms, Severity.ORANGE
    if value >= subject.critical.qtc_red_ms:
        limit, severity = subject.critical.qtc_red_ms, Severity.RED
    evidence = Evidence(quantity, value, "ms", f">= {limit:g}")
    return made(FindingCode.LONG_QTC, evidence, source, severity)


def interval_findings(subject: Subject) -> list[Finding]:
    """Return what the intervals say."""
    return [*_pr(subject), *_qrs(subject), *_qtc(subject)]
