"""Routes of retention, holds and deletions."""

from typing import Annotated, Final, Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r400, r403, r404, r409
from pydantic import Field

from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.core.paging import decode_cursor
from server.identity.public import ACTOR, Action, Actor
from server.lifecycle.keeping import Keeping
from server.lifecycle.models import DeletionState, DeletionStep
from server.lifecycle.quarantine import Quarantine
from server.lifecycle.schemas import (
    DeletionOut,
    DeletionPage,
    HoldIn,
    KeptStudyPage,
    LifecycleOut,
    QuarantinePage,
    ReasonIn,
    RetentionIn,
)
from server.lifecycle.service import LifecycleService
from server.lifecycle.tiering import Tiering

Limit = Annotated[int, Field(ge=1, le=200)]
_OPEN_ONES: Final[list[DeletionState]] = []


class ReadAudit(Protocol):
    """Records that somebody read a patient's data, once a person, study and hour."""

    async def record_read(self, actor: Actor, study_id: str, /) -> None:
        """Record it; an error means that the data must not be shown."""
        ...


def lifecycle_routes(
    lifecycle: LifecycleService,
    keeping: Keeping,
    tiering: Tiering,
    reads: ReadAudit,
    quarantine: Quarantine,
) -> list[Route]:
    """Return the routes under which the medical office decides."""

    @inject_params.and_request
    async def get_lifecycle(
        request: web.Request, study_id: str, /
    ) -> r200[LifecycleOut] | r404[Problem]:
        """Return how long a study is kept, its holds and its deletions.

        Tags: lifecycle
        """
        return json_response(await lifecycle.of_study(request[ACTOR], study_id))

    @inject_params.and_request
    async def set_retention(
        request: web.Request, study_id: str, /, body: RetentionIn
    ) -> r200[LifecycleOut] | r400[Problem] | r404[Problem]:
        """Choose the class a study is kept by.

        Tags: lifecycle
        """
        await lifecycle.set_class(request[ACTOR], study_id, body.retention_class, body.reason)
        return json_response(await lifecycle.of_study(request[ACTOR], study_id))

    @inject_params.and_request
    async def place_hold(
        request: web.Request, study_id: str, /, body: HoldIn
    ) -> r200[LifecycleOut] | r400[Problem] | r404[Problem] | r409[Problem]:
        """Put a study, or its whole patient, under legal hold.

        Tags: lifecycle
        """
        await lifecycle.place_hold(
            request[ACTOR], study_id, body.reason, whole_patient=body.whole_patient
        )
        return json_response(await lifecycle.of_study(request[ACTOR], study_id))

    @inject_params.and_request
    async def lift_hold(
        request: web.Request, study_id: str, hold_id: str, /, body: ReasonIn
    ) -> r200[LifecycleOut] | r400[Problem] | r404[Problem]:
        """Lift a legal hold.

        Tags: lifecycle
        """
        await lifecycle.lift_hold(request[ACTOR], study_id, hold_id, body.reason)
        return json_response(await lifecycle.of_study(request[ACTOR], study_id))

    @inject_params.and_request
    async def recall_study(
        request: web.Request, study_id: str, /
    ) -> r200[LifecycleOut] | r404[Problem]:
        """Have a study's objects moved back from the cold store.

        Tags: lifecycle
        """
        await lifecycle.of_study(request[ACTOR], study_id)
        await tiering.recall(request[ACTOR], study_id)
        return json_response(await lifecycle.of_study(request[ACTOR], study_id))

    @inject_params.and_request
    async def request_deletion(
        request: web.Request, study_id: str, /, body: ReasonIn
    ) -> r200[LifecycleOut] | r400[Problem] | r404[Problem] | r409[Problem]:
        """Ask that a study be deleted; somebody else approves it.

        Tags: lifecycle
        """
        await lifecycle.request_deletion(request[ACTOR], study_id, body.reason)
        return json_response(await lifecycle.of_study(request[ACTOR], study_id))

    def decision(step: DeletionStep) -> Route:
        @inject_params.and_request
        async def decide(
            request: web.Request, deletion_id: str, /, body: ReasonIn
        ) -> r200[DeletionOut] | r400[Problem] | r403[Problem] | r404[Problem] | r409[Problem]:
            """Decide on a deletion: another than who asked for it approves it.

            Tags: lifecycle
            """
            found = await lifecycle.decide(request[ACTOR], deletion_id, step, body.reason)
            return json_response(found)

        return Route("POST", f"/api/deletions/{{deletion_id}}/{step}", decide, manages)

    manages = Requires(Action.LIFECYCLE_MANAGE)
    study = "/api/studies/{study_id}"
    return [
        *_lists(keeping, reads, manages),
        _quarantine_list(quarantine),
        Route("GET", f"{study}/lifecycle", get_lifecycle, manages),
        Route("PUT", f"{study}/retention", set_retention, manages),
        Route("POST", f"{study}/holds", place_hold, manages),
        Route("POST", f"{study}/holds/{{hold_id}}/lift", lift_hold, manages),
        Route("POST", f"{study}/recall", recall_study, manages),
        Route("POST", f"{study}/deletion", request_deletion, manages),
        *(
            decision(step)
            for step in (
                DeletionStep.APPROVE,
                DeletionStep.REJECT,
                DeletionStep.WITHDRAW,
                DeletionStep.RESTORE,
            )
        ),
    ]


def _quarantine_list(quarantine: Quarantine) -> Route:
    @inject_params.and_request
    async def list_quarantine(
        request: web.Request, limit: Limit = 50, before: str | None = None
    ) -> r200[QuarantinePage] | r400[Problem]:
        """List what the own institution sent and was refused, newest first.

        Tags: lifecycle
        """
        found = await quarantine.page(request[ACTOR], limit=limit, before=decode_cursor(before))
        return json_response(found)

    return Route("GET", "/api/quarantine", list_quarantine, Requires(Action.QUARANTINE_READ))


def _lists(keeping: Keeping, reads: ReadAudit, manages: Requires) -> list[Route]:
    @inject_params.and_request
    async def list_kept(
        request: web.Request, patient_id: str, /, limit: Limit = 50, before: str | None = None
    ) -> r200[KeptStudyPage] | r400[Problem] | r404[Problem]:
        """List the studies of a patient's record, deleted ones as well, with how they are kept.

        That each was read is recorded.

        Tags: lifecycle
        """
        page = await keeping.of_patient(
            request[ACTOR], patient_id, limit=limit, before=decode_cursor(before)
        )
        for each in page.items:
            await reads.record_read(request[ACTOR], each.study.id)
        return json_response(page)

    @inject_params.and_request
    async def list_deletions(
        request: web.Request,
        state: list[DeletionState] = _OPEN_ONES,
        limit: Limit = 50,
        before: str | None = None,
    ) -> r200[DeletionPage] | r400[Problem]:
        """List deletions, newest first; without a state, those under way.

        Tags: lifecycle
        """
        page = await keeping.deletions(
            request[ACTOR], state, limit=limit, before=decode_cursor(before)
        )
        return json_response(page)

    return [
        Route("GET", "/api/patients/{patient_id}/studies", list_kept, manages),
        Route("GET", "/api/deletions", list_deletions, manages),
    ]
