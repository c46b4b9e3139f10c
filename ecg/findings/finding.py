"""A finding: its code with severity, evidence and source."""

from dataclasses import dataclass
from enum import StrEnum

from ecg.findings.codes import FindingCode
from ecg.findings.definitions import DEFINITIONS
from ecg.findings.qualifiers import QUALIFIER_TEXTS, Qualifier
from ecg.jsontypes import JsonObject


class Severity(StrEnum):
    """How soon a physician must look: at once, early, in turn, or nothing to see."""

    RED = "red"
    ORANGE = "orange"
    ROUTINE = "routine"
    NORMAL = "normal"


class LeadRole(StrEnum):
    """What a lead's value says."""

    ELEVATION = "elevation"
    RECIPROCAL = "reciprocal"
    CRITERION = "criterion"


@dataclass(frozen=True)
class LeadEvidence:
    """One lead's value and limit, in the unit of the evidence it belongs to."""

    lead: str
    value: float
    threshold: str
    role: LeadRole

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        return {
            "lead": self.lead,
            "value": self.value,
            "threshold": self.threshold,
            "role": self.role.value,
        }


@dataclass(frozen=True)
class Evidence:
    """What a finding rests on.

    Attributes
    ----------
    leads
        Names of the leads concerned; empty where it concerns all.
    beats
        Positions in the screening's list of beats.
    quantity, value, unit
        What was measured.
    threshold
        The limit in the same unit, with its relation, such as ``">= 120"``.
    by_lead
        Value and limit of each lead, where they differ from lead to lead.
    """

    quantity: str
    value: float | str | None = None
    unit: str | None = None
    threshold: str | None = None
    leads: tuple[str, ...] = ()
    beats: tuple[int, ...] = ()
    by_lead: tuple[LeadEvidence, ...] = ()

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        return {
            "quantity": self.quantity,
            "value": self.value,
            "unit": self.unit,
            "threshold": self.threshold,
            "leads": list(self.leads),
            "beats": list(self.beats),
            "by_lead": [each.to_dict() for each in self.by_lead],
        }


@dataclass(frozen=True)
class Finding:
    """One statement with its severity, evidence and source."""

    code: FindingCode
    severity: Severity
    evidence: Evidence
    source: str
    qualifiers: tuple[Qualifier, ...] = ()

    @property
    def text_zh(self) -> str:
        """The Chinese statement with its qualifiers."""
        words = [QUALIFIER_TEXTS[each][0] for each in self.qualifiers]
        return "，".join([DEFINITIONS[self.code].text_zh, *words])

    @property
    def text_en(self) -> str:
        """The English statement with its qualifiers."""
        words = [QUALIFIER_TEXTS[each][1] for each in self.qualifiers]
        return ", ".join([DEFINITIONS[self.code].text_en, *words])

    def to_dict(self) -> JsonObject:
        """Return the JSON object, standard codes included."""
        definition = DEFINITIONS[self.code]
        return {
            "code": self.code.value,
            "text_zh": self.text_zh,
            "text_en": self.text_en,
            "qualifiers": [each.value for each in self.qualifiers],
            "severity": self.severity.value,
            "evidence": self.evidence.to_dict(),
            "source": self.source,
            "scp": definition.scp,
            "snomed": definition.snomed,
        }
