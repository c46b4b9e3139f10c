"""What other capabilities may know of scheduled examinations."""

from server.scheduling.arrivals import ArrivedStudy, ExamArrivals, Order
from server.scheduling.completeness import ended_studies
from server.scheduling.models import PerformedStep, PerformedStudy, ScheduledExam
from server.scheduling.performed import PerformedSteps, forget_performed
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
from server.scheduling.step_attributes import AttributesError, Fault

__all__ = [
    "START_DATE",
    "START_TIME",
    "STATION",
    "STEP",
    "WORKLIST_KEYS",
    "ArrivedStudy",
    "AttributesError",
    "ExamArrivals",
    "Fault",
    "Order",
    "PerformedStep",
    "PerformedSteps",
    "PerformedStudy",
    "ScheduledExam",
    "SchedulingService",
    "WorklistPage",
    "WorklistSearch",
    "ended_studies",
    "forget_performed",
]
