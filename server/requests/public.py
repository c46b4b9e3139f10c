"""What other capabilities may know of requests."""

from server.requests.directories import ConsultDirectory, NoConsults, NoReports, ReportDirectory
from server.requests.follower import RequestFollower
from server.requests.models import (
    REQUEST_TRANSITIONS,
    DiagnosisRequest,
    RequestEvent,
    RequestKind,
    RequestStatus,
    Risk,
)
from server.requests.risk import RiskRaiser
from server.requests.schemas import ReportRef, RequestOut
from server.requests.service import RequestRef, RequestService
from server.requests.worklist import Worklist

__all__ = [
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
    "RequestRef",
    "RequestService",
    "RequestStatus",
    "Risk",
    "RiskRaiser",
    "Worklist",
]
