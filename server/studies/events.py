"""What others hear of studies: topics and ids."""

from datetime import datetime
from typing import Final

from server.realtime.public import Occurrence

ARRIVED: Final = "study.arrived"
UPDATED: Final = "study.updated"


def study_event(topic: str, study_pk: str, org: str, at: datetime) -> Occurrence:
    """Return what happened to a study of a community, as an event."""
    return Occurrence(
        org=org, topic=topic, at=at, study_id=study_pk, payload={"study_id": study_pk}
    )
