"""Wire types of forwarding."""

from pydantic import BaseModel, Field

from server.core.wire import UtcTime
from server.forwarding.conditions import Conditions
from server.forwarding.desk import DestinationState, Job, JobState, Trouble
from server.forwarding.models import Priority
from server.forwarding.service import KnownRoute, NewRoute


class RouteIn(BaseModel):
    """What a route shall be; each list holds patterns with ``*`` and ``?``, an empty one is met."""

    destination_id: str = Field(description="a device that is registered with an address")
    source_aes: list[str] = []
    institution_ids: list[str] = []
    modalities: list[str] = []
    stations: list[str] = []
    descriptions: list[str] = []
    priority: Priority = Priority.MEDIUM
    enabled: bool = True

    def route(self) -> NewRoute:
        """Return it as the service takes it."""
        return NewRoute(
            self.destination_id,
            Conditions(
                tuple(self.source_aes),
                tuple(self.institution_ids),
                tuple(self.modalities),
                tuple(self.stations),
                tuple(self.descriptions),
            ),
            self.priority,
            self.enabled,
        )


class RouteOut(RouteIn):
    """A route as it is."""

    id: str
    destination_ae: str | None
    """None where the destination has no address any more: what matches waits."""

    @classmethod
    def of(cls, known: KnownRoute) -> "RouteOut":
        """Return it as others see it."""
        conditions = known.route.conditions
        return cls(
            id=known.id,
            destination_id=known.route.destination_id,
            destination_ae=known.destination_ae,
            source_aes=list(conditions.source_aes),
            institution_ids=list(conditions.institution_ids),
            modalities=list(conditions.modalities),
            stations=list(conditions.stations),
            descriptions=list(conditions.descriptions),
            priority=known.route.priority,
            enabled=known.route.is_enabled,
        )


class RouteList(BaseModel):
    """The routes of a community."""

    items: list[RouteOut]


class StudySendingIn(BaseModel):
    """A study that is to be sent, whatever the routes say."""

    study_instance_uid: str = Field(min_length=1, max_length=64)
    destination_id: str = Field(description="a device that is registered with an address")
    priority: Priority = Priority.MEDIUM


class ForwardJobOut(BaseModel):
    """A study on its way to a destination; counts are of objects."""

    id: str
    study_id: str
    study_instance_uid: str
    destination_id: str
    destination_ae: str
    state: JobState
    priority: Priority
    waiting: int
    failed: int
    sent: int
    reason: str | None
    """Why an object was not taken, the last time that happened."""
    sending: bool
    queued_at: UtcTime
    due_at: UtcTime | None
    changed_at: UtcTime

    @classmethod
    def of(cls, job: Job) -> "ForwardJobOut":
        """Return it as others see it."""
        return cls(
            id=job.id,
            study_id=job.study_id,
            study_instance_uid=job.study_instance_uid,
            destination_id=job.destination_id,
            destination_ae=job.destination_ae,
            state=job.state,
            priority=job.priority,
            waiting=job.waiting,
            failed=job.failed,
            sent=job.sent,
            reason=job.reason,
            sending=job.is_sending,
            queued_at=job.queued_at,
            due_at=job.due_at,
            changed_at=job.changed_at,
        )


class ForwardJobPage(BaseModel):
    """One page of the outgoing queue, what changed last first."""

    items: list[ForwardJobOut]
    next: str | None


class TroubleOut(BaseModel):
    """An object that was tried and not taken."""

    sop_instance_uid: str
    final: bool
    """Whether it is not tried again by itself."""
    attempts: int
    due_at: UtcTime
    status: int | None
    reason: str | None

    @classmethod
    def of(cls, trouble: Trouble) -> "TroubleOut":
        """Return it as others see it."""
        return cls(
            sop_instance_uid=trouble.sop_instance_uid,
            final=trouble.is_final,
            attempts=trouble.attempts,
            due_at=trouble.due_at,
            status=trouble.status,
            reason=trouble.reason,
        )


class ForwardJobDetailOut(BaseModel):
    """A study on its way, and what was not taken, at most 100 objects."""

    job: ForwardJobOut
    troubles: list[TroubleOut]


class DestinationOut(BaseModel):
    """A registered destination, and whether it takes objects."""

    id: str
    ae_title: str
    host: str
    port: int
    tls: bool
    waiting: int
    failed: int
    out_since: UtcTime | None
    """Since when it has taken nothing; None where it is well."""
    failures: int
    retry_at: UtcTime | None
    reason: str | None

    @classmethod
    def of(cls, state: DestinationState) -> "DestinationOut":
        """Return it as others see it."""
        return cls(
            id=state.id,
            ae_title=state.ae_title,
            host=state.host,
            port=state.port,
            tls=state.tls,
            waiting=state.waiting,
            failed=state.failed,
            out_since=state.out_since,
            failures=state.failures,
            retry_at=state.retry_at,
            reason=state.reason,
        )


class DestinationList(BaseModel):
    """The registered destinations of a community."""

    items: list[DestinationOut]
