"""What other capabilities may know of scheduled examinations."""

from server.scheduling.arrivals import ArrivedStudy, ExamArrivals, Order
from server.scheduling.models import ScheduledExam
from server.scheduling.search import (
    START_DATE,
    START_TIME,
    STATION,
    STEP,
    WORKLIST_KEYS,
    WorklistPage,
    WorklistSearch,
)
from server.scheduling.service import SchedulingService

__all__ = [
    "START_DATE",
    "START_TIME",
    "STATION",
    "STEP",
    "WORKLIST_KEYS",
    "ArrivedStudy",
    "ExamArrivals",
    "Order",
    "ScheduledExam",
    "SchedulingService",
    "WorklistPage",
    "WorklistSearch",
]
