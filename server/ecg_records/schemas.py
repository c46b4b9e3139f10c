"""Wire types of ECGs."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, JsonValue

from ecg.findings import DISCLAIMER_EN, DISCLAIMER_ZH
from server.core.wire import UtcTime
from server.ecg_records.models import RecordSeverity, ScreeningStatus
from server.identity.public import InstitutionRef
from server.patients.public import PatientOut

PaperLayout = Literal["3x4", "6x2", "12x1"]


def _number(word: object) -> object:
    """Turn a query's word into a number: a literal takes only what it names, and it says so."""
    return int(word) if isinstance(word, str) and word.isascii() and word.isdigit() else word


PaperSpeed = Annotated[Literal[25, 50], BeforeValidator(_number)]
PaperGain = Annotated[Literal[5, 10, 20], BeforeValidator(_number)]


class FindingOut(BaseModel):
    """A machine's hint, as lists show it."""

    code: str
    text_zh: str
    text_en: str
    severity: str


class EcgOut(BaseModel):
    """An ECG as the list shows it."""

    id: str
    study_instance_uid: str
    sop_instance_uid: str
    patient: PatientOut
    acquired_at: UtcTime | None
    received_at: UtcTime
    institution: InstitutionRef
    status: ScreeningStatus
    severity: RecordSeverity | None
    heart_rate_bpm: float | None
    findings: list[FindingOut]


class EcgDetailOut(EcgOut):
    """An ECG with its whole screening, and how the machine's words must be labelled."""

    screening: dict[str, JsonValue] | None
    failure: str | None
    notice_zh: str = DISCLAIMER_ZH
    notice_en: str = DISCLAIMER_EN


class EcgPage(BaseModel):
    """One page of ECGs, newest first."""

    items: list[EcgOut]
    next: str | None


def findings_out(findings: list[dict[str, Any]] | None) -> list[FindingOut]:
    """Return stored findings as lists show them."""
    return [FindingOut.model_validate(each) for each in findings or ()]
