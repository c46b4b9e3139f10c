"""What we commit to, and what is no request for it."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from sqlalchemy import select, update

from server.core.errors import Unavailable
from server.core.objects.errors import ObjectStoreError
from server.dicom_node.budgets import Budgets
from server.dicom_node.models import (
    COMMITMENT_TRANSITIONS,
    Commitment,
    CommitmentEvent,
    CommitmentState,
)
from server.dicom_node.public import DeviceAddress, NewDevice
from server.intake.models import Location, StoredObject
from server.intake.vouching import Vouching
from server.studies.models import Instance
from tests.dicom.dimse.node import WAIT_S
from tests.server.dicom_node.commitment.committing import (
    CT,
    MR,
    Committing,
    Told,
    action,
    address,
    ask,
    change,
    commitments,
    due_now,
    listening,
    uid_of,
    until_state,
    until_tried,
)
from tests.server.dicom_node.test_node import Node, audited, send, until_audited
from tests.support.dicom_files import ct_series, rejection_note
from tests.support.orthanc import orthanc

KO = "1.2.840.10008.5.1.4.1.1.88.59"


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


@pytest.mark.fault
async def test_while_the_store_is_down_nothing_is_said(
    node: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data,) = ct_series(1)
    await send(node, data)
    while not await in_store(node):  # noqa: ASYNC110 -- the drain has no event
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


@pytest.mark.fault
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


async def test_what_was_rejected_is_committed_to_for_its_bytes_are_kept(node: Committing) -> None:
    shown, rejected = ct_series(2)
    note = rejection_note(rejected)
    await send(node, shown, rejected, note)
    async with node.services.database.reading() as session:
        hidden = set(
            await session.scalars(
                select(Instance.sop_instance_uid).where(Instance.rejected_as.is_not(None))
            )
        )
    assert hidden == {uid_of(rejected), uid_of(note)}
    told = Told()
    wanted = action("1.2.3", (CT, uid_of(shown)), (CT, uid_of(rejected)), (KO, uid_of(note)))
    assert await ask(node, wanted, told) == 0
    assert await told.outcome() == (1, {uid_of(each) for each in (shown, rejected, note)}, {})


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
