"""What other capabilities may know of ECG records."""

from server.ecg_records.follower import ARRIVED, EcgFollower, acquired_at
from server.ecg_records.models import EcgRecord, RecordSeverity, ScreeningStatus
from server.ecg_records.schemas import EcgDetailOut, FindingOut, findings_out
from server.ecg_records.screening import SCREENED
from server.ecg_records.workbench import PaperStyle, UnreadableEcg

__all__ = [
    "ARRIVED",
    "SCREENED",
    "EcgDetailOut",
    "EcgFollower",
    "EcgRecord",
    "FindingOut",
    "PaperStyle",
    "RecordSeverity",
    "ScreeningStatus",
    "UnreadableEcg",
    "acquired_at",
    "findings_out",
]
