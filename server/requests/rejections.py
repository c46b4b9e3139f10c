"""What becomes of a request whose images were rejected: it goes back to the examining side."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import select

from dicom.rejection import RejectionReason
from server.core.database import UnitOfWork
from server.identity.public import Actor
from server.intake.public import Indexed
from server.requests.models import (
    WAITING,
    DiagnosisRequest,
    RequestEvent,
    RequestStatus,
    ReturnReason,
)
from server.requests.steps import Steps
from server.studies.public import emptied_by

_REASONS: Final[Mapping[RejectionReason, ReturnReason]] = {
    RejectionReason.QUALITY: ReturnReason.POOR_QUALITY,
    RejectionReason.PATIENT_SAFETY: ReturnReason.OTHER,
    RejectionReason.WORKLIST_ENTRY: ReturnReason.WRONG_PATIENT,
    RejectionReason.RETENTION_EXPIRED: ReturnReason.OTHER,
}
_COMMENT: Final = "全部图像已被拒收通知撤下 a rejection note took all images out of use"


class RejectionHolds:
    """Puts requests on hold while nothing of their study is shown."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    async def emptied(
        self, uow: UnitOfWork, indexed: Sequence[Indexed]
    ) -> Mapping[str, RejectionReason]:
        """Return the studies that new notes left empty, with their open requests held."""
        notes = [each.instance_pk for each in indexed if each.hidden]
        if not notes:
            return {}
        emptied = await emptied_by(uow.session, notes)
        await self._open(uow, emptied)
        return emptied

    async def hold(self, uow: UnitOfWork, emptied: Mapping[str, RejectionReason]) -> None:
        """Return the open requests of emptied studies to the examining side."""
        for request in await self._open(uow, emptied):
            reason = _REASONS[emptied[request.study_pk]]
            await self._steps.take(
                uow, request, RequestEvent.HOLD, None, reason=reason.value, comment=_COMMENT
            )

    async def resume(
        self, uow: UnitOfWork, study_pks: Collection[str], actor: Actor | None
    ) -> None:
        """Put back in line what is on hold for nothing but that its images were hidden."""
        if not study_pks:
            return
        found = await uow.session.scalars(
            select(DiagnosisRequest)
            .where(
                DiagnosisRequest.study_pk.in_(study_pks),
                DiagnosisRequest.status == RequestStatus.ON_HOLD,
                DiagnosisRequest.return_comment == _COMMENT,
            )
            .order_by(DiagnosisRequest.id)
            .with_for_update()
        )
        for request in found.all():
            await self._steps.take(uow, request, RequestEvent.RESUME, actor)

    async def _open(
        self, uow: UnitOfWork, study_pks: Collection[str]
    ) -> Sequence[DiagnosisRequest]:
        if not study_pks:
            return ()
        found = await uow.session.scalars(
            select(DiagnosisRequest)
            .where(DiagnosisRequest.study_pk.in_(study_pks), DiagnosisRequest.status.in_(WAITING))
            .order_by(DiagnosisRequest.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return found.all()
