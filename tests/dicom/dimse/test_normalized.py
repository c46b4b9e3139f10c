"""DIMSE-N: pynetdicom asks and is told events, and peers that do not play by the rules."""

import asyncio
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation

from dicom.dimse.callbacks import Ending
from dicom.dimse.calling import (
    AssociationLostError,
    NotAcceptedError,
    PeerTimeoutError,
)
from dicom.dimse.command import CommandField, Status
from dicom.dimse.events import event_proposal, report
from dicom.dimse.identifier import encode_identifier
from dicom.dimse.limits import DimseLimits
from dicom.dimse.normalized import (
    EventPath,
    EventReport,
    NormalizedRefusedError,
    NormalizedResult,
    NormalizedSopClass,
)
from dicom.dimse.requestor import associate
from tests.dicom.dimse.acceptors import address, pynetdicom_scp
from tests.dicom.dimse.node import (
    ECHO,
    IMPLICIT,
    RELEASE,
    VERIFICATION,
    WAIT_S,
    RawPeer,
    RunningNode,
    associate_request,
    context_item,
    element,
    p_data,
    pdv,
    raw_peer,
    running_node,
    until,
)

COMMITMENT = "1.2.840.10008.1.20.1"
WELL_KNOWN = "1.2.840.10008.1.20.1.1"
MPPS = "1.2.840.10008.3.1.2.3.3"
MPPS_RETRIEVE = "1.2.840.10008.3.1.2.3.4"

SERVED = (
    NormalizedSopClass(COMMITMENT, frozenset({CommandField.N_ACTION_RQ})),
    NormalizedSopClass(MPPS, frozenset({CommandField.N_CREATE_RQ, CommandField.N_SET_RQ})),
    NormalizedSopClass(
        MPPS_RETRIEVE, frozenset({CommandField.N_GET_RQ}), frozenset({MPPS, MPPS_RETRIEVE})
    ),
)
HEARING = NormalizedSopClass(COMMITMENT, frozenset({CommandField.N_EVENT_REPORT_RQ}))
CONTEXTS = context_item(1, VERIFICATION, IMPLICIT) + context_item(3, COMMITMENT, IMPLICIT)


def information(count: int = 1) -> Dataset:
    ds = Dataset()
    ds.TransactionUID = "1.2.3"
    ds.ReferencedSOPSequence = []
    for number in range(count):
        reference = Dataset()
        reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        reference.ReferencedSOPInstanceUID = f"1.2.{number}"
        ds.ReferencedSOPSequence.append(reference)
    return ds


def event(content: Dataset | None = None) -> EventReport:
    return EventReport(COMMITMENT, COMMITMENT, WELL_KNOWN, 1, content)


@contextmanager
def associated(port: int, *events: tuple[Any, ...]) -> Iterator[Association]:
    ae = AE()
    for uid in (VERIFICATION, COMMITMENT, MPPS, MPPS_RETRIEVE):
        ae.add_requested_context(uid)
    association = ae.associate("127.0.0.1", port, evt_handlers=list(events))
    try:
        assert association.is_established
        yield association
    finally:
        association.release()


def normalized_request(
    operation: int,
    sop_class: str = COMMITMENT,
    *,
    instance: str = WELL_KNOWN,
    type_id: bytes | None = b"\1\0",
    data_set: bytes = b"",
) -> bytes:
    requested = operation not in {0x0100, 0x0140}
    body = element(0x0003 if requested else 0x0002, sop_class.encode())
    body += element(0x0100, struct.pack("<H", operation)) + element(0x0110, b"\1\0")
    body += element(0x0800, b"\1\0" if data_set else b"\1\1")
    body += element(0x1001 if requested else 0x1000, instance.encode())
    if type_id is not None:
        body += element(0x1008 if operation == 0x0130 else 0x1002, type_id)
    sent = p_data(pdv(3, 3, element(0, struct.pack("<I", len(body))) + body))
    pieces = [data_set[start : start + 16_000] for start in range(0, len(data_set), 16_000)]
    last = len(pieces) - 1
    return sent + b"".join(
        p_data(pdv(3, 2 if index == last else 0, piece)) for index, piece in enumerate(pieces)
    )


def event_response(message_id: int, *, data_set: bytes = b"", status: int = 0) -> bytes:
    body = element(0x0100, b"\0\x81") + element(0x0120, struct.pack("<H", message_id))
    body += element(0x0800, b"\1\0" if data_set else b"\1\1")
    body += element(0x0900, struct.pack("<H", status))
    sent = p_data(pdv(3, 3, element(0, struct.pack("<I", len(body))) + body))
    return sent + (p_data(pdv(3, 2, data_set)) if data_set else b"")


async def event_arrived(peer: RawPeer) -> int:
    """Return the message ID of the event that comes next, past its data set."""
    message_id = None
    while True:
        kind, body = await peer.receive()
        assert kind == 0x04, f"PDU type {kind}: {body!r}"
        if body[5] & 1:
            assert struct.pack("<HHIH", 0, 0x0100, 2, 0x0100) in body
            at = body.index(struct.pack("<HHI", 0, 0x0110, 2)) + 8
            message_id = int.from_bytes(body[at : at + 2], "little")
            if struct.pack("<HHIH", 0, 0x0800, 2, 0x0101) in body:
                return message_id
        elif body[5] & 2:
            assert message_id is not None
            return message_id


async def path_of(node: RunningNode, peer: RawPeer) -> EventPath:
    """Associate, ask something, and return the way back for events."""
    await peer.associate(associate_request(CONTEXTS))
    await peer.send(normalized_request(0x0130))
    assert await peer.receive_status() == Status.SUCCESS
    return node.objects.requests[-1].events


async def test_pynetdicom_creates_changes_and_reads_an_object() -> None:
    def ask(port: int) -> list[tuple[int, Any]]:
        with associated(port) as association:
            ds = Dataset()
            ds.PatientID = "P1"
            answers = [association.send_n_create(ds, MPPS, "1.2.3")]
            answers.append(association.send_n_set(ds, MPPS, "1.2.3"))
            answers.append(
                association.send_n_get([Tag(0x00100020)], MPPS, "1.2.3", meta_uid=MPPS_RETRIEVE)
            )
        return [(status.Status, reply and reply.get("PatientID")) for status, reply in answers]

    async with running_node(normalized=SERVED) as node:
        reply = Dataset()
        reply.PatientID = "P2"
        node.objects.result = NormalizedResult(data_set=reply)
        heard = await asyncio.to_thread(ask, node.port)
        assert heard == [(0, "P2")] * 3
        created, changed, read = node.objects.requests
        assert (created.operation, created.sop_instance_uid) == (CommandField.N_CREATE_RQ, "1.2.3")
        assert (changed.operation, changed.data_set.PatientID) == (CommandField.N_SET_RQ, "P1")
        assert (read.operation, read.attributes) == (CommandField.N_GET_RQ, (0x00100020,))
        assert (read.abstract_syntax, read.sop_class_uid) == (MPPS_RETRIEVE, MPPS)
        assert not read.data_set
        assert node.server.stats().operations == 3


def create(port: int) -> Dataset:
    """Create an object without a name, and return the command set of the response."""
    heard: list[Dataset] = []
    with associated(port, (evt.EVT_DIMSE_RECV, lambda e: heard.append(e.message.command_set))) as (
        association
    ):
        association.send_n_create(information(), MPPS)
    return heard[0]


async def test_object_created_without_a_name_is_named_in_the_response() -> None:
    async with running_node(normalized=SERVED) as node:
        node.objects.result = NormalizedResult(sop_instance_uid="1.2.3.4")
        response = await asyncio.to_thread(create, node.port)
        assert (response.Status, response.AffectedSOPInstanceUID) == (0, "1.2.3.4")
        assert node.objects.requests[0].sop_instance_uid == ""


async def test_refusal_tells_status_comment_and_attributes() -> None:
    async with running_node(normalized=SERVED) as node:
        node.objects.result = NormalizedRefusedError(
            Status.MISSING_ATTRIBUTE, "no name", (0x00100010, 0x00100020), 0xA710
        )
        response = await asyncio.to_thread(create, node.port)
        assert (response.Status, response.ErrorComment) == (0x0120, "no name")
        assert response.ErrorID == 0xA710
        assert response.AttributeIdentifierList == [0x00100010, 0x00100020]


async def test_handler_that_fails_or_takes_too_long_is_answered_for() -> None:
    async with (
        running_node(DimseLimits(perform_s=0.05), normalized=SERVED) as node,
        raw_peer(node.port) as peer,
    ):
        await peer.associate(associate_request(CONTEXTS))
        node.objects.result = RuntimeError()
        await peer.send(normalized_request(0x0130))
        assert await peer.receive_status() == Status.PROCESSING_FAILURE
        node.objects.may_answer.clear()
        await peer.send(normalized_request(0x0130))
        assert await peer.receive_status() == Status.RESOURCE_LIMITATION


async def test_event_on_the_same_association_comes_after_the_answer() -> None:
    received = threading.Event()
    heard: list[tuple[int, int]] = []
    answering: list[threading.Thread] = []

    def event_came(e: Any) -> tuple[int, None]:
        heard.append((e.request.EventTypeID, len(e.event_information.ReferencedSOPSequence)))
        answering.append(threading.current_thread())
        received.set()
        return 0, None

    def ask(port: int) -> None:
        with associated(port, (evt.EVT_N_EVENT_REPORT, event_came)) as association:
            status, _ = association.send_n_action(information(), 1, COMMITMENT, WELL_KNOWN)
            assert status.Status == 0
            assert received.wait(WAIT_S)
            assert association.send_c_echo().Status == 0
            # Else the association ends before the event is answered.
            answering[0].join(WAIT_S)

    async with running_node(normalized=SERVED) as node:
        reports: list[asyncio.Task[int]] = []

        def answered() -> None:
            path = node.objects.requests[0].events
            reports.append(asyncio.ensure_future(path.report(event(information(2000)))))

        node.objects.result = NormalizedResult(answered=answered)
        await asyncio.to_thread(ask, node.port)
        assert await reports[0] == 0
        assert heard == [(1, 2000)]
        (request,) = node.objects.requests
        assert (request.type_id, request.data_set.TransactionUID) == (1, "1.2.3")
        assert not request.events.is_open


async def test_peer_may_ask_before_it_answers_an_event_and_reply_with_a_data_set() -> None:
    async with running_node(normalized=SERVED) as node, raw_peer(node.port) as peer:
        path = await path_of(node, peer)
        reporting = asyncio.ensure_future(path.report(event(information())))
        message_id = await event_arrived(peer)
        assert await peer.echo() == 0
        await peer.send(event_response(message_id, data_set=bytes(8), status=0x0110))
        assert await reporting == Status.PROCESSING_FAILURE
        assert await peer.echo() == 0


async def test_events_go_out_one_at_a_time() -> None:
    async with running_node(normalized=SERVED) as node, raw_peer(node.port) as peer:
        path = await path_of(node, peer)
        first = asyncio.ensure_future(path.report(event()))
        second = asyncio.ensure_future(path.report(event()))
        message_id = await event_arrived(peer)
        assert await peer.echo() == 0, "the second event came before the first was answered"
        await peer.send(event_response(message_id))
        assert await first == 0
        await peer.send(event_response(await event_arrived(peer)))
        assert await second == 0


@pytest.mark.parametrize("goodbye", [RELEASE, b""], ids=["release", "loss"])
async def test_event_is_not_answered_by_a_peer_that_goes(goodbye: bytes) -> None:
    async with running_node(normalized=SERVED) as node:
        async with raw_peer(node.port) as peer:
            path = await path_of(node, peer)
            reporting = asyncio.ensure_future(path.report(event()))
            await event_arrived(peer)
            await peer.send(goodbye)
        with pytest.raises(AssociationLostError):
            await reporting
        with pytest.raises(AssociationLostError):
            await path.report(event())


async def test_late_answer_to_an_event_is_passed_over() -> None:
    async with (
        running_node(DimseLimits(response_s=0.05), normalized=SERVED) as node,
        raw_peer(node.port) as peer,
    ):
        path = await path_of(node, peer)
        with pytest.raises(PeerTimeoutError):
            await path.report(event())
        await peer.send(event_response(await event_arrived(peer)))
        assert await peer.echo() == 0
        await peer.send(event_response(99))
        assert (await node.summary()).ending is Ending.ABORTED


async def test_event_needs_a_context_of_its_own() -> None:
    async with running_node(normalized=SERVED) as node, raw_peer(node.port) as peer:
        path = await path_of(node, peer)
        with pytest.raises(NotAcceptedError):
            await path.report(EventReport(MPPS, MPPS, "1.2.3", 1))


async def test_change_runs_to_its_end_when_the_peer_goes() -> None:
    async with running_node(normalized=SERVED) as node:
        async with raw_peer(node.port) as peer:
            await peer.associate(associate_request(CONTEXTS))
            node.objects.may_answer.clear()
            await peer.send(normalized_request(0x0130))
            await until(lambda: bool(node.objects.requests))
        await until(lambda: not node.objects.requests[0].events.is_open)
        assert not node.gate.summaries
        node.objects.may_answer.set()
        assert (await node.summary()).ending is Ending.CONNECTION_LOST
        assert node.objects.finished == 1


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (normalized_request(0x0120), Status.UNRECOGNIZED_OPERATION),
        (normalized_request(0x0150), Status.UNRECOGNIZED_OPERATION),
        (normalized_request(0x0100), Status.UNRECOGNIZED_OPERATION),
        (normalized_request(0x0130, MPPS), Status.NO_SUCH_SOP_CLASS),
        (normalized_request(0x0130, instance="1.2.x"), Status.INVALID_SOP_INSTANCE),
        (normalized_request(0x0130, instance=""), Status.INVALID_SOP_INSTANCE),
        (normalized_request(0x0130, type_id=None), Status.INVALID_ARGUMENT_VALUE),
        (normalized_request(0x0130, data_set=b"\x08\0\x05\0\xff\xff\xff\xff"), 0x0110),
    ],
    ids=["set", "delete", "event", "class", "instance", "no instance", "no type", "damaged"],
)
async def test_request_out_of_place_is_refused_and_the_association_lives(
    request_: bytes, status: int
) -> None:
    async with running_node(normalized=SERVED) as node, raw_peer(node.port) as peer:
        await peer.associate(associate_request(CONTEXTS))
        await peer.send(request_)
        assert await peer.receive_status() == status
        assert await peer.echo() == 0
        assert not node.objects.requests


@pytest.mark.parametrize(
    "request_",
    [
        normalized_request(0x0130, type_id=bytes(4)),
        normalized_request(0x0130, data_set=bytes(100_001)),
        normalized_request(0x0130) + ECHO,
    ],
    ids=["type of four bytes", "too long", "two at once"],
)
async def test_request_that_breaks_the_rules_ends_the_association(request_: bytes) -> None:
    limits = DimseLimits(max_normalized_bytes=100_000)
    async with running_node(limits, normalized=SERVED) as node, raw_peer(node.port) as peer:
        node.objects.may_answer.clear()
        await peer.associate(associate_request(CONTEXTS))
        await peer.send(request_)
        assert (await peer.receive())[0] == 0x07
        node.objects.may_answer.set()
        assert (await node.summary()).ending is Ending.ABORTED


async def test_list_of_20_000_instances_is_taken() -> None:
    async with running_node(normalized=SERVED) as node, raw_peer(node.port) as peer:
        await peer.associate(associate_request(CONTEXTS))
        data_set = encode_identifier(information(20_000), IMPLICIT)
        await peer.send(normalized_request(0x0130, data_set=data_set))
        assert await peer.receive_status() == Status.SUCCESS
        assert len(node.objects.requests[0].data_set.ReferencedSOPSequence) == 20_000


async def test_events_are_heard_from_a_peer_that_is_scp_and_from_no_other() -> None:
    def tell(port: int, *, as_scp: bool) -> int:
        ae = AE()
        ae.add_requested_context(COMMITMENT)
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid = COMMITMENT
        role.scu_role, role.scp_role = True, as_scp
        association = ae.associate("127.0.0.1", port, ext_neg=[role])
        try:
            assert association.is_established
            status, _ = association.send_n_event_report(information(), 1, COMMITMENT, WELL_KNOWN)
            return int(status.Status)
        finally:
            association.release()

    async with running_node(normalized=(HEARING,)) as node:
        assert await asyncio.to_thread(tell, node.port, as_scp=True) == 0
        assert await asyncio.to_thread(tell, node.port, as_scp=False) == 0x0211
        (request,) = node.objects.requests
        assert (request.operation, request.type_id) == (CommandField.N_EVENT_REPORT_RQ, 1)
    async with running_node(normalized=SERVED) as node:
        assert await asyncio.to_thread(tell, node.port, as_scp=True) == 0x0211


@pytest.mark.parametrize("content", [information(3), None], ids=["information", "nothing"])
async def test_event_is_reported_to_pynetdicom_on_an_association_of_ours(
    content: Dataset | None,
) -> None:
    heard: list[int] = []

    def event_came(e: Any) -> tuple[int, None]:
        heard.append(e.request.EventTypeID)
        return 0x0110 if content is None else 0x0000, None

    ae = AE()
    ae.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)
    with pynetdicom_scp(ae, [(evt.EVT_N_EVENT_REPORT, event_came)]) as port:
        async with associate(address(port), event_proposal(COMMITMENT)) as requestor:
            status = await report(requestor, event(content))
    assert heard == [1]
    assert status == (0x0110 if content is None else 0)


async def test_peer_that_knows_no_roles_is_told_events_all_the_same() -> None:
    heard: list[int] = []

    def event_came(e: Any) -> tuple[int, None]:
        heard.append(e.request.EventTypeID)
        return 0x0000, None

    ae = AE()
    ae.add_supported_context(COMMITMENT)
    with pynetdicom_scp(ae, [(evt.EVT_N_EVENT_REPORT, event_came)]) as port:
        async with associate(address(port), event_proposal(COMMITMENT)) as requestor:
            assert await report(requestor, event()) == 0
    assert heard == [1]


async def test_peer_that_grants_no_role_is_told_no_event() -> None:
    ae = AE()
    ae.add_supported_context(COMMITMENT, scu_role=True, scp_role=False)
    with pynetdicom_scp(ae) as port, pytest.raises((NotAcceptedError, AssociationLostError)):
        async with associate(address(port), event_proposal(COMMITMENT)) as requestor:
            await report(requestor, event())


def test_only_operations_of_dimse_n_make_a_normalised_sop_class() -> None:
    with pytest.raises(ValueError, match="DIMSE-N"):
        NormalizedSopClass(MPPS, frozenset({CommandField.C_STORE_RQ}))
