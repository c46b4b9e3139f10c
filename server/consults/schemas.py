"""Wire types of consults."""

from pydantic import BaseModel

from server.consults.ice import IceServer
from server.core.wire import UtcTime
from server.identity.public import InstitutionRef, PersonRef
from server.patients.public import PatientOut


class PresentOut(BaseModel):
    """A person who is in the room."""

    id: str
    display_name: str
    institution: InstitutionRef


class ConsultOut(BaseModel):
    """A consult, and how a browser reaches its room: ``/rtc/{id}``."""

    id: str
    request_id: str
    study_id: str
    study_instance_uid: str
    kind: str
    patient: PatientOut
    opened_by: PersonRef
    opened_at: UtcTime
    closed_at: UtcTime | None
    participants: list[PresentOut]
    ice_servers: list[IceServer]


class ConsultPage(BaseModel):
    """The open consults within reach, newest first."""

    items: list[ConsultOut]
