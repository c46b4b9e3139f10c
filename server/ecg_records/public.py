"""What other capabilities may know of ECG records."""

from server.ecg_records.follower import ARRIVED, EcgFollower
from server.ecg_records.models import EcgRecord, RecordSeverity, ScreeningStatus
from server.ecg_records.screening import SCREENED

__all__ = [
    "ARRIVED",
    "SCREENED",
    "EcgFollower",
    "EcgRecord",
    "RecordSeverity",
    "ScreeningStatus",
]
