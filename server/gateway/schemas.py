"""Wire types of the gateway's page and command."""

from datetime import datetime

from pydantic import BaseModel

from server.gateway.models import OutboundState, Rank


class AdviceOut(BaseModel):
    """What is wrong, in its stable word, and what to do."""

    fault: str
    zh: str
    en: str


class SendingOut(BaseModel):
    """How far the object is that is being sent."""

    offset: int
    size: int


class OverviewOut(BaseModel):
    """How the gateway is, without a word about anybody's data."""

    county_url: str
    contacted_at: datetime | None
    fault: AdviceOut | None
    fault_detail: str | None
    fault_since: datetime | None
    bytes_per_s: int | None
    limit_kbit_s: int | None
    """The speed limit of this hour; 0 where emergencies alone go, null where there is none."""
    sending: SendingOut | None
    waiting_emergencies: int
    waiting: int
    waiting_bytes: int
    oldest_waiting_at: datetime | None
    refused: int
    confirmed: int
    """Of those whose record is still kept."""
    quarantined: int
    """What was refused here already, when its device sent it."""
    free_bytes: int
    is_full: bool
    """Whether devices are refused for want of room."""


class RefusedOut(BaseModel):
    """An object that somebody must look at."""

    number: int
    received_at: datetime
    patient_name: str | None
    patient_id: str | None
    modality: str | None
    source: str
    size: int
    answer: str
    answer_detail: str | None
    advice: AdviceOut


class StudyOut(BaseModel):
    """A study, or what of it waits."""

    study_instance_uid: str
    received_at: datetime
    patient_name: str | None
    patient_id: str | None
    modality: str | None
    source: str
    rank: Rank
    states: dict[OutboundState, int]


class ObjectsOut(BaseModel):
    """What is on its way, by name."""

    refused: list[RefusedOut]
    studies: list[StudyOut]
    more: bool
    """Whether there are more than are told here."""
