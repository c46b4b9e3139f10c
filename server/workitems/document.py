"""A request as a Unified Procedure Step, in DICOM JSON (PS3.4 Table CC.2.5-3, PS3.18 F)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword

from server.requests.public import DiagnosisRequest, RequestKind, RequestStatus, Risk
from server.studies.public import Study, written
from server.workitems.models import Workitem
from server.workitems.states import STEP_STATES
from server.workitems.uids import UPS_PUSH, uid_of

Json = dict[str, Any]

CHINA: Final = timezone(timedelta(hours=8))
"""The zone of what is written, and of what is asked without one."""
_LABELS: Final = {RequestKind.ECG: "ECG", RequestKind.IMAGING: "IMAGING"}


@dataclass(frozen=True)
class Step:
    """A request with what is told of it."""

    request: DiagnosisRequest
    study: Study
    workitem: Workitem | None
    diagnosing: str
    """Name of the institution that reads."""
    requesting: str
    performer: str | None
    """Name of who holds it, or finished it."""
    is_ready: bool
    """Whether its images are complete."""

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return self.workitem.uid if self.workitem is not None else uid_of(self.request.id)


def document(step: Step, base: str) -> Json:
    """Return all attributes but the Transaction UID, which is never told (PS3.18 11.5)."""
    request, study = step.request, step.study
    status = RequestStatus(request.status)
    urgent = request.emergency or Risk(request.risk) is Risk.RED
    kind = _LABELS[RequestKind(request.kind)]
    values: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": UPS_PUSH,
        "SOPInstanceUID": step.uid,
        "AccessionNumber": study.accession_number,
        "StudyInstanceUID": study.study_instance_uid,
        "PatientName": study.patient_name,
        "PatientID": study.patient_id,
        "PatientBirthDate": study.patient_birth_date,
        "PatientSex": study.patient_sex,
        "TimezoneOffsetFromUTC": "+0800",
        "ProcedureStepState": STEP_STATES[status].value,
        "ScheduledProcedureStepPriority": "HIGH" if urgent else "MEDIUM",
        "ProcedureStepLabel": f"{kind} {request.modality or ''}".strip(),
        "WorklistLabel": step.diagnosing,
        "ScheduledProcedureStepModificationDateTime": _latest(request),
        "ScheduledProcedureStepStartDateTime": request.received_at,
        "ExpectedCompletionDateTime": request.due_at,
        "CommentsOnTheScheduledProcedureStep": request.complaint,
        "InputReadinessState": _readiness(step, status),
        "InputInformationSequence": [
            {
                "TypeOfInstances": "DICOM",
                "StudyInstanceUID": study.study_instance_uid,
                "WADORSRetrievalSequence": [
                    {"RetrieveURL": f"{base}/studies/{study.study_instance_uid}"}
                ],
            }
        ],
        "ScheduledWorkitemCodeSequence": [
            {
                "CodeValue": "110005",
                "CodingSchemeDesignator": "DCM",
                "CodeMeaning": "Interpretation",
            }
        ],
        "ReferencedRequestSequence": [
            {
                "StudyInstanceUID": study.study_instance_uid,
                "AccessionNumber": study.accession_number,
                "RequestingService": step.requesting,
            }
        ],
        "ActualHumanPerformersSequence": (
            [{"HumanPerformerName": step.performer}] if step.performer else []
        ),
        "ProcedureStepProgressInformationSequence": _progress(step),
    }
    return encoded(values)


def _latest(request: DiagnosisRequest) -> datetime:
    moments = (request.received_at, request.claimed_at, request.opened_at, request.closed_at)
    return max(moment for moment in moments if moment is not None)


def _readiness(step: Step, status: RequestStatus) -> str:
    if status is RequestStatus.ON_HOLD:
        return "INCOMPLETE"
    return "READY" if step.is_ready else "INCOMPLETE"


def _progress(step: Step) -> list[dict[str, object]]:
    request, workitem = step.request, step.workitem
    said: dict[str, object] = {}
    if workitem is not None and workitem.progress_percent is not None:
        said["ProcedureStepProgress"] = str(workitem.progress_percent)
    if workitem is not None and workitem.progress_description:
        said["ProcedureStepProgressDescription"] = workitem.progress_description
    if STEP_STATES[RequestStatus(request.status)] == "CANCELED" and request.closed_at is not None:
        said["ProcedureStepCancellationDateTime"] = request.closed_at
    if request.return_comment:
        said["ReasonForCancellation"] = request.return_comment
    return [said] if said else []


def encoded(values: Mapping[str, object]) -> Json:
    """Return attributes by keyword as DICOM JSON; what is None or empty has no value."""
    return {
        f"{tag:08X}": _element(keyword, value)
        for keyword, value in values.items()
        if (tag := tag_for_keyword(keyword)) is not None
    }


def _element(keyword: str, value: object) -> Json:
    vr = dictionary_VR(keyword)
    if vr == "SQ":
        items = [encoded(item) for item in value] if isinstance(value, Sequence) else []
        return {"vr": vr, "Value": items} if items else {"vr": vr}
    if isinstance(value, datetime):
        return {"vr": vr, "Value": [f"{value.astimezone(CHINA):%Y%m%d%H%M%S}+0800"]}
    found = written(value)
    if not found:
        return {"vr": vr}
    if vr == "PN":
        return {"vr": vr, "Value": [person_name(str(found[0]))]}
    return {"vr": vr, "Value": found}


def person_name(name: str) -> Json:
    """Return a PN value's groups (PS3.18 F.2.2)."""
    groups = dict(zip(("Alphabetic", "Ideographic", "Phonetic"), name.split("=", 2), strict=False))
    return {key: text for key, text in groups.items() if text}
