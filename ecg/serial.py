"""Serial comparison: what changed between two recordings of one patient.

Method
------
Intervals: a change counts from the two-sigma limit of the difference of two readings on, which is
``sqrt(2 * (on**2 + off**2))`` of the CSE Working Party's two-sigma limits of each boundary (Eur
Heart J 6:815-825, 1985: P on 10.2, QRS on 6.5, QRS off 11.6, T off 30.6 ms). QTc is asked to change
by as much as QT; from 60 ms more on it is serious (ICH E14, 2005, section 3.2.2). ST counts from
0.1 mV at J on in two contiguous leads or one (Fourth Universal Definition, Circulation 138:e618,
2018, for new elevation), T where 0.1 mV upright became 0.1 mV inverted or the reverse. The axis and
the likeness of QRS have no agreed limits: electrode placement alone turns and reshapes them
(Schijvenaars et al., J Electrocardiol 41:190-196, 2008). 30 degrees, and a correlation under 0.9 in
a third of the leads, are ours: two recordings of one healthy heart may differ in V3 and V4. With
QRS from 120 ms on in either recording, ST and T changes may be secondary and are not graded above
routine.
"""

from collections.abc import Iterable, Mapping

from ecg.criteria.subject import CONTIGUOUS
from ecg.findings import Finding, FindingCode, Severity
from ecg.findings.quality import QUALITY
from ecg.findings.rhythm import RHYTHM
from ecg.likeness import qrs_likeness
from ecg.screening import Screening
from ecg.serial_result import (
    BLOCKING,
    Change,
    ChangeKind,
    Comparison,
    Difference,
    Reservation,
)

CSE = "two-sigma limits of the CSE Working Party, Eur Heart J 6:815, 1985, for two readings"
E14 = "ICH E14 (2005) 3.2.2"
UDMI = "Fourth Universal Definition of Myocardial Infarction, Circulation 138:e618, 2018"
OURS = "ours; cf. Schijvenaars et al., J Electrocardiol 41:190, 2008"

PR_MS, QRS_MS, QT_MS = 17.1, 18.8, 44.2
QTC_SERIOUS_MS = 60.0
AXIS_DEG = 30.0
ST_MV = 0.1
T_MV = 0.1
ALIKE = 0.9
UNLIKE_SHARE = 1.0 / 3.0
SECONDARY_QRS_MS = 120.0

_ECTOPICS = frozenset(
    (
        FindingCode.PAUSE,
        FindingCode.VENTRICULAR_ECTOPIC_BEATS,
        FindingCode.SUPRAVENTRICULAR_ECTOPIC_BEATS,
    )
)
_QUIET = frozenset((*QUALITY, FindingCode.WITHIN_NORMAL_LIMITS, FindingCode.ST_NOT_ASSESSED))
_REVERSED = frozenset(
    (
        FindingCode.ARM_LEADS_REVERSED,
        FindingCode.LIMB_LEADS_REVERSED,
        FindingCode.CHEST_LEADS_REVERSED,
    )
)
_MEASURED = (
    ("heart_rate_bpm", "bpm", None, None),
    ("pr_ms", "ms", PR_MS, CSE),
    ("qrs_ms", "ms", QRS_MS, CSE),
    ("qt_ms", "ms", QT_MS, CSE),
    ("qtc_fridericia_ms", "ms", QT_MS, CSE),
    ("qtc_bazett_ms", "ms", None, None),
    ("axis_p_deg", "deg", None, None),
    ("axis_qrs_deg", "deg", AXIS_DEG, OURS),
    ("axis_t_deg", "deg", None, None),
)
_INTERVALS = (
    (ChangeKind.PR, "pr_ms", "PR间期", "PR"),
    (ChangeKind.QRS, "qrs_ms", "QRS时限", "QRS"),
    (ChangeKind.QTC, "qtc_fridericia_ms", "QTcF", "QTcF"),
)


def _rhythm(screening: Screening) -> list[Finding]:
    return [
        each for each in screening.findings if each.code in RHYTHM and each.code not in _ECTOPICS
    ]


def _reservations(
    previous: Screening, current: Screening, *, matched: bool
) -> tuple[Reservation, ...]:
    """Return what stands against comparing, or against trusting it."""
    before, after = previous.signal, current.signal
    one, other = before.patient, after.patient
    ids = [each.id.strip().casefold() for each in (one, other) if each.id and each.id.strip()]
    common = set(before.leads) & set(after.leads)
    codes = {each.code for each in (*previous.findings, *current.findings)}
    holds = {
        Reservation.UNKNOWN_PATIENT: not matched and len(ids) < 2,
        Reservation.OTHER_PATIENT_ID: not matched and len(set(ids)) == 2,
        Reservation.OTHER_SEX: _differ(one.sex, other.sex),
        Reservation.OTHER_BIRTH_DATE: _differ(one.birth_date, other.birth_date),
        Reservation.PREVIOUS_UNINTERPRETABLE: not previous.interpretable,
        Reservation.CURRENT_UNINTERPRETABLE: not current.interpretable,
        Reservation.NO_COMMON_LEAD: not common,
        Reservation.OTHER_LEADS: bool(common) and set(before.leads) != set(after.leads),
        Reservation.OTHER_FILTERS: before.filters != after.filters,
        Reservation.LEADS_REVERSED: bool(_REVERSED & codes),
        Reservation.WRONG_ORDER: _later(previous, current),
    }
    return tuple(each for each, held in holds.items() if held)


def _differ(one: object, other: object) -> bool:
    """Whether both are known and not the same."""
    return one is not None and other is not None and one != other


def _later(previous: Screening, current: Screening) -> bool:
    """Whether the previous recording is the later one, as far as two clocks can be compared."""
    before, after = previous.signal.acquired_at, current.signal.acquired_at
    if before is None or after is None:
        return False
    if (before.tzinfo is None) is not (after.tzinfo is None):
        before, after = before.replace(tzinfo=None), after.replace(tzinfo=None)
    return before > after


def _turned(before: float, after: float) -> float:
    """Return the smaller turn from one angle to another, -180 (exclusive) to 180 degrees."""
    turn = (after - before) % 360.0
    return turn - 360.0 if turn > 180.0 else turn


def _differences(previous: Screening, current: Screening) -> list[Difference]:
    """Return every number measured in both, with its limit where there is one."""
    before, after = previous.measurements.__dict__, current.measurements.__dict__
    found: list[Difference] = []
    for name, unit, limit, source in _MEASURED:
        one, other = before[name], after[name]
        if one is None or other is None:
            continue
        by = _turned(one, other) if unit == "deg" else other - one
        found.append(Difference(name, None, one, other, round(by, 1), unit, limit, source))
    for lead, j_mv in previous.st_j_mv.items():
        if lead in current.st_j_mv:
            now = current.st_j_mv[lead]
            by = round(now - j_mv, 3)
            found.append(Difference("st_j_mv", lead, j_mv, now, by, "mV", ST_MV, UDMI))
    for lead, measured in previous.leads_measured.items():
        t_now = current.leads_measured[lead].t_mv if lead in current.leads_measured else None
        if measured.t_mv is None or t_now is None:
            continue
        by = round(t_now - measured.t_mv, 3)
        found.append(Difference("t_mv", lead, measured.t_mv, t_now, by, "mV", None, None))
    for lead, likeness in qrs_likeness(previous, current).items():
        by = round(likeness - 1.0, 3)
        found.append(
            Difference(
                "qrs_correlation", lead, 1.0, likeness, by, None, round(1.0 - ALIKE, 3), OURS
            )
        )
    return found


def _contiguous(leads: Iterable[str]) -> bool:
    own = set(leads)
    return any(own.issuperset(pair) for pair in CONTIGUOUS)


def _interval_changes(by_name: Mapping[str, Difference]) -> list[Change]:
    found: list[Change] = []
    for kind, name, zh, en in _INTERVALS:
        each = by_name.get(name)
        if each is None or not each.notable:
            continue
        serious = kind is ChangeKind.QTC and each.by >= QTC_SERIOUS_MS
        span = f"{each.before:.0f}→{each.after:.0f} ms"
        found.append(
            Change(
                kind,
                Severity.ORANGE if serious else Severity.ROUTINE,
                f"{zh}较前{'延长' if each.by > 0.0 else '缩短'} {abs(each.by):.0f} ms（{span}）",
                f"{en} {'longer' if each.by > 0.0 else 'shorter'}: {each.by:+.0f} ms ({span})",
                E14 if serious else CSE,
            )
        )
    axis = by_name.get("axis_qrs_deg")
    if axis is not None and axis.notable:
        span = f"{axis.before:.0f}°→{axis.after:.0f}°"
        way = ("右", "rightward") if axis.by > 0.0 else ("左", "leftward")
        found.append(
            Change(
                ChangeKind.AXIS,
                Severity.ROUTINE,
                f"QRS电轴较前{way[0]}移 {abs(axis.by):.0f}°（{span}）",
                f"QRS axis {abs(axis.by):.0f}° {way[1]} ({span})",
                OURS,
            )
        )
    return found


def _listed(differences: Iterable[Difference]) -> tuple[str, str]:
    """Return leads with what they changed by, for Chinese and for English."""
    words = [f"{each.lead} {each.by:+.2f}" for each in differences]
    return "、".join(words), ", ".join(words)


def _lead_changes(differences: list[Difference], *, secondary: bool) -> list[Change]:
    """Return changes of ST, T and QRS shape, each with its leads together."""
    groups: list[tuple[ChangeKind, str, str, list[Difference], str]] = []
    st = [each for each in differences if each.quantity == "st_j_mv" and each.notable]
    rise, fall = [each for each in st if each.by > 0.0], [each for each in st if each.by < 0.0]
    t_waves = [each for each in differences if each.quantity == "t_mv"]
    inverted = [each for each in t_waves if each.before >= T_MV and each.after <= -T_MV]
    upright = [each for each in t_waves if each.before <= -T_MV and each.after >= T_MV]
    groups.append((ChangeKind.ST_RISE, "ST段（J点）较前上移", "ST (J) higher", rise, UDMI))
    groups.append((ChangeKind.ST_FALL, "ST段（J点）较前下移", "ST (J) lower", fall, UDMI))
    groups.append((ChangeKind.T_INVERTED, "T波较前转为倒置", "T now inverted", inverted, UDMI))
    groups.append((ChangeKind.T_UPRIGHT, "T波较前转为直立", "T now upright", upright, UDMI))
    found: list[Change] = []
    for kind, zh, en, group, source in groups:
        if not group:
            continue
        leads = tuple(each.lead for each in group if each.lead)
        early = _contiguous(leads) and not secondary and kind is not ChangeKind.T_UPRIGHT
        listed_zh, listed_en = _listed(group)
        also = (
            ("，QRS增宽，可能为继发性", ", wide QRS, perhaps secondary") if secondary else ("", "")
        )
        found.append(
            Change(
                kind,
                Severity.ORANGE if early else Severity.ROUTINE,
                f"{zh}：{listed_zh} mV{also[0]}",
                f"{en}: {listed_en} mV{also[1]}",
                source,
                leads,
            )
        )
    unlike = [each for each in differences if each.quantity == "qrs_correlation" and each.notable]
    judged = sum(each.quantity == "qrs_correlation" for each in differences)
    if unlike and len(unlike) >= UNLIKE_SHARE * judged:
        leads = tuple(each.lead for each in unlike if each.lead)
        found.append(
            Change(
                ChangeKind.QRS_SHAPE,
                Severity.ROUTINE,
                f"QRS形态较前改变：{'、'.join(leads)}",
                f"QRS shape changed: {', '.join(leads)}",
                OURS,
                leads,
            )
        )
    return found


def _finding_changes(previous: Screening, current: Screening) -> list[Change]:
    """Return the rhythm where it changed, then findings that are new and those that are gone."""
    found: list[Change] = []
    before, after = _rhythm(previous), _rhythm(current)
    if {each.code for each in before} != {each.code for each in after}:
        span_zh, span_en = (
            "→".join(sep.join(words) or none for words in sides)
            for sep, none, sides in (
                ("、", "未定", ([e.text_zh for e in before], [e.text_zh for e in after])),
                (", ", "none", ([e.text_en for e in before], [e.text_en for e in after])),
            )
        )
        severity = _worst([each.severity for each in after], Severity.ROUTINE)
        found.append(
            Change(
                ChangeKind.RHYTHM,
                severity,
                f"心律较前改变：{span_zh}",
                f"Rhythm changed: {span_en}",
                after[0].source if after else "none found",
            )
        )
    spoken = {each.code for each in (*before, *after)} | _QUIET
    old = {each.code for each in previous.findings}
    new = {each.code for each in current.findings}
    for each in current.findings:
        if each.code not in old | spoken:
            severity = _worst([each.severity], Severity.ROUTINE)
            texts = f"新出现：{each.text_zh}", f"New: {each.text_en}"
            leads = each.evidence.leads
            found.append(Change(ChangeKind.NEW_FINDING, severity, *texts, each.source, leads))
    for each in previous.findings:
        if each.code not in new | spoken:
            texts = f"不再出现：{each.text_zh}", f"No longer seen: {each.text_en}"
            leads = each.evidence.leads
            gone = Change(ChangeKind.GONE_FINDING, Severity.ROUTINE, *texts, each.source, leads)
            found.append(gone)
    return found


def _worst(severities: list[Severity], at_least: Severity) -> Severity:
    order = list(Severity)
    return min([*severities, at_least], key=order.index)


def compare(previous: Screening, current: Screening, *, matched: bool = False) -> Comparison:
    """Compare two screened recordings of one patient.

    Parameters
    ----------
    previous, current
        The earlier and the later recording, screened by the same rules.
    matched
        Whether the caller knows by other means that both are of one patient: ids, which every
        institution gives its own, are not looked at then. Sex and birth date always are.

    Returns
    -------
    Comparison
        Without differences and changes where a reservation forbids them (`BLOCKING`): another
        patient, no common lead, or one recording that cannot be judged.
    """
    reservations = _reservations(previous, current, matched=matched)
    if BLOCKING.intersection(reservations):
        return Comparison(previous, current, reservations)
    differences = _differences(previous, current)
    by_name = {each.quantity: each for each in differences if each.lead is None}
    widest = max(previous.measurements.qrs_ms or 0.0, current.measurements.qrs_ms or 0.0)
    changes = [
        *_finding_changes(previous, current),
        *_interval_changes(by_name),
        *_lead_changes(differences, secondary=widest >= SECONDARY_QRS_MS),
    ]
    order = list(Severity)
    changes.sort(key=lambda each: order.index(each.severity))
    return Comparison(previous, current, reservations, tuple(differences), tuple(changes))
