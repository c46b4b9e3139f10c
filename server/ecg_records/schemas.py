"""Wire types of ECGs."""

from typing import Any, Literal

from pydantic import BaseModel, JsonValue

from ecg.findings import DISCLAIMER_EN, DISCLAIMER_ZH
from server.core.wire import UtcTime
from server.ecg_records.models import RecordSeverity, ScreeningStatus
from server.identity.public import InstitutionRef
from server.patients.public import PatientOut

PaperLayout = Literal["3x4", "6x2", "12x1"]

PaperSpeed = Literal["12.5", "25", "50"]
PaperGain = Literal["5", "10", "20"]


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


class EcgReceivedOut(BaseModel):
    """An ECG that was taken in, as DICOM has it; what was sent is kept beside it.

    ``id`` is null for an ECG that came before records of ECGs were kept. ``sha256`` is of the bytes
    sent; ``duplicate`` says that the same file had come before.
    """

    id: str | None
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sha256: str
    duplicate: bool


class FiltersOut(BaseModel):
    """Filters the file says were applied before it was written; null where it says nothing."""

    low_cut_hz: float | None
    high_cut_hz: float | None
    notch_hz: float | None


class WaveformOut(BaseModel):
    """Up to a minute of samples, and what the device says of them.

    ``samples`` is base64 of little-endian int16 of shape (leads, samples), lead after lead;
    -32768 marks what was not recorded. ``duration_s`` is the whole recording's.
    """

    fs_hz: float
    leads: list[str]
    uv_per_unit: float
    samples: str
    start_s: float
    duration_s: float
    filters: FiltersOut
    device: str | None
    device_statements: list[str]
    device_measurements: dict[str, float]


class MedianBeatOut(BaseModel):
    """A dominant median beat, to be laid over another recording's beats.

    ``traces_mv`` by lead, zero before QRS; ``r`` is the sample that stands at an R wave.
    """

    fs_hz: float
    r: int
    traces_mv: dict[str, list[float]]


class PreviousOut(BaseModel):
    """The patient's ECG before this one, and what changed since.

    ``comparison`` is the JSON object of ``ecg compare --json``; null where there is no previous
    one, or one of the two was not screened. ``median`` is the previous recording's.
    """

    previous: EcgOut | None
    comparison: dict[str, JsonValue] | None
    median: MedianBeatOut | None
    notice_zh: str = DISCLAIMER_ZH
    notice_en: str = DISCLAIMER_EN


class EcgPage(BaseModel):
    """One page of ECGs, newest first."""

    items: list[EcgOut]
    next: str | None


def findings_out(findings: list[dict[str, Any]] | None) -> list[FindingOut]:
    """Return stored findings as lists show them."""
    return [FindingOut.model_validate(each) for each in findings or ()]
