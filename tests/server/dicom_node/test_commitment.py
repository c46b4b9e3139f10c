"""Storage commitment: what we commit to, and how a device is told, whatever happens meanwhile."""

import asyncio
import gzip
import itertools
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from sqlalchemy import select, update

from server.core.errors import Unavailable
from server.core.objects.errors import ObjectStoreError
from server.dicom_node.budgets import Budgets
from server.dicom_node.courier import COMMITMENT_UID, WELL_KNOWN_INSTANCE, Courier
from server.dicom_node.models import (
    COMMITMENT_TRANSITIONS,
    Commitment,
    CommitmentEvent,
    CommitmentState,
    Device,
)
from server.dicom_node.public import DeviceAddress, NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.intake.models import Location, StoredObject
from server.intake.vouching import Vouching
from server.roles import commitment_courier, dimse_server
from server.services import build_services, running
from server.studies.models import Instance
from tests.dicom.dimse.acceptors import pynetdicom_scp
from tests.dicom.dimse.node import WAIT_S
from tests.server.dicom_node.test_node import Node, audited, send, until_audited
from tests.support.application import settings_for
from tests.support.dicom_files import ct_series
from tests.support.orthanc import orthanc
from tests.support.ports import free_port
from tests.support.tcp import loopback_server

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"


@dataclass
class Committing(Node):
    """A node that commits."""

    courier: Courier


@pytest.fixture
async def node(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Committing]:
    monkeypatch.setattr("server.dicom_node.courier._EVERY_S", 0.1)
    services = build_services(settings_for(tmp_path, database_url), role="node")
    courier = commitment_courier(services)
    async with running(services), courier.running():
        institutions = {}
        for code in ("township1", "township2"):
            institutions[code] = await services.institutions.create(
                NewInstitution("qinghe", code, code, code, Level.TOWNSHIP)
            )
            await services.devices.register(NewDevice("qinghe", institutions[code], code.upper()))
        server = dimse_server(services, courier)
        port = await server.start("127.0.0.1", 0)
        yield Committing(services, port, institutions, courier)
        await server.close(1)


@dataclass
class Told:
    """The events a device heard."""

    events: list[tuple[int, Dataset]] = field(default_factory=list)
    status: int = 0
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def hear(self, event: Any) -> tuple[int, None]:
        self.events.append((event.request.EventTypeID, event.event_information))
        self.came.release()
        return self.status, None

    async def outcome(self) -> tuple[int, set[str], dict[str, int]]:
        """Wait for the next event: its type, what was committed to, and what not, and why."""
        assert await asyncio.to_thread(self.came.acquire, timeout=WAIT_S)
        event_type, information = self.events[-1]
        return (
            event_type,
            {str(each.ReferencedSOPInstanceUID) for each in information.get(_COMMITTED, ())},
            {
                str(each.ReferencedSOPInstanceUID): each.FailureReason
                for each in information.get(_FAILED, ())
            },
        )


_COMMITTED, _FAILED = "ReferencedSOPSequence", "FailedSOPSequence"


def uid_of(data: bytes) -> str:
    return str(dcmread(DicomBytesIO(data), stop_before_pixels=True).SOPInstanceUID)


def action(transaction: str, *references: tuple[str, str]) -> Dataset:
    ds = Dataset()
    ds.TransactionUID = transaction
    ds.ReferencedSOPSequence = []
    for sop_class, uid in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
        ds.ReferencedSOPSequence.append(item)
    return ds


def _ask(
    port: int, ds: Dataset, told: Told | None, ae_title: str, type_id: int, instance: str
) -> int:
    ae = AE(ae_title=ae_title)
    ae.add_requested_context(COMMITMENT_UID)
    handlers: list[Any] = [(evt.EVT_N_EVENT_REPORT, told.hear)] if told is not None else []
    association = ae.associate("127.0.0.1", port, evt_handlers=handlers)
    assert association.is_established
    try:
        status, _ = association.send_n_action(ds, type_id, COMMITMENT_UID, instance)
        if told is not None:
            assert told.came.acquire(timeout=WAIT_S)
            told.came.release()
        return int(status.Status)
    finally:
        # Without an ear for events it is gone before one can be answered.
        association.release() if told is not None else association.abort()


async def ask(
    node: Node,
    ds: Dataset,
    told: Told | None = None,
    ae_title: str = "TOWNSHIP1",
    *,
    type_id: int = 1,
    instance: str = WELL_KNOWN_INSTANCE,
) -> int:
    """Request storage commitment, and wait for the event where there are ears for it."""
    return await asyncio.to_thread(_ask, node.port, ds, told, ae_title, type_id, instance)


@contextmanager
def listening(told: Told, port: int = 0) -> Iterator[int]:
    """Run a device that hears events on its own port."""
    ae = AE(ae_title="TOWNSHIP1")
    ae.add_supported_context(COMMITMENT_UID, scu_role=False, scp_role=True)
    if port:
        server = ae.start_server(
            ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, told.hear)]
        )
        assert server is not None
        try:
            yield port
        finally:
            server.shutdown()
        return
    with pynetdicom_scp(ae, [(evt.EVT_N_EVENT_REPORT, told.hear)]) as found:
        yield found


async def address(node: Node, port: int, ae_title: str = "TOWNSHIP1") -> None:
    await change(
        node, update(Device).where(Device.ae_title == ae_title).values(host="127.0.0.1", port=port)
    )


async def change(node: Node, statement: Any) -> None:
    async with node.services.database.unit_of_work() as uow:
        await uow.session.execute(statement)
        await uow.commit()


async def commitments(node: Node) -> Sequence[Commitment]:
    async with node.services.database.reading() as session:
        return (await session.scalars(select(Commitment))).all()


async def until_state(node: Node, state: CommitmentState) -> Commitment:
    for _ in range(500):
        found = await commitments(node)
        if found and found[0].state == state:
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError(f"never {state}: {[each.state for each in found]}")


async def until_tried(node: Node, attempts: int) -> Commitment:
    for _ in range(1500):
        found = await commitments(node)
        if found and found[0].attempts >= attempts:
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError(f"never tried {attempts} times")


async def due_now(node: Node, **values: Any) -> None:
    """Make what waits due, as time would."""
    await change(
        node,
        update(Commitment)
        .where(Commitment.next_try_at.is_not(None))
        .values(next_try_at=node.services.clock.now() - timedelta(seconds=1), **values),
    )


@pytest.mark.parametrize(
    ("state", "event"), list(itertools.product(CommitmentState, CommitmentEvent)), ids=str
)
def test_every_pair_of_state_and_event_is_decided(
    state: CommitmentState, event: CommitmentEvent
) -> None:
    after = COMMITMENT_TRANSITIONS.get((state, event))
    has_ended = state in {CommitmentState.DELIVERED, CommitmentState.EXPIRED}
    match event:
        case CommitmentEvent.ASK_AGAIN:
            assert after is CommitmentState.REQUESTED
        case CommitmentEvent.EXPIRE:
            assert after is (None if has_ended else CommitmentState.EXPIRED)
        case CommitmentEvent.CHECK:
            expected = CommitmentState.CHECKED if state is CommitmentState.REQUESTED else None
            assert after is expected
        case CommitmentEvent.DELIVER:
            expected = CommitmentState.DELIVERED if state is CommitmentState.CHECKED else None
            assert after is expected


async def test_what_was_stored_is_committed_to_on_the_same_association(node: Committing) -> None:
    files = ct_series(3)
    await send(node, *files)
    uids = {uid_of(each) for each in files}
    told = Told()
    assert await ask(node, action("1.2.3", *((CT, uid) for uid in uids)), told) == 0
    assert await told.outcome() == (1, uids, {})
    assert told.events[0][1].TransactionUID == "1.2.3"
    commitment = await until_state(node, CommitmentState.DELIVERED)
    assert (commitment.reference_count, commitment.next_try_at) == (3, None)
    (request,), (answer,) = [
        await audited(node, f"commitment.{verb}") for verb in ("request", "answer")
    ]
    assert request.institution_id == answer.institution_id == node.institutions["township1"]
    assert orjson.loads(request.detail) == {
        "transaction_uid": "1.2.3", "instances": 3, "again": False,
    }  # fmt: skip
    assert orjson.loads(answer.detail) == {
        "transaction_uid": "1.2.3", "committed": 3, "failed": 0, "association": "same",
        "attempts": 1,
    }  # fmt: skip


async def test_each_failure_has_its_reason(node: Committing) -> None:
    good, broken, other = ct_series(3)
    (theirs,) = ct_series(1)
    await send(node, good, broken, other)
    await send(node, theirs, ae_title="TOWNSHIP2")
    await change(
        node,
        update(StoredObject)
        .where(
            StoredObject.id.in_(
                select(Instance.object_id).where(Instance.sop_instance_uid == uid_of(broken))
            )
        )
        .values(damaged_at=node.services.clock.now()),
    )
    unknown = generate_uid()
    told = Told()
    wanted = [
        (CT, uid_of(good)), (CT, uid_of(broken)), (MR, uid_of(other)), (CT, uid_of(theirs)),
        (CT, unknown),
    ]  # fmt: skip
    assert await ask(node, action("1.2.3", *wanted), told) == 0
    assert await told.outcome() == (
        2,
        {uid_of(good)},
        {uid_of(broken): 0x0110, uid_of(other): 0x0119, uid_of(theirs): 0x0112, unknown: 0x0112},
    )


async def test_device_that_left_is_called_at_its_address_and_in_its_role(node: Committing) -> None:
    (data,) = ct_series(1)
    await send(node, data)
    told = Told()
    with listening(told) as port:
        await address(node, port)
        assert await ask(node, action("1.2.3", (CT, uid_of(data)))) == 0
        assert await told.outcome() == (1, {uid_of(data)}, {})
    await until_state(node, CommitmentState.DELIVERED)
    (answer,) = await audited(node, "commitment.answer")
    assert orjson.loads(answer.detail)["association"] == "new"


async def test_device_that_cannot_be_reached_is_tried_again_after_a_restart(
    node: Committing,
) -> None:
    (data,) = ct_series(1)
    await send(node, data)
    port = free_port()
    await address(node, port)
    assert await ask(node, action("1.2.3", (CT, uid_of(data)))) == 0
    first = await until_tried(node, 1)
    assert (first.state, first.failures) == (CommitmentState.CHECKED, [])
    assert first.next_try_at is not None
    told = Told()
    with listening(told, port):
        # Another process: it knows nothing but the database.
        another = commitment_courier(node.services)
        await due_now(node)
        await asyncio.gather(*await another.deliver_due())
        assert await told.outcome() == (1, {uid_of(data)}, {})
    assert [each.state for each in await commitments(node)] == [CommitmentState.DELIVERED]


async def test_two_processes_that_find_the_same_one_due_tell_it_once(node: Committing) -> None:
    (data,) = ct_series(1)
    await send(node, data)
    assert await ask(node, action("1.2.3", (CT, uid_of(data)))) == 0
    await until_tried(node, 1)
    told = Told()
    with listening(told) as port:
        await address(node, port)
        # Beside the node's own.
        others = [commitment_courier(node.services) for _ in range(2)]
        await due_now(node)
        begun = await asyncio.gather(*(each.deliver_due() for each in others))
        await asyncio.gather(*itertools.chain(*begun))
        await until_state(node, CommitmentState.DELIVERED)
    assert len(told.events) == 1
    assert len(await audited(node, "commitment.answer")) == 1


async def waiting(node: Node, ae_title: str, count: int, **values: Any) -> None:
    """Write down commitments that are due, as if their device had left long ago."""
    services = node.services
    references = orjson.dumps([[CT, "1.2.9"]])
    now = services.clock.now()
    async with services.database.unit_of_work() as uow:
        device = (await uow.session.scalars(select(Device).filter_by(ae_title=ae_title))).one()
        uow.session.add_all(
            Commitment(
                id=services.ids.new(), org=device.org, institution_id=device.institution_id,
                device_id=device.id, transaction_uid=f"1.2.{number + 1}",
                references_gz=gzip.compress(references), references_sha256="0" * 64,
                reference_count=1, state=CommitmentState.CHECKED, failures=[],
                first_requested_at=now, attempts=0,
                next_try_at=now - timedelta(seconds=count - number),
                **{"requested_at": now, **values},
            )
            for number in range(count)
        )  # fmt: skip
        await uow.commit()


async def until_put_off(node: Node) -> list[int]:
    """Wait until all waits for the same moment; return how often each was tried."""
    for _ in range(500):
        found = await commitments(node)
        due = {each.next_try_at for each in found}
        if len(due) == 1 and max(filter(None, due)) > node.services.clock.now():
            return sorted(each.attempts for each in found)
        await asyncio.sleep(0.02)
    raise AssertionError("never put off")


async def test_device_that_is_not_reached_is_not_called_for_all_that_is_due(
    node: Committing,
) -> None:
    await address(node, free_port())
    await waiting(node, "TOWNSHIP1", 20)
    assert await until_put_off(node) == [0] * 19 + [1]
    await due_now(node)
    assert await until_put_off(node) == [0] * 19 + [2], "one speaks for all"
    told = Told()
    with listening(told) as port:
        await address(node, port)
        await due_now(node)
        for _ in range(20):
            await told.outcome()


async def test_late_commitments_of_a_device_that_is_not_reached_end(node: Committing) -> None:
    await address(node, free_port())
    past = node.services.clock.now() - timedelta(hours=73)
    await waiting(node, "TOWNSHIP1", 3, requested_at=past)
    for _ in range(1500):
        if {each.state for each in await commitments(node)} == {CommitmentState.EXPIRED}:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("they wait on")


async def test_silent_device_keeps_nobody_waiting(node: Committing) -> None:
    calls: list[asyncio.StreamWriter] = []

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(writer)
        await reader.read()

    told = Told()
    async with loopback_server(say_nothing) as silent:
        with listening(told) as port:
            await address(node, silent)
            await address(node, port, "TOWNSHIP2")
            await waiting(node, "TOWNSHIP1", 6)
            await waiting(node, "TOWNSHIP2", 1)
            assert (await told.outcome())[0] == 1
            assert len(calls) <= 1


async def test_request_repeated_while_it_is_looked_into_counts_alone(
    node: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data,) = ct_series(1)
    await send(node, data)
    wanted = action("1.2.3", (CT, uid_of(data)))
    looking, may_go_on = asyncio.Event(), asyncio.Event()
    whole = Vouching.whole

    async def slowly(self: Vouching, object_ids: Sequence[str]) -> Mapping[str, bool]:
        looking.set()
        await may_go_on.wait()
        return await whole(self, object_ids)

    monkeypatch.setattr(Vouching, "whole", slowly)
    assert await ask(node, wanted) == 0
    await asyncio.wait_for(looking.wait(), WAIT_S)
    told = Told()
    again = asyncio.ensure_future(ask(node, wanted, told))
    for _ in range(500):
        if len(await audited(node, "commitment.request")) == 2:
            break
        await asyncio.sleep(0.02)
    may_go_on.set()
    assert await again == 0
    await until_state(node, CommitmentState.DELIVERED)
    assert len(told.events) == 1
    assert len(await audited(node, "commitment.answer")) == 1


async def test_device_that_does_not_answer_where_it_asked_is_called(
    node: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.dicom_node.courier._PATIENCE_S", 0.2)
    (data,) = ct_series(1)
    await send(node, data)
    told = Told()
    silent = threading.Event()

    class Deaf(Told):
        def hear(self, event: Any) -> tuple[int, None]:
            self.came.release()
            silent.wait(WAIT_S)
            return super().hear(event)

    with listening(told) as port:
        await address(node, port)
        deaf = Deaf()
        asked = asyncio.ensure_future(ask(node, action("1.2.3", (CT, uid_of(data))), deaf))
        assert await told.outcome() == (1, {uid_of(data)}, {})
        silent.set()
        assert await asked == 0
    await until_state(node, CommitmentState.DELIVERED)


async def test_waits_grow_and_end(node: Committing) -> None:
    assert await ask(node, action("1.2.3", (CT, "1.2.9"))) == 0
    waits = []
    for attempts in range(1, 4):
        tried = await until_tried(node, attempts)
        assert tried.next_try_at is not None
        waits.append((tried.next_try_at - node.services.clock.now()).total_seconds())
        await due_now(node)
    assert waits[0] < waits[1] < waits[2]
    past = node.services.clock.now() - timedelta(hours=73)
    await due_now(node, requested_at=past)
    expired = await until_state(node, CommitmentState.EXPIRED)
    assert expired.next_try_at is None
    (answer,) = await audited(node, "commitment.answer")
    assert answer.outcome == "failed"
    assert "no address" in orjson.loads(answer.detail)["reason"]


async def test_device_that_does_not_take_the_event_is_told_again(node: Committing) -> None:
    (data,) = ct_series(1)
    await send(node, data)
    told = Told(status=0x0110)
    with listening(told) as port:
        await address(node, port)
        assert await ask(node, action("1.2.3", (CT, uid_of(data)))) == 0
        await told.outcome()
        await until_tried(node, 1)
        told.status = 0
        await due_now(node)
        await told.outcome()
    await until_state(node, CommitmentState.DELIVERED)


async def test_same_request_is_one_and_is_answered_anew(node: Committing) -> None:
    one, two = ct_series(2)
    await send(node, one)
    wanted = action("1.2.3", (CT, uid_of(one)), (CT, uid_of(two)))
    told = Told()
    assert await ask(node, wanted, told) == 0
    assert (await told.outcome())[0] == 2
    await until_state(node, CommitmentState.DELIVERED)
    await send(node, two)
    again = Told()
    assert await ask(node, wanted, again) == 0
    assert await again.outcome() == (1, {uid_of(one), uid_of(two)}, {})
    assert len(await commitments(node)) == 1


async def test_used_transaction_uid_for_other_instances_is_a_duplicate(node: Committing) -> None:
    one, two = ct_series(2)
    await send(node, one, two)
    first, second = Told(), Told()
    assert await ask(node, action("1.2.3", (CT, uid_of(one))), first) == 0
    assert await first.outcome() == (1, {uid_of(one)}, {})
    assert await ask(node, action("1.2.3", (CT, uid_of(two))), second) == 0
    assert await second.outcome() == (2, set(), {uid_of(two): 0x0131})
    of_another = Told()
    assert await ask(node, action("1.2.3", (CT, "1.2.9")), of_another, "TOWNSHIP2") == 0
    assert await of_another.outcome() == (2, set(), {"1.2.9": 0x0112})


async def test_while_the_store_is_down_nothing_is_said(
    node: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data,) = ct_series(1)
    await send(node, data)
    while not await in_store(node):  # noqa: ASYNC110  the drain has no event
        await asyncio.sleep(0.02)

    async def down(key: str) -> None:
        raise ObjectStoreError(f"no answer for {key}")

    with monkeypatch.context() as broken:
        broken.setattr(node.services.stores.originals, "stat", down)
        assert await ask(node, action("1.2.3", (CT, uid_of(data)))) == 0
        waiting = await until_tried(node, 1)
        assert (waiting.state, waiting.failures) == (CommitmentState.REQUESTED, None)
    told = Told()
    with listening(told) as port:
        await address(node, port)
        await due_now(node)
        assert await told.outcome() == (1, {uid_of(data)}, {})


async def in_store(node: Node) -> bool:
    async with node.services.database.reading() as session:
        found = await session.scalar(select(StoredObject.location))
    return found == Location.STORE


NAMELESS = action("1.2.3", (CT, "1.2.9"))
del NAMELESS.TransactionUID


@pytest.mark.parametrize(
    ("ds", "how", "status"),
    [
        (action("1.2.3", (CT, "1.2.9")), {"type_id": 2}, 0x0123),
        (action("1.2.3", (CT, "1.2.9")), {"instance": "1.2.3"}, 0x0112),
        (NAMELESS, {}, 0x0115),
        (action("1.2.3"), {}, 0x0115),
        (action("1.2.3", (CT, "")), {}, 0x0115),
        (action("1.2.3", *((CT, f"1.2.{each}") for each in range(20_001))), {}, 0x0213),
    ],
    ids=["action type", "instance", "no transaction", "no instances", "no UID", "too many"],
)
async def test_request_that_makes_no_sense_is_refused(
    node: Committing, ds: Dataset, how: dict[str, Any], status: int
) -> None:
    assert await ask(node, ds, **how) == status
    assert not await commitments(node)
    visit = await until_audited(node, "dicom.association")
    assert orjson.loads(visit.detail)["refused"] == {f"N_ACTION_RQ {status:04X}": 1}


async def test_a_device_that_asks_too_often_is_told_to_wait(
    node: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Budgets, "take_object", lambda *_: "too many objects in a minute")
    assert await ask(node, action("1.2.3", (CT, "1.2.9"))) == 0x0213
    assert not await commitments(node)


async def test_request_is_not_taken_while_the_database_is_down(
    node: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise Unavailable("down")

    monkeypatch.setattr(node.services.database, "unit_of_work", down)
    assert await ask(node, action("1.2.3", (CT, "1.2.9"))) == 0x0213


async def test_device_with_a_thousand_unanswered_requests_waits(
    node: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.dicom_node.commitment._MOST_WAITING", 1)
    assert await ask(node, action("1.2.3", (CT, "1.2.9"))) == 0
    assert await ask(node, action("1.2.4", (CT, "1.2.9"))) == 0x0213
    assert await ask(node, action("1.2.3", (CT, "1.2.9"))) == 0


async def test_what_was_answered_long_ago_is_forgotten(node: Committing) -> None:
    told = Told()
    assert await ask(node, action("1.2.3", (CT, "1.2.9")), told) == 0
    ended = await until_state(node, CommitmentState.DELIVERED)
    assert ended.ended_at is not None
    await node.courier.prune()
    assert await commitments(node)
    await change(node, update(Commitment).values(ended_at=ended.ended_at - timedelta(days=31)))
    await node.courier.prune()
    assert not await commitments(node)


async def test_orthanc_hears_what_we_commit_to(node: Committing, tmp_path: Path) -> None:
    one, two = ct_series(2)
    await send(node, one, ae_title="TOWNSHIP1")
    async with orthanc(tmp_path, knows={"lianzhen": ("LIANZHEN", node.port)}) as peer:
        await node.services.devices.register(
            NewDevice(
                "qinghe", node.institutions["township1"], "ORTHANC",
                address=DeviceAddress("127.0.0.1", peer.dicom_port),
            )
        )  # fmt: skip
        outcomes = [
            await peer.commitment([(CT, uid_of(each)) for each in asked])
            for asked in ([one], [one, two])
        ]
    success, failure = outcomes
    assert (success["Status"], len(success["Success"]), success["Failures"]) == ("Success", 1, [])
    assert failure["Status"] == "Failure"
    assert [each["SOPInstanceUID"] for each in failure["Success"]] == [uid_of(one)]
    (failed,) = failure["Failures"]
    assert (failed["SOPInstanceUID"], failed["FailureReason"]) == (uid_of(two), 0x0112)
