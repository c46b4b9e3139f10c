"""Consults as people open, find and close them, and as the media role asks about them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditRecord, AuditTrail
from server.consults.ice import IceServers
from server.consults.models import (
    Consult,
    ConsultEvent,
    ConsultMember,
    ConsultStatus,
    status_after,
)
from server.consults.schemas import ConsultOut, ConsultPage, PresentOut
from server.consults.visit import ConsultRef
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import NotAllowed, NotFound
from server.core.ids import Ids
from server.identity.public import (
    Action,
    Actor,
    InstitutionDirectory,
    InstitutionRef,
    PersonDirectory,
    act_of,
)
from server.patients.public import PatientOut
from server.realtime.public import Occurrence, publish
from server.requests.public import RequestRef

# More rooms than one process carries.
_LISTED_AT_MOST: Final = 100


class Requests(Protocol):
    """Knows the cases: `RequestService`."""

    async def of(self, actor: Actor, request_id: str) -> RequestRef:
        """Return a case, or raise `NotFound` where there is none for ``actor``."""
        ...


class Studies(Protocol):
    """Knows who may see which study, and whose it is: `StudyService`."""

    def visible_to(self, actor: Actor) -> Select[str]:
        """Return the query of the ids of the studies ``actor`` may see."""
        ...

    async def patients_of(
        self, session: AsyncSession, study_ids: Collection[str]
    ) -> Mapping[str, tuple[str, PatientOut, InstitutionRef]]:
        """Return UID, patient and owner of studies."""
        ...


class ReadAudit(Protocol):
    """Records that somebody read a patient's data, once a person, study and hour."""

    async def record_read(self, actor: Actor, study_id: str, /) -> None:
        """Record it; an error means that the data must not be shown."""
        ...


class ConsultService:
    """Opens, lists and closes consults, and knows who is in which."""

    def __init__(
        self,
        *,
        database: Database,
        requests: Requests,
        studies: Studies,
        people: PersonDirectory,
        institutions: InstitutionDirectory,
        reads: ReadAudit,
        trail: AuditTrail,
        ice: IceServers,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._requests = requests
        self._studies = studies
        self._people = people
        self._institutions = institutions
        self._reads = reads
        self._trail = trail
        self._ice = ice
        self._clock = clock
        self._ids = ids

    async def open(self, actor: Actor, request_id: str) -> ConsultOut:
        """Open a consult about a case, or return the one that is open.

        Raises
        ------
        NotFound
            If there is no such case for ``actor``.
        NotAllowed
            If ``actor`` neither may open consults nor has the case.
        """
        request = await self._requests.of(actor, request_id)
        consult_id = await self._open_about(request_id)
        if consult_id is None:
            if not actor.may(Action.CONSULT_OPEN) and request.claimed_by != actor.id:
                raise NotAllowed("a reader opens a consult about their own case", code="not-yours")
            try:
                consult_id = await self._begin(actor, request)
            except IntegrityError:
                # Somebody else was a moment faster: both meet in theirs.
                consult_id = await self._open_about(request_id)
        if consult_id is None:
            raise NotFound("the consult was closed again at once")
        return await self.one(actor, consult_id)

    async def page(self, actor: Actor) -> ConsultPage:
        """Return the open consults within reach, newest first."""
        query = (
            select(Consult)
            .where(
                Consult.status == ConsultStatus.OPEN,
                Consult.study_pk.in_(self._studies.visible_to(actor)),
            )
            .order_by(Consult.opened_at.desc(), Consult.id.desc())
            .limit(_LISTED_AT_MOST)
        )
        async with self._database.reading() as session:
            consults = list(await session.scalars(query))
            return ConsultPage(items=await self._out(session, actor, consults))

    async def one(self, actor: Actor, consult_id: str) -> ConsultOut:
        """Return a consult; that it was read is recorded.

        Raises
        ------
        NotFound
            If there is none, or none within reach.
        """
        async with self._database.reading() as session:
            consult = await self._visible(session, actor, consult_id)
            (shown,) = await self._out(session, actor, [consult])
        await self._reads.record_read(actor, consult.study_pk)
        return shown

    async def close(self, actor: Actor, consult_id: str) -> ConsultOut:
        """Close a consult; everybody in its room is sent away within seconds.

        Raises
        ------
        NotFound
            If there is none, or none within reach.
        NotAllowed
            If ``actor`` neither opened it, nor may open consults, nor has the case.
        Conflict
            If it is closed already.
        """
        async with self._database.reading() as session:
            seen = await self._visible(session, actor, consult_id)
        status_after(ConsultStatus(seen.status), ConsultEvent.CLOSE)
        if seen.opened_by != actor.id and not actor.may(Action.CONSULT_OPEN):
            request = await self._requests.of(actor, seen.request_id)
            if request.claimed_by != actor.id:
                raise NotAllowed("this consult is others' to close", code="not-yours")
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            consult = await uow.session.get(Consult, consult_id, with_for_update=True)
            if consult is None:
                raise NotFound("there is no such consult")
            consult.status = status_after(ConsultStatus(consult.status), ConsultEvent.CLOSE)
            consult.closed_by, consult.closed_at = actor.id, now
            self._trail.record(uow, _act(actor, "consult.close", consult_id, consult.study_pk))
            await publish(uow, _occurrence("consult.closed", consult))
            await uow.commit()
        return await self.one(actor, consult_id)

    async def open_consults(
        self, session: AsyncSession, request_ids: Collection[str]
    ) -> dict[str, str]:
        """Return the open consult of each case that has one."""
        rows = await session.execute(
            select(Consult.request_id, Consult.id).where(
                Consult.request_id.in_(request_ids), Consult.status == ConsultStatus.OPEN
            )
        )
        return {row.request_id: row.id for row in rows}

    async def room_of(self, actor: Actor, consult_id: str) -> ConsultRef:
        """Return an open consult, for its room.

        Raises
        ------
        NotFound
            If there is none, or none within reach.
        """
        async with self._database.reading() as session:
            consult = await self._visible(session, actor, consult_id)
            if consult.status != ConsultStatus.OPEN:
                raise NotFound("the consult is closed", code="consult-closed")
            facts = await self._studies.patients_of(session, [consult.study_pk])
        uid, _, _ = facts[consult.study_pk]
        return ConsultRef(consult.id, consult.study_pk, uid)

    async def may_stay(self, actor: Actor, consult_id: str) -> bool:
        """Tell whether a consult is open, and within reach."""
        try:
            await self.room_of(actor, consult_id)
        except NotFound:
            return False
        return True

    async def entered(self, actor: Actor, consult: ConsultRef, at: datetime) -> None:
        """Write down that somebody came into the room, where a patient's data is seen."""
        await self._reads.record_read(actor, consult.study_id)
        try:
            await self._enter(actor, consult, at)
        except IntegrityError:
            # The same person came first by another connection at the same moment.
            await self._enter(actor, consult, at)

    async def left(self, actor: Actor, consult: ConsultRef, at: datetime) -> None:
        """Write down that somebody went who came at ``at``, unless they have come again since."""
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                update(ConsultMember)
                .where(
                    ConsultMember.consult_id == consult.id,
                    ConsultMember.person_id == actor.id,
                    ConsultMember.joined_at == at,
                )
                .values(left_at=self._clock.now())
            )
            self._trail.record(uow, _act(actor, "consult.leave", consult.id, consult.study_id))
            await uow.commit()

    async def everybody_left(self) -> None:
        """Write down that nobody is in a room: the process that had them is gone."""
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                update(ConsultMember)
                .where(ConsultMember.left_at.is_(None))
                .values(left_at=self._clock.now())
            )
            await uow.commit()

    async def _enter(self, actor: Actor, consult: ConsultRef, at: datetime) -> None:
        async with self._database.unit_of_work() as uow:
            member = await uow.session.get(
                ConsultMember, (consult.id, actor.id), with_for_update=True
            )
            if member is None:
                member = ConsultMember(
                    consult_id=consult.id, person_id=actor.id, first_joined_at=at, joined_at=at
                )
                uow.session.add(member)
            member.institution_id, member.left_at = actor.institution_id, None
            member.joined_at = max(member.joined_at, at)
            self._trail.record(uow, _act(actor, "consult.join", consult.id, consult.study_id))
            await uow.commit()

    async def _begin(self, actor: Actor, request: RequestRef) -> str:
        async with self._database.unit_of_work() as uow:
            consult = Consult(
                id=self._ids.new(),
                org=request.org,
                owner_institution_id=request.requesting_institution_id,
                request_id=request.id,
                study_pk=request.study_id,
                kind=request.kind.value,
                status=ConsultStatus.OPEN,
                opened_by=actor.id,
                opened_at=self._clock.now(),
            )
            uow.session.add(consult)
            await uow.session.flush()
            self._trail.record(uow, _act(actor, "consult.open", consult.id, consult.study_pk))
            await publish(uow, _occurrence("consult.opened", consult))
            await uow.commit()
        return consult.id

    async def _open_about(self, request_id: str) -> str | None:
        async with self._database.reading() as session:
            return (await self.open_consults(session, [request_id])).get(request_id)

    async def _visible(self, session: AsyncSession, actor: Actor, consult_id: str) -> Consult:
        found = await session.scalar(
            select(Consult).where(
                Consult.id == consult_id, Consult.study_pk.in_(self._studies.visible_to(actor))
            )
        )
        if found is None:
            raise NotFound("there is no such consult")
        return found

    async def _out(
        self, session: AsyncSession, actor: Actor, consults: Sequence[Consult]
    ) -> list[ConsultOut]:
        facts = await self._studies.patients_of(session, {each.study_pk for each in consults})
        present = (
            await session.scalars(
                select(ConsultMember)
                .where(
                    ConsultMember.consult_id.in_([each.id for each in consults]),
                    ConsultMember.left_at.is_(None),
                )
                .order_by(ConsultMember.joined_at, ConsultMember.person_id)
            )
        ).all()
        people = await self._people.refs(
            {each.opened_by for each in consults} | {each.person_id for each in present}, session
        )
        homes = await self._institutions.refs({each.institution_id for each in present}, session)
        ice_servers = self._ice.for_person(actor.id)
        items = []
        for consult in consults:
            study_uid, patient, _ = facts[consult.study_pk]
            items.append(
                ConsultOut(
                    id=consult.id,
                    request_id=consult.request_id,
                    study_id=consult.study_pk,
                    study_instance_uid=study_uid,
                    kind=consult.kind,
                    patient=patient,
                    opened_by=people[consult.opened_by],
                    opened_at=consult.opened_at,
                    closed_at=consult.closed_at,
                    participants=[
                        PresentOut(
                            id=member.person_id,
                            display_name=people[member.person_id].display_name,
                            institution=homes[member.institution_id],
                        )
                        for member in present
                        if member.consult_id == consult.id
                    ],
                    ice_servers=ice_servers,
                )
            )
        return items


def _act(actor: Actor, action: str, consult_id: str, study_id: str) -> AuditRecord:
    return act_of(
        actor,
        action,
        object_kind="consult",
        object_id=consult_id,
        detail={"study_id": study_id},
    )


def _occurrence(topic: str, consult: Consult) -> Occurrence:
    at = consult.closed_at or consult.opened_at
    return Occurrence(
        consult.org,
        topic,
        at,
        study_id=consult.study_pk,
        payload={"consult_id": consult.id, "request_id": consult.request_id},
    )
