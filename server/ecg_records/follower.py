"""ECGs among what arrives: each gets a record in the transaction that indexes it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from sqlalchemy import ColumnElement, insert, select, update

from dicom.attributes import IndexedAttributes
from dicom.uids import ECG_SOP_CLASSES
from server.core.database import Statement, UnitOfWork
from server.core.ids import Ids
from server.ecg_records.models import EcgInstitution, EcgRecord, ScreeningStatus
from server.intake.public import Arrival, Indexed
from server.realtime.public import Occurrence, publish

ARRIVED: Final = "ecg.arrived"

# DICOM writes the device's wall clock; where no offset stands with it, it is China's only zone.
_CHINA_STANDARD_TIME: Final = timezone(timedelta(hours=8))


class EcgFollower:
    """Implements intake's `Follower`."""

    def __init__(self, *, screening: bool, ids: Ids) -> None:
        self._screening = screening
        self._ids = ids

    async def follow(self, uow: UnitOfWork, indexed: Sequence[Indexed]) -> None:
        """Make a record of each new ECG and say that it arrived."""
        ecgs = [each for each in indexed if self.wants(each.arrival)]
        if not ecgs:
            return
        off = await self._switched_off(
            uow, {each.arrival.received.sender.institution_id for each in ecgs}
        )
        rows = [self._row(each, off) for each in ecgs]
        await uow.session.execute(insert(EcgRecord), rows)
        await publish(
            uow,
            *(
                Occurrence(
                    org=str(row["org"]),
                    topic=ARRIVED,
                    at=each.arrival.received.received_at,
                    study_id=each.study_pk,
                    payload={"ecg_id": str(row["id"]), "study_id": each.study_pk},
                )
                for each, row in zip(ecgs, rows, strict=True)
            ),
        )

    async def replaced(self, uow: UnitOfWork, objects: Mapping[str, str]) -> None:
        """Let the records of ECGs name the objects that stand for damaged ones."""
        for damaged, good in objects.items():
            await uow.session.execute(
                update(EcgRecord).where(EcgRecord.object_id == damaged).values(object_id=good)
            )

    def wants(self, arrival: Arrival) -> bool:
        """Tell whether it is an ECG."""
        return arrival.prepared.sop_class_uid in ECG_SOP_CLASSES

    def further(self, indexed: Sequence[Indexed]) -> Sequence[Statement]:
        """Return nothing: what it follows it looks at."""
        del indexed
        return ()

    def waits_for(self, study_pk: ColumnElement[str]) -> None:
        """Return nothing: no study waits for one."""
        del study_pk

    async def _switched_off(self, uow: UnitOfWork, institutions: set[str]) -> set[str]:
        if not self._screening:
            return institutions
        found = await uow.session.scalars(
            select(EcgInstitution.institution_id).where(
                EcgInstitution.institution_id.in_(institutions),
                EcgInstitution.screening.is_(False),
            )
        )
        return set(found)

    def _row(self, each: Indexed, off: set[str]) -> dict[str, object]:
        received, prepared = each.arrival.received, each.arrival.prepared
        owner = received.sender.institution_id
        return {
            "id": self._ids.new(),
            "org": received.sender.org,
            "study_pk": each.study_pk,
            "instance_pk": each.instance_pk,
            "object_id": each.arrival.object_id,
            "sop_instance_uid": prepared.sop_instance_uid,
            "owner_institution_id": owner,
            "acquired_at": acquired_at(prepared.attributes),
            "received_at": received.received_at,
            "status": ScreeningStatus.OFF if owner in off else ScreeningStatus.PENDING,
        }


def acquired_at(attributes: IndexedAttributes) -> datetime | None:
    """Return when an instance was acquired; without an offset the wall clock is China's."""
    at = attributes.acquisition_datetime
    if at is None:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=_zone(attributes.timezone_offset))
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return None


def _zone(offset: str | None) -> timezone:
    """Return the zone of Timezone Offset From UTC (0008,0201), ``&ZZXX``."""
    try:
        parsed = datetime.strptime(offset or "", "%z").tzinfo
    except ValueError:
        return _CHINA_STANDARD_TIME
    return parsed if isinstance(parsed, timezone) else _CHINA_STANDARD_TIME
