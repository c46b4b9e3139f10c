"""What others hear of requests: topics and ids."""

from datetime import datetime
from typing import Final

from server.realtime.public import Occurrence
from server.requests.models import DiagnosisRequest

OPENED: Final = "request.opened"
CHANGED: Final = "request.changed"
ALARM_RAISED: Final = "alarm.raised"
"""A red case has nobody who answers it."""
ALARM_ANSWERED: Final = "alarm.answered"
"""Somebody did, or it is no longer to be read: it falls silent for all."""


def occurrence(topic: str, request: DiagnosisRequest, at: datetime, **more: str) -> Occurrence:
    """Return what happened to ``request``, as an event; its payload holds ``more``, too."""
    return Occurrence(
        org=request.org,
        topic=topic,
        at=at,
        study_id=request.study_pk,
        payload={
            "request_id": request.id,
            "study_id": request.study_pk,
            "status": str(request.status),
            **more,
        },
    )
