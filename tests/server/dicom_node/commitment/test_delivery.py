"""Devices are told what we commit to, also those that are away, silent or slow."""

import asyncio
import gzip
import itertools
import threading
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from server.dicom_node.models import (
    Commitment,
    CommitmentState,
    Device,
)
from server.node import commitment_courier
from tests.dicom.dimse.node import WAIT_S
from tests.server.dicom_node.commitment.committing import (
    CT,
    Committing,
    Told,
    action,
    address,
    ask,
    commitments,
    due_now,
    listening,
    uid_of,
    until_state,
    until_tried,
)
from tests.server.dicom_node.test_node import Node, audited, send
from tests.support.dicom_files import ct_series
from tests.support.ports import free_port
from tests.support.tcp import loopback_server


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
    # By whichever of the two came first: the node looks as well.
    await until_state(node, CommitmentState.DELIVERED)
    assert len(await commitments(node)) == 1


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
