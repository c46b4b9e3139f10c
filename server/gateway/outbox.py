"""The outbox: a gateway's index. What intake commits is, in the same transaction, to be sent."""

import gzip
from collections.abc import Collection, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import and_, insert, select

from dicom.uids import ECG_SOP_CLASSES
from server.core.database import UnitOfWork
from server.gateway.models import TRANSITIONS, Outbound, OutboundEvent, OutboundState, Rank
from server.intake.public import Arrival, Prepared, StoredObject, Verdict, give_up

# Requested Procedure Priority, also in Request Attributes, and the retired Study Priority ID
# (PS3.3 C.4.11 and PS3.6); STAT and HIGH are PS3.3's own words for what cannot wait.
_PRIORITY: Final = ("00401003", "0032000C")
_REQUEST_ATTRIBUTES: Final = "00400275"
_URGENT: Final = frozenset({"STAT", "HIGH"})


class Outbox:
    """Implements intake's `Indexer` for a gateway."""

    def __init__(self, *, emergency_sources: Collection[str] = ()) -> None:
        """Make it; from ``emergency_sources``, AE titles and folders, everything is urgent."""
        self._emergency_sources = frozenset(emergency_sources)

    async def index(self, uow: UnitOfWork, arrivals: Sequence[Arrival]) -> list[Verdict]:
        """Write ``arrivals`` down in order and say how each ended."""
        uids = {each.prepared.sop_instance_uid for each in arrivals}
        found = await uow.session.execute(
            select(Outbound, StoredObject.id)
            .outerjoin(
                StoredObject,
                and_(StoredObject.id == Outbound.object_id, StoredObject.damaged_at.is_not(None)),
            )
            .where(Outbound.sop_instance_uid.in_(uids))
        )
        known, damaged = {}, {}
        for row, damaged_id in found:
            known[row.sop_instance_uid] = row
            if damaged_id is not None:
                damaged[row.sop_instance_uid] = damaged_id
        replaced: dict[str, str] = {}
        fresh: dict[str, dict[str, Any]] = {}
        verdicts = []
        for each in arrivals:
            uid = each.prepared.sop_instance_uid
            if uid in known:
                verdicts.append(_once_more(known[uid], each, is_damaged=uid in damaged))
                if verdicts[-1] is Verdict.STORED and uid in damaged:
                    replaced[damaged.pop(uid)] = each.object_id
            elif uid in fresh:
                same = fresh[uid]["dataset_blake3"] == each.prepared.dataset_blake3
                verdicts.append(Verdict.DUPLICATE if same else Verdict.CONFLICT)
            else:
                fresh[uid] = self._row(each)
                verdicts.append(Verdict.STORED)
        if fresh:
            await uow.session.execute(insert(Outbound), list(fresh.values()))
        if replaced:
            await uow.session.flush()
            await give_up(uow.session, replaced)
        return verdicts

    def further(self, arrivals: Sequence[Arrival]) -> None:
        """Nothing is written without a look: a device may send again what the county has."""
        del arrivals

    def _row(self, arrival: Arrival) -> dict[str, Any]:
        prepared, received = arrival.prepared, arrival.received
        attributes = prepared.attributes
        name = attributes.patient_name
        return {
            "sop_instance_uid": prepared.sop_instance_uid,
            "dataset_blake3": prepared.dataset_blake3,
            "study_instance_uid": prepared.study_instance_uid,
            "modality": _fit(attributes.modality, 16),
            "patient_id": _fit(attributes.patient_id, 64),
            "patient_name": _fit(name.ideographic or name.alphabetic, 256) if name else None,
            "source": received.sender.source[:128],
            "size": received.size,
            "rank": self._rank(arrival),
            "state": OutboundState.WAITING,
            "object_id": arrival.object_id,
            "compressed_object_id": None,
            "compression": None,
            "upload_path": None,
            "attempts": 0,
            "answer": None,
            "answer_detail": None,
            "received_at": received.received_at,
            "confirmed_at": None,
        }

    def _rank(self, arrival: Arrival) -> Rank:
        if arrival.prepared.sop_class_uid in ECG_SOP_CLASSES or is_marked_urgent(arrival.prepared):
            return Rank.EMERGENCY
        # A device's source is AE@address, a folder's is "folder path".
        source = arrival.received.sender.source
        names = {source.rpartition("@")[0], source.removeprefix("folder ")}
        return Rank.EMERGENCY if names & self._emergency_sources else Rank.ROUTINE


def is_marked_urgent(prepared: Prepared) -> bool:
    """Tell whether the object itself says that it cannot wait."""
    said = orjson.loads(gzip.decompress(prepared.metadata_json_gz))
    places = [said, *said.get(_REQUEST_ATTRIBUTES, {}).get("Value", ())]
    words = {
        word.strip().upper()
        for place in places
        for tag in _PRIORITY
        for word in place.get(tag, {}).get("Value", ())
        if isinstance(word, str)
    }
    return not _URGENT.isdisjoint(words)


def _once_more(row: Outbound, arrival: Arrival, *, is_damaged: bool) -> Verdict:
    """Judge what is known here, and send it again where that may help."""
    if row.dataset_blake3 not in {None, arrival.prepared.dataset_blake3}:
        return Verdict.CONFLICT
    if row.state == OutboundState.WAITING and not is_damaged:
        return Verdict.DUPLICATE
    if row.state == OutboundState.CONFIRMED:
        row.rank = Rank.REPEAT
    if row.state != OutboundState.WAITING:
        row.state = TRANSITIONS[OutboundState(row.state), OutboundEvent.SEND_AGAIN]
    # Begun with other bytes, an upload is not carried on.
    row.upload_path = None
    if row.object_id is None:
        row.compression = None
    elif not is_damaged:
        return Verdict.DUPLICATE
    row.object_id, row.size = arrival.object_id, arrival.received.size
    return Verdict.STORED


def _fit(text: str | None, longest: int) -> str | None:
    return text[:longest] if text else None
