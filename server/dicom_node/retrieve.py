"""C-MOVE and C-GET over the index: what a device may have, and to whom it may have it sent.

Destinations are devices registered with an address, never an address that a peer names.
"""

from typing import Final, Protocol

import structlog

from dicom import dataset as access
from dicom.dimse.command import CommandField, Status
from dicom.dimse.retrieve import Retrieval, RetrieveRefusedError, RetrieveRequest, Tally
from dicom.uids import is_uid
from server.audit.public import ReadRefusals
from server.core.errors import Unavailable
from server.dicom_node.calling import CallingEntity
from server.dicom_node.devices import Destination, DeviceService
from server.dicom_node.levels import level_of
from server.dicom_node.node import NOT_AUTHORISED, Visit
from server.dicom_node.outgoing import OutgoingObjects
from server.identity.public import Actor
from server.studies.public import (
    UNIQUE_KEYS,
    InstanceSelector,
    Level,
    Selection,
    UniqueKeys,
)

_log = structlog.get_logger(__name__)

_MOST_KEYS: Final = 4096


class ReadAudit(Protocol):
    """Records that somebody reads a patient's data."""

    async def record_read(self, actor: Actor, study_id: str, /) -> None:
        """Record that ``actor`` reads a study; raise `Unavailable` where that cannot be kept."""
        ...


class NodeRetrieve:
    """Answers the retrievals of devices that may query."""

    def __init__(
        self,
        *,
        selector: InstanceSelector,
        outgoing: OutgoingObjects,
        devices: DeviceService,
        reads: ReadAudit,
        refusals: ReadRefusals,
        calling: CallingEntity,
        most: int,
    ) -> None:
        self._selector = selector
        self._outgoing = outgoing
        self._devices = devices
        self._reads = reads
        self._refusals = refusals
        self._calling = calling
        self._most = most

    async def retrieve(self, request: RetrieveRequest[Visit], /) -> Retrieval:
        """Return what is sent, after the reads were audited; count what is refused."""
        try:
            return await self._granted(request)
        except RetrieveRefusedError as refusal:
            field = (
                CommandField.C_GET_RQ if request.destination_ae is None else CommandField.C_MOVE_RQ
            )
            request.peer.refuse(f"{field.name} {refusal.status:04X}")
            raise

    async def _granted(self, request: RetrieveRequest[Visit]) -> Retrieval:
        visit = request.peer
        visit.retrievals += 1
        if not visit.known.may_query:
            raise RetrieveRefusedError(NOT_AUTHORISED, "this device is not registered to query")
        keys = _keys(request)
        try:
            destination = await self._destination(visit.device, request.destination_ae)
            selection = await self._selector.select(
                visit.device,
                keys,
                receiver=destination.actor if destination is not None else None,
                most=self._most,
            )
            if selection.more:
                raise RetrieveRefusedError(
                    Status.CANNOT_COUNT_MATCHES, f"more than {self._most} objects: narrow it"
                )
            await self._write_down(visit.device, selection)
        except Unavailable as error:
            raise RetrieveRefusedError(Status.CANNOT_PERFORM_SUBOPERATIONS, error.detail) from error
        return Retrieval(
            [self._outgoing.of(each) for each in selection.instances if each.shared],
            [each.sop_uid for each in selection.instances if not each.shared],
            self._calling.address(destination) if destination is not None else None,
        )

    def retrieved(self, request: RetrieveRequest[Visit], tally: Tally, /) -> None:
        """Count for the visit's row in the audit."""
        visit = request.peer
        visit.retrieved += tally.completed + tally.warnings
        visit.not_retrieved += tally.failed + tally.remaining

    async def _destination(self, device: Actor, ae_title: str | None) -> Destination | None:
        if ae_title is None:
            return None
        destination = await self._devices.destination(device, ae_title)
        if destination is None:
            _log.warning("a retrieval to an unknown destination", device=device.id, ae=ae_title)
            raise RetrieveRefusedError(
                Status.MOVE_DESTINATION_UNKNOWN, "no device of that name has an address here"
            )
        return destination

    async def _write_down(self, device: Actor, selection: Selection) -> None:
        """Audit each study that is read, before its first byte leaves, and each that is not."""
        for study_pk in dict.fromkeys(each.study_pk for each in selection.instances if each.shared):
            await self._reads.record_read(device, study_pk)
        for study_pk in selection.hidden_study_pks:
            await self._refusals.record(device, study_pk)


def _keys(request: RetrieveRequest[Visit]) -> UniqueKeys:
    """Read an identifier (PS3.4 C.4.2.1.4 and C.4.3.1.3).

    Raises
    ------
    RetrieveRefusedError
        If its level is none of the information model, or the unique key of that level is missing,
        or one is no single value or UID: nothing is retrieved by wildcard.
    """
    identifier = request.identifier
    level = level_of(identifier, request.sop_class_uid)
    if level is None:
        raise _mismatch("no retrieve level of this model")
    values = {
        each: tuple(value for value in access.texts_of(identifier, keyword) if value)
        for each, keyword in UNIQUE_KEYS.items()
        if each <= level
    }
    if not values[level]:
        raise _mismatch(f"{UNIQUE_KEYS[level]} is missing")
    if sum(map(len, values.values())) > _MOST_KEYS:
        raise _mismatch(f"more than {_MOST_KEYS} keys")
    patient_ids = values.pop(Level.PATIENT)
    if len(patient_ids) > 1 or any(sign in "".join(patient_ids) for sign in "*?\0"):
        raise _mismatch("PatientID is not a single value")
    if not all(is_uid(uid) for uids in values.values() for uid in uids):
        raise _mismatch("a key is no UID")
    return UniqueKeys(
        "".join(patient_ids),
        values.get(Level.STUDY, ()),
        values.get(Level.SERIES, ()),
        values.get(Level.INSTANCE, ()),
    )


def _mismatch(comment: str) -> RetrieveRefusedError:
    return RetrieveRefusedError(Status.IDENTIFIER_MISMATCH, comment)
