"""What other capabilities may know of ECG records."""

from server.ecg_records.follower import ARRIVED, EcgFollower, acquired_at
from server.ecg_records.models import EcgRecord, RecordSeverity, ScreeningStatus
from server.ecg_records.schemas import FindingOut, findings_out
from server.ecg_records.screening import SCREENED

__all__ = [
    "ARRIVED",
    "SCREENED",
    "EcgFollower",
    "EcgRecord",
    "FindingOut",
    "RecordSeverity",
    "ScreeningStatus",
    "acquired_at",
    "findings_out",
]
