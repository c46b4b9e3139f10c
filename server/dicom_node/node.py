"""From an association to intake: who may come in, where each object goes, what the device hears."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from dicom.dimse.callbacks import (
    Admission,
    Admitted,
    AssociationInfo,
    AssociationRequest,
    AssociationSummary,
    Ending,
    RefusedRequest,
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
from server.dicom_node.allow_list import AllowedDevice, Caller
from server.dicom_node.budgets import Budgets
from server.dicom_node.devices import DeviceService, Recognised
from server.dicom_node.user_identity import Shown, UserIdentities
from server.identity.public import Actor, act_of, throttled_as
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
_LOCAL_LIMIT_EXCEEDED: Final = Rejection(result=2, source=3, reason=2)
_NO_REASON_GIVEN: Final = Rejection(result=1, source=1, reason=1)
"""For a user identity that is not verified, there is no better word (PS3.8 Table 9-21)."""


@dataclass
class Visit:
    """One association of a known device, and what it brought: audited as one row at its end."""

    device: Actor
    known: AllowedDevice
    """As it is registered, read again every few seconds."""
    address: str
    """What its address's budgets are counted under."""
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

    def refuse(self, what: str) -> None:
        """Count a refusal."""
        self.refused[what] = self.refused.get(what, 0) + 1


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
        budgets: Budgets,
        users: UserIdentities,
    ) -> None:
        self._devices = devices
        self._budgets = budgets
        self._users = users
        self._database = database
        self._audit = audit
        self._called_ae = called_ae
        self._told: Recent[tuple[str, str, str], bool] = Recent(
            clock=clock, keep_s=60, capacity=4096
        )

    async def admit(self, request: AssociationRequest, /) -> Admission[Visit] | Rejection:
        """Decide on a request; a stranger is refused and audited, once a minute."""
        who = request.association
        caller = caller_of(who)
        if self._called_ae is not None and who.called_ae != self._called_ae:
            await self._tell_refusal(
                caller, "a caller of another AE title was refused", because=who.called_ae
            )
            return _CALLED_AE_NOT_RECOGNISED
        try:
            recognised = await self._recognised(caller)
        except Unavailable:
            return _TEMPORARY_CONGESTION
        if isinstance(recognised, Rejection):
            return recognised
        device = recognised.device
        shown = await self._users.verify(device, request.user_identity, caller.address)
        if shown not in {Shown.NOT_ASKED, Shown.VERIFIED}:
            await self._tell_refusal(
                caller,
                "a device was refused for its user",
                device=recognised.actor,
                because=shown.value,
            )
            return _LOCAL_LIMIT_EXCEEDED if shown is Shown.THROTTLED else _NO_REASON_GIVEN
        visit = Visit(recognised.actor, device, throttled_as(caller.address))
        return Admission(visit, b"" if shown is Shown.VERIFIED else None)

    async def _recognised(self, caller: Caller) -> Recognised | Rejection:
        # First of all, and of strangers too: what follows costs a look into the database.
        if not self._budgets.take_association(throttled_as(caller.address)):
            return await self._over_budget(
                caller, "too many associations in a minute from one address"
            )
        recognised = await self._devices.recognise(caller)
        if recognised is None:
            await self._tell_refusal(caller, "an unknown device was refused")
            return _CALLING_AE_NOT_RECOGNISED
        device = recognised.device
        if not self._budgets.take_association(device.id, device.budget):
            return await self._over_budget(
                caller, "too many associations in a minute from one device"
            )
        return recognised

    async def request_refused(self, refused: RefusedRequest, /) -> None:
        """Write down what was not even looked at, as strangers are."""
        caller = Caller(refused.calling_ae, refused.peer_ip, None, uses_tls=False)
        await self._tell_unread(caller, "a request was refused", refused.reason)

    async def unwelcome(self, admitted: Sequence[Admitted[Visit]], /) -> Mapping[int, str]:
        """Return whose device was switched off or changed so that it would not be let in now."""
        current = await self._devices.current([each.peer.device.id for each in admitted])
        leaving: dict[int, str] = {}
        for each in admitted:
            visit, known = each.peer, current.get(each.peer.device.id)
            reason = _no_longer(visit, known, caller_of(each.association))
            if reason is not None:
                leaving[each.association.number] = reason
                _log.warning("a device may stay no longer", device=visit.device.id, because=reason)
                detail: dict[str, object] = {"because": reason}
                await self._write_down(visit.device, "dicom.dismiss", Outcome.REFUSED, detail)
            elif known is not None:
                visit.known = known
        return leaving

    async def association_ended(self, summary: AssociationSummary[Visit], /) -> None:
        """Write down what the association brought, and whatever ended it but a release."""
        visit = summary.peer
        broke_off = summary.ending not in {Ending.RELEASED, Ending.SHUT_DOWN}
        if broke_off:
            ours = summary.ending in {Ending.ABORTED, Ending.TIMED_OUT}
            (_log.warning if ours else _log.info)(
                "an association broke off", device=visit.device.id, ending=summary.ending.value,
                because=summary.reason,
            )  # fmt: skip
        try:
            await self._devices.called(visit.device.id)
        except Unavailable:
            _log.warning("a device's call could not be noted", device=visit.device.id)
        asked = visit.queries or visit.retrievals
        did = summary.stored or summary.failed or asked or visit.refused
        # A peer may come and break off all day, and each time it is one more row.
        if not did and not (broke_off and self._budgets.take_refusal(visit.address)):
            return
        await self._write_down(
            visit.device,
            "dicom.association",
            Outcome.FAILED if summary.failed or broke_off else Outcome.SUCCESS,
            {
                "ending": summary.ending.value,
                "because": summary.reason,
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

    async def _over_budget(self, caller: Caller, because: str) -> Rejection:
        await self._tell_unread(caller, "an association was over its budget", because)
        return _LOCAL_LIMIT_EXCEEDED

    async def _tell_unread(self, caller: Caller, event: str, because: str) -> None:
        """Tell of a request that was refused before anybody asked whose it was."""
        if self._told.first((because, caller.ae_title, caller.address), value=True):
            _log.warning(event, peer=caller.address, ae=caller.ae_title, because=because)
            await self._audit_refusal(caller, "dicom.request", None, {"because": because})

    async def _tell_refusal(
        self,
        caller: Caller,
        event: str,
        *,
        device: Actor | None = None,
        because: str | None = None,
    ) -> None:
        detail: dict[str, object] = {} if because is None else {"because": because}
        _log.warning(event, peer=caller.address, ae=caller.ae_title, **detail)
        if self._told.first((event, caller.ae_title, caller.address), value=True):
            await self._audit_refusal(caller, "dicom.associate", device, detail)

    async def _audit_refusal(
        self, caller: Caller, action: str, device: Actor | None, detail: dict[str, object]
    ) -> None:
        if self._budgets.take_refusal(throttled_as(caller.address)):
            source = f"{caller.ae_title}@{caller.address}"
            await self._write_down(device, action, Outcome.REFUSED, detail, source=source)

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

    def __init__(self, intake: IntakeService, budgets: Budgets, clock: Clock) -> None:
        self._intake = intake
        self._budgets = budgets
        self._told: Recent[tuple[str, str], bool] = Recent(clock=clock, keep_s=60, capacity=4096)

    def begin(self, request: StoreRequest[Visit], /) -> "ObjectSink":
        """Open the way in for one object."""
        visit = request.peer
        over = self._budgets.take_object(visit.device.id, visit.address, visit.known.budget)
        if over is not None:
            if self._told.first((visit.device.id, over), value=True):
                _log.warning("a device is over its budget", device=visit.device.id, because=over)
            raise StoreRefusedError(OUT_OF_RESOURCES, f"{over}: send it later")
        expected = ExpectedObject(request.sop_class_uid, request.sop_instance_uid)
        try:
            incoming = self._intake.begin(visit.device, expected)
        except (StorageFull, Unavailable) as error:
            raise StoreRefusedError(OUT_OF_RESOURCES, _comment(error.detail)) from error
        sink = ObjectSink(incoming, visit, self._budgets)
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
        incoming.dataset_begins()
        return sink


class ObjectSink:
    """One object on its way from a device."""

    def __init__(self, incoming: Incoming, visit: Visit, budgets: Budgets) -> None:
        self._incoming = incoming
        self._visit = visit
        self._budgets = budgets

    def write(self, chunk: memoryview, /) -> None:
        """Take the next bytes."""
        try:
            self._incoming.write(chunk)
        except LianzhenError as error:
            # The layer below answers an OSError with 0xA700 once the rest is drained.
            raise OSError(error.detail) from error

    async def finish(self) -> StoreResult:
        """Make the object durable and answer."""
        self._pay()
        try:
            receipt = await self._incoming.finish()
        except (StorageFull, Unavailable) as error:
            return StoreResult(OUT_OF_RESOURCES, _comment(error.detail))
        if isinstance(receipt.content, Refusal) or not receipt.verdict.kept:
            self._visit.refuse(receipt.code)
            _log.warning("an object was refused", device=self._visit.device.id, code=receipt.code)
            return StoreResult(status_of(receipt), _comment(receipt.detail))
        self._visit.study_uids.add(receipt.content.study_instance_uid)
        self._visit.charset_repairs.update(receipt.content.charset_repairs)
        return StoreResult(SUCCESS)

    def abort(self) -> None:
        """Forget the object."""
        self._pay()
        self._incoming.abort()

    def _pay(self) -> None:
        visit = self._visit
        self._budgets.pay_bytes(
            visit.device.id, visit.address, visit.known.budget, self._incoming.size
        )


def caller_of(who: AssociationInfo) -> Caller:
    """Return who calls."""
    return Caller(
        ae_title=who.calling_ae,
        address=who.peer_ip,
        certificate_subject=who.tls.subject if who.tls is not None else None,
        uses_tls=who.tls is not None,
        certificate_sha256=who.tls.sha256 if who.tls is not None else None,
    )


def _no_longer(visit: Visit, known: AllowedDevice | None, caller: Caller) -> str | None:
    """Return why a device that was admitted would not be now."""
    if known is None:
        return "it was switched off"
    objection = known.objection(caller)
    if objection is not None:
        return objection.value
    if visit.known.user != known.user:
        return "its user or passcode was changed"
    return None


def status_of(receipt: Receipt) -> int:
    """Return the C-STORE status that tells a receipt."""
    match receipt.verdict:
        case Verdict.STORED | Verdict.DUPLICATE:
            return SUCCESS
        case Verdict.CONFLICT:
            return UID_CONFLICT
        case Verdict.FOREIGN | Verdict.DELETED | Verdict.REJECTED:
            return NOT_AUTHORISED
        case Verdict.REFUSED:
            return _REFUSALS.get(receipt.code, CANNOT_UNDERSTAND)


def _comment(detail: str) -> str:
    """Cut a sentence to an Error Comment (0000,0902), which is an LO of 64 characters."""
    return detail.encode("ascii", "replace").decode("ascii")[:64]
