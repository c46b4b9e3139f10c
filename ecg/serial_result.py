"""What a serial comparison found, and its JSON."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ecg.findings import DISCLAIMER_EN, DISCLAIMER_ZH, Severity
from ecg.jsontypes import JsonObject
from ecg.screening import Screening


class Reservation(StrEnum):
    """What stands against a comparison, or against trusting all of it."""

    OTHER_PATIENT_ID = "other_patient_id"
    OTHER_SEX = "other_sex"
    OTHER_BIRTH_DATE = "other_birth_date"
    PREVIOUS_UNINTERPRETABLE = "previous_uninterpretable"
    CURRENT_UNINTERPRETABLE = "current_uninterpretable"
    NO_COMMON_LEAD = "no_common_lead"
    UNKNOWN_PATIENT = "unknown_patient"
    OTHER_LEADS = "other_leads"
    OTHER_FILTERS = "other_filters"
    LEADS_REVERSED = "leads_reversed"
    WRONG_ORDER = "wrong_order"


_R = Reservation
BLOCKING = frozenset(
    (
        _R.OTHER_PATIENT_ID,
        _R.OTHER_SEX,
        _R.OTHER_BIRTH_DATE,
        _R.PREVIOUS_UNINTERPRETABLE,
        _R.CURRENT_UNINTERPRETABLE,
        _R.NO_COMMON_LEAD,
    )
)
"""With one of these, nothing is compared."""

RESERVATION_TEXTS = MappingProxyType(
    {
        _R.OTHER_PATIENT_ID: ("患者编号不同，不作比较", "different patient ids: not compared"),
        _R.OTHER_SEX: ("性别不同，不作比较", "different sexes: not compared"),
        _R.OTHER_BIRTH_DATE: ("出生日期不同，不作比较", "different birth dates: not compared"),
        _R.PREVIOUS_UNINTERPRETABLE: (
            "既往图形质量差，无法比较",
            "the previous ECG is uninterpretable: not compared",
        ),
        _R.CURRENT_UNINTERPRETABLE: (
            "本次图形质量差，无法比较",
            "the current ECG is uninterpretable: not compared",
        ),
        _R.NO_COMMON_LEAD: ("无共同导联，无法比较", "no lead in common: not compared"),
        _R.UNKNOWN_PATIENT: (
            "记录中无患者编号，请核对为同一患者",
            "a recording names no patient id: check that both are of one patient",
        ),
        _R.OTHER_LEADS: (
            "导联不同，仅比较共有导联",
            "different lead sets: only common leads are compared",
        ),
        _R.OTHER_FILTERS: (
            "采集滤波不同，ST段比较须谨慎",
            "different acquisition filters: judge ST changes with care",
        ),
        _R.LEADS_REVERSED: (
            "疑似导联接反，电轴及各导联比较不可靠",
            "suspected lead reversal: axis and lead changes are not reliable",
        ),
        _R.WRONG_ORDER: ("既往记录晚于本次记录", "the previous recording is the later one"),
    }
)


class ChangeKind(StrEnum):
    """What changed."""

    RHYTHM = "rhythm"
    NEW_FINDING = "new_finding"
    GONE_FINDING = "gone_finding"
    PR = "pr"
    QRS = "qrs"
    QTC = "qtc"
    AXIS = "axis"
    ST_RISE = "st_rise"
    ST_FALL = "st_fall"
    T_INVERTED = "t_inverted"
    T_UPRIGHT = "t_upright"
    QRS_SHAPE = "qrs_shape"


@dataclass(frozen=True)
class Difference:
    """One number that both recordings show.

    Attributes
    ----------
    quantity, lead
        Name in `ecg.intervals.Measurements` or `ecg.amplitudes.LeadMeasurements`, or
        ``qrs_correlation``; the lead where it is one lead's.
    before, after, by
        The numbers and the change, of angles the smaller turn, clockwise positive.
    unit
        ``bpm``, ``ms``, ``deg``, ``mV`` or None.
    limit, source
        From which change on it counts, and who says so; None where there is no such limit.
    """

    quantity: str
    lead: str | None
    before: float
    after: float
    by: float
    unit: str | None
    limit: float | None
    source: str | None

    @property
    def notable(self) -> bool:
        """Whether it reached its limit."""
        return self.limit is not None and abs(self.by) >= self.limit

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        return {**self.__dict__, "notable": self.notable}


@dataclass(frozen=True)
class Change:
    """One statement on what changed."""

    kind: ChangeKind
    severity: Severity
    text_zh: str
    text_en: str
    source: str
    leads: tuple[str, ...] = ()

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        return {
            "kind": self.kind.value,
            "severity": self.severity.value,
            "text_zh": self.text_zh,
            "text_en": self.text_en,
            "leads": list(self.leads),
            "source": self.source,
        }


@dataclass(frozen=True)
class Comparison:
    """What changed from one recording to the next.

    Attributes
    ----------
    previous, current
        The two screenings.
    reservations
        What stands against comparing or trusting it.
    differences
        Every number that both show.
    changes
        What matters of it, the most severe first.
    """

    previous: Screening
    current: Screening
    reservations: tuple[Reservation, ...] = ()
    differences: tuple[Difference, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether they were compared at all."""
        return not BLOCKING.intersection(self.reservations)

    @property
    def severity(self) -> Severity:
        """The worst change's; normal where nothing changed, routine where nothing was compared."""
        if not self.comparable:
            return Severity.ROUTINE
        return self.changes[0].severity if self.changes else Severity.NORMAL

    def to_dict(self) -> JsonObject:
        """Return the JSON object of ``ecg compare --json`` without its files."""
        times = [each.signal.acquired_at for each in (self.previous, self.current)]
        before, after = (at.isoformat() if at else None for at in times)
        return {
            "previous_acquired_at": before,
            "current_acquired_at": after,
            "comparable": self.comparable,
            "severity": self.severity.value,
            "reservations": [
                {
                    "code": each.value,
                    "text_zh": RESERVATION_TEXTS[each][0],
                    "text_en": RESERVATION_TEXTS[each][1],
                }
                for each in self.reservations
            ],
            "changes": [each.to_dict() for each in self.changes],
            "differences": [each.to_dict() for each in self.differences],
            "notice_zh": DISCLAIMER_ZH,
            "notice_en": DISCLAIMER_EN,
            "rules_version": self.current.rules_version,
        }
