"""Storage commitment (PS3.4 annex J): what a device asks us to answer for, written down.

Nothing is promised here but an answer: the courier finds out what we can commit to and tells.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

import orjson
from pydicom.dataset import Dataset
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dicom import dataset as access
from dicom.dimse.command import CommandField, Status
from dicom.dimse.normalized import (
    NormalizedRefusedError,
    NormalizedRequest,
    NormalizedResult,
    NormalizedSopClass,
)
from dicom.uids import is_uid
from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Unavailable
from server.core.ids import Ids
from server.dicom_node.courier import COMMITMENT_UID, HELD, WELL_KNOWN_INSTANCE, Courier
from server.dicom_node.models import (
    COMMITMENT_TRANSITIONS,
    Commitment,
    CommitmentEvent,
    CommitmentState,
)
from server.dicom_node.node import Visit
from server.identity.public import Actor, act_of

STORAGE_COMMITMENT: Final = NormalizedSopClass(
    COMMITMENT_UID, frozenset({CommandField.N_ACTION_RQ})
)
_REQUEST: Final = 1
"""The action type "Request Storage Commitment" (PS3.4 J.3.2)."""
_MOST_REFERENCES: Final = 20_000
_MOST_WAITING: Final = 1_000
"""Requests of one device that wait for their answer."""


class NodeCommitment:
    """Takes requests for storage commitment from every registered device."""

    def __init__(
        self,
        *,
        database: Database,
        courier: Courier,
        audit: AuditTrail,
        clock: Clock,
        ids: Ids,
        executor: Executor,
    ) -> None:
        self._database = database
        self._executor = executor
        self._courier = courier
        self._audit = audit
        self._clock = clock
        self._ids = ids

    async def perform(self, request: NormalizedRequest[Visit], /) -> NormalizedResult:
        """Write the request down; the answer goes out once the device has heard that."""
        if request.type_id != _REQUEST:
            raise NormalizedRefusedError(Status.NO_SUCH_ACTION_TYPE, "the action type is not 1")
        if request.sop_instance_uid != WELL_KNOWN_INSTANCE:
            raise NormalizedRefusedError(Status.NO_SUCH_SOP_INSTANCE, "not the well-known instance")
        transaction_uid = access.text(request.data_set, "TransactionUID") or ""
        if not is_uid(transaction_uid):
            raise _invalid("TransactionUID is not a UID")
        loop = asyncio.get_running_loop()
        # Twenty thousand of them would keep the loop from everybody else.
        references = await loop.run_in_executor(self._executor, _references, request.data_set)
        try:
            commitment_id = await self._write_down(request.peer.device, transaction_uid, references)
        except Unavailable as error:
            raise NormalizedRefusedError(Status.RESOURCE_LIMITATION, error.detail) from error
        return NormalizedResult(
            answered=lambda: self._courier.deliver_soon(
                request.peer.device.id, commitment_id, request.events
            )
        )

    async def _write_down(
        self, device: Actor, transaction_uid: str, references: Sequence[tuple[str, str]]
    ) -> str:
        listed = orjson.dumps(references)
        digest, now = hashlib.sha256(listed).hexdigest(), self._clock.now()
        async with self._database.unit_of_work() as uow:
            commitment = await uow.session.scalar(
                select(Commitment)
                .where(
                    Commitment.device_id == device.id,
                    Commitment.transaction_uid == transaction_uid,
                    Commitment.references_sha256 == digest,
                )
                .with_for_update()
            )
            is_new = commitment is None
            if commitment is None:
                await self._refuse_too_many(uow.session, device)
                commitment = Commitment(
                    id=self._ids.new(),
                    org=device.org,
                    institution_id=device.institution_id,
                    device_id=device.id,
                    transaction_uid=transaction_uid,
                    references_gz=gzip.compress(listed, 1),
                    references_sha256=digest,
                    reference_count=len(references),
                    state=CommitmentState.REQUESTED,
                    first_requested_at=now,
                )
                uow.session.add(commitment)
            else:
                state = CommitmentState(commitment.state)
                commitment.state = COMMITMENT_TRANSITIONS[state, CommitmentEvent.ASK_AGAIN]
            commitment.failures = commitment.ended_at = None
            commitment.requested_at, commitment.attempts = now, 0
            commitment.next_try_at = now + HELD
            await uow.session.flush()
            self._audit.record(
                uow,
                act_of(
                    device,
                    "commitment.request",
                    object_kind="commitment",
                    object_id=commitment.id,
                    detail={
                        "transaction_uid": transaction_uid,
                        "instances": len(references),
                        "again": not is_new,
                    },
                ),
            )
            await uow.commit()
            return commitment.id

    async def _refuse_too_many(self, session: AsyncSession, device: Actor) -> None:
        waiting = await session.scalar(
            select(func.count()).where(
                Commitment.device_id == device.id, Commitment.next_try_at.is_not(None)
            )
        )
        if (waiting or 0) >= _MOST_WAITING:
            raise NormalizedRefusedError(
                Status.RESOURCE_LIMITATION, f"{_MOST_WAITING} requests wait for their answer"
            )


def _references(action: Dataset) -> list[tuple[str, str]]:
    """Return SOP class and instance UID of each instance once, in the device's order.

    Raises
    ------
    NormalizedRefusedError
        If there are none, too many, or one is named by no UIDs.
    """
    items = access.sequence(action, "ReferencedSOPSequence")
    if not items:
        raise _invalid("ReferencedSOPSequence has no item")
    if len(items) > _MOST_REFERENCES:
        raise NormalizedRefusedError(
            Status.RESOURCE_LIMITATION, f"more than {_MOST_REFERENCES} instances: ask in parts"
        )
    references: dict[tuple[str, str], None] = {}
    for item in items:
        sop_class = access.text(item, "ReferencedSOPClassUID") or ""
        instance = access.text(item, "ReferencedSOPInstanceUID") or ""
        if not is_uid(sop_class) or not is_uid(instance):
            raise _invalid("an instance is not named by UIDs")
        references[sop_class, instance] = None
    return list(references)


def _invalid(comment: str) -> NormalizedRefusedError:
    return NormalizedRefusedError(Status.INVALID_ARGUMENT_VALUE, comment)
