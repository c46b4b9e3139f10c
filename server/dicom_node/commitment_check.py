"""What we can commit to: instances in the index, of the class asked for, their bytes whole."""

from collections.abc import AsyncIterator, Mapping, Sequence
from enum import IntEnum
from typing import Final

from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from sqlalchemy import select

from server.core.clock import Clock
from server.core.database import Database
from server.identity.public import Actor
from server.intake.public import Vouching
from server.studies.public import Instance, Series, visible_studies

_AT_ONCE: Final = 100

_SOP_CLASS: Final = Tag("ReferencedSOPClassUID")
_SOP_INSTANCE: Final = Tag("ReferencedSOPInstanceUID")
_FAILURE_REASON: Final = Tag("FailureReason")

Reference = Sequence[str]
"""SOP class and instance UID."""


class FailureReason(IntEnum):
    """Why we do not commit to an instance (PS3.4 J.3.3.1.1, PS3.3 C.14.1.1)."""

    PROCESSING_FAILURE = 0x0110
    NO_SUCH_INSTANCE = 0x0112
    CLASS_INSTANCE_CONFLICT = 0x0119
    DUPLICATE_TRANSACTION = 0x0131


class CommitmentCheck:
    """Looks at instances on behalf of a device: what it may not see is not there."""

    def __init__(self, *, database: Database, vouching: Vouching, clock: Clock) -> None:
        self._database = database
        self._vouching = vouching
        self._clock = clock

    async def failures(
        self, device: Actor, references: Sequence[Reference]
    ) -> AsyncIterator[list[list[int]]]:
        """Yield, part by part, place and reason of each instance we do not commit to.

        Raises
        ------
        Unavailable
            If it cannot be told now.
        """
        for start in range(0, len(references), _AT_ONCE):
            part = references[start : start + _AT_ONCE]
            known = await self._known(device, [uid for _, uid in part])
            whole = await self._vouching.whole([object_id for _, object_id in known.values()])
            reasons = [_reason(reference, known, whole) for reference in part]
            yield [
                [start + place, reason]
                for place, reason in enumerate(reasons)
                if reason is not None
            ]

    async def _known(self, device: Actor, uids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return SOP class and object of each instance."""
        async with self._database.reading() as session:
            found = await session.execute(
                select(Instance.sop_instance_uid, Instance.sop_class_uid, Instance.object_id)
                .join(Series, Series.id == Instance.series_pk)
                .where(
                    Instance.org == device.org,
                    Instance.sop_instance_uid.in_(uids),
                    Series.study_pk.in_(visible_studies(device, self._clock.now())),
                )
            )
            return {uid: (sop_class, object_id) for uid, sop_class, object_id in found}


def _reason(
    reference: Reference, known: Mapping[str, tuple[str, str]], whole: Mapping[str, bool]
) -> FailureReason | None:
    sop_class, uid = reference
    if uid not in known:
        return FailureReason.NO_SUCH_INSTANCE
    stored_class, object_id = known[uid]
    if stored_class != sop_class:
        return FailureReason.CLASS_INSTANCE_CONFLICT
    return None if whole[object_id] else FailureReason.PROCESSING_FAILURE


def outcome_of(
    transaction_uid: str, references: Sequence[Reference], reasons: Mapping[int, int]
) -> tuple[int, Dataset]:
    """Return event type and event information (PS3.4 Table J.3-2); reasons are by place."""
    information = Dataset()
    information.TransactionUID = transaction_uid
    committed, failed = [], []
    for place, (sop_class, uid) in enumerate(references):
        item = Dataset()
        item.add(DataElement(_SOP_CLASS, "UI", sop_class, validation_mode=IGNORE))
        item.add(DataElement(_SOP_INSTANCE, "UI", uid, validation_mode=IGNORE))
        if place in reasons:
            item.add(DataElement(_FAILURE_REASON, "US", reasons[place]))
            failed.append(item)
        else:
            committed.append(item)
    if committed:
        information.ReferencedSOPSequence = committed
    if not failed:
        return 1, information
    information.FailedSOPSequence = failed
    return 2, information
