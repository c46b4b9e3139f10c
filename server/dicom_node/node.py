"""From an association to intake: who may come in, where each object goes, what the device hears."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import structlog

from dicom.dimse.callbacks import (
    Admission,
    AssociationRequest,
    AssociationSummary,
    Rejection,
    StoreRefusedError,
    StoreRequest,
    StoreResult,
)
from dicom.dimse.store import file_meta_bytes
from dicom.part10 import ExpectedObject
from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import LianzhenError, StorageFull, Unavailable
from server.core.recent import Recent
from server.dicom_node.devices import Caller, DeviceService
from server.dicom_node.models import DeviceCharset
from server.identity.public import Actor, act_of
from server.intake.public import Incoming, IntakeService, Receipt, Refusal, Verdict

_log = structlog.get_logger(__name__)

# PS3.4 table B.2-1 and PS3.7 annex C.
SUCCESS: Final = 0x0000
NOT_AUTHORISED: Final = 0x0124
OUT_OF_RESOURCES: Final = 0xA700
DATA_SET_MISMATCH: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
UID_CONFLICT: Final = 0xC111

_REFUSALS: Final = {"uid-mismatch": DATA_SET_MISMATCH, "deflate-bomb": OUT_OF_RESOURCES}

_CALLED_AE_NOT_RECOGNISED: Final = Rejection(result=1, source=1, reason=7)
_CALLING_AE_NOT_RECOGNISED: Final = Rejection(result=1, source=1, reason=3)
_TEMPORARY_CONGESTION: Final = Rejection(result=2, source=3, reason=1)


@dataclass
class Visit:
    """One association of a known device, and what it brought: audited as one row at its end."""

    device: Actor
    may_query: bool = False
    may_see_worklist: bool = False
    charset: DeviceCharset | None = None
    queries: int = 0
    matches: int = 0
    retrievals: int = 0
    retrieved: int = 0
    not_retrieved: int = 0
    """Objects it asked for that it, or the destination it named, did not take or get."""
    study_uids: set[str] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)
    charset_repairs: Counter[str] = field(default_factory=Counter)
    """Objects whose text was labelled falsely, by label and how it was read."""


class NodeGate:
    """Admits registered devices and nobody else."""

    def __init__(
        self,
        *,
        devices: DeviceService,
        database: Database,
        audit: AuditTrail,
        clock: Clock,
        called_ae: str | None,
    ) -> None:
        self._devices = devices
        self._database = database
        self._audit = audit
        self._called_ae = called_ae
        self._told: Recent[tuple[str, str], bool] = Recent(clock=clock, keep_s=60, capacity=4096)

    async def admit(self, request: AssociationRequest, /) -> Admission[Visit] | Rejection:
        """Decide on a request; a stranger is refused and audited, once a minute."""
        who = request.association
        if self._called_ae is not None and who.called_ae != self._called_ae:
            return _CALLED_AE_NOT_RECOGNISED
        caller = Caller(
            ae_title=who.calling_ae,
            address=who.peer_ip,
            certificate_subject=who.tls.subject if who.tls is not None else None,
            uses_tls=who.tls is not None,
        )
        try:
            device = await self._devices.recognise(caller)
        except Unavailable:
            return _TEMPORARY_CONGESTION
        if device is None:
            await self._tell_refusal(caller)
            return _CALLING_AE_NOT_RECOGNISED
        return Admission(
            Visit(device.actor, device.may_query, device.may_see_worklist, device.charset)
        )

    async def association_ended(self, summary: AssociationSummary[Visit], /) -> None:
        """Write down what the association brought."""
        visit = summary.peer
        asked = visit.queries or visit.retrievals
        if not summary.stored and not summary.failed and not asked:
            return
        await self._write_down(
            visit.device,
            "dicom.association",
            Outcome.FAILED if summary.failed else Outcome.SUCCESS,
            {
                "ending": summary.ending.value,
                "stored": summary.stored,
                "failed": summary.failed,
                "bytes": summary.received_bytes,
                "studies": len(visit.study_uids),
                "queries": visit.queries,
                "matches": visit.matches,
                "retrievals": visit.retrievals,
                "retrieved": visit.retrieved,
                "not_retrieved": visit.not_retrieved,
                "refused": visit.refused,
                "charset_repairs": visit.charset_repairs,
            },
        )

    async def _tell_refusal(self, caller: Caller) -> None:
        _log.warning("an unknown device was refused", peer=caller.address, ae=caller.ae_title)
        if not self._told.first((caller.ae_title, caller.address), value=True):
            return
        source = f"{caller.ae_title}@{caller.address}"
        await self._write_down(None, "dicom.associate", Outcome.REFUSED, {}, source=source)

    async def _write_down(
        self,
        device: Actor | None,
        action: str,
        outcome: Outcome,
        detail: dict[str, object],
        *,
        source: str | None = None,
    ) -> None:
        record = act_of(
            device, action, outcome=outcome, source=source, object_kind="device",
            object_id=device.id if device is not None else None, detail=detail,
        )  # fmt: skip
        try:
            async with self._database.unit_of_work() as uow:
                self._audit.record(uow, record)
                await uow.commit()
        except Unavailable:
            _log.warning("an association could not be audited", action=action)


class NodeStore:
    """Takes the objects of admitted devices into intake."""

    def __init__(self, intake: IntakeService) -> None:
        self._intake = intake

    def begin(self, request: StoreRequest[Visit], /) -> "ObjectSink":
        """Open the way in for one object."""
        expected = ExpectedObject(request.sop_class_uid, request.sop_instance_uid)
        try:
            incoming = self._intake.begin(request.peer.device, expected)
        except (StorageFull, Unavailable) as error:
            raise StoreRefusedError(OUT_OF_RESOURCES, _comment(error.detail)) from error
        sink = ObjectSink(incoming, request.peer)
        meta = file_meta_bytes(
            sop_class_uid=request.sop_class_uid,
            sop_instance_uid=request.sop_instance_uid,
            transfer_syntax_uid=request.transfer_syntax_uid,
            source_ae=request.association.calling_ae,
        )
        try:
            sink.write(memoryview(meta))
        except OSError:
            # Nobody else knows the sink yet: on a full disk each object would leave a descriptor.
            sink.abort()
            raise
        return sink


class ObjectSink:
    """One object on its way from a device."""

    def __init__(self, incoming: Incoming, visit: Visit) -> None:
        self._incoming = incoming
        self._visit = visit

    def write(self, chunk: memoryview, /) -> None:
        """Take the next bytes."""
        try:
            self._incoming.write(chunk)
        except LianzhenError as error:
            # The layer below answers an OSError with 0xA700 once the rest is drained.
            raise OSError(error.detail) from error

    async def finish(self) -> StoreResult:
        """Make the object durable and answer."""
        try:
            receipt = await self._incoming.finish()
        except (StorageFull, Unavailable) as error:
            return StoreResult(OUT_OF_RESOURCES, _comment(error.detail))
        if isinstance(receipt.content, Refusal) or not receipt.verdict.kept:
            count = self._visit.refused.get(receipt.code, 0)
            self._visit.refused[receipt.code] = count + 1
            _log.warning("an object was refused", device=self._visit.device.id, code=receipt.code)
            return StoreResult(status_of(receipt), _comment(receipt.detail))
        self._visit.study_uids.add(receipt.content.study_instance_uid)
        if repair := receipt.content.attributes.charset_repair:
            self._visit.charset_repairs[repair] += 1
        return StoreResult(SUCCESS)

    def abort(self) -> None:
        """Forget the object."""
        self._incoming.abort()


def status_of(receipt: Receipt) -> int:
    """Return the C-STORE status that tells a receipt."""
    match receipt.verdict:
        case Verdict.STORED | Verdict.DUPLICATE:
            return SUCCESS
        case Verdict.CONFLICT:
            return UID_CONFLICT
        case Verdict.FOREIGN:
            return NOT_AUTHORISED
        case Verdict.REFUSED:
            return _REFUSALS.get(receipt.code, CANNOT_UNDERSTAND)


def _comment(detail: str) -> str:
    """Cut a sentence to an Error Comment (0000,0902), which is an LO of 64 characters."""
    return detail.encode("ascii", "replace").decode("ascii")[:64]
