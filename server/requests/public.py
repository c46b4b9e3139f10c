"""What other capabilities may know of requests."""

from server.requests.directories import ConsultDirectory, NoConsults, NoReports, ReportDirectory
from server.requests.events import CHANGED, OPENED, occurrence
from server.requests.follower import RequestFollower
from server.requests.models import (
    CLAIMED,
    REQUEST_TRANSITIONS,
    DiagnosisRequest,
    RequestEvent,
    RequestKind,
    RequestStatus,
    Risk,
)
from server.requests.risk import RiskRaiser
from server.requests.schemas import ReportRef, RequestOut, RequestPatch
from server.requests.service import RequestRef, RequestService
from server.requests.worklist import Worklist

__all__ = [
    "CHANGED",
    "CLAIMED",
    "OPENED",
    "REQUEST_TRANSITIONS",
    "ConsultDirectory",
    "DiagnosisRequest",
    "NoConsults",
    "NoReports",
    "ReportDirectory",
    "ReportRef",
    "RequestEvent",
    "RequestFollower",
    "RequestKind",
    "RequestOut",
    "RequestPatch",
    "RequestRef",
    "RequestService",
    "RequestStatus",
    "Risk",
    "RiskRaiser",
    "Worklist",
    "occurrence",
]
