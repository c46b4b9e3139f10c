"""Budgets: what one device or one address may take in a while, and that others do not feel it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pynetdicom import AE
from pynetdicom.association import Association

from server.core.clock import Clock
from server.core.settings import DicomSettings
from server.dicom_node.budgets import Budgets, DeviceBudget
from server.dicom_node.node import OUT_OF_RESOURCES, SUCCESS
from server.dicom_node.public import DeviceChange, NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.migrations.run import migrate
from server.node import dimse_server
from server.services import build_services, running
from tests.server.dicom_node.test_node import Node, send
from tests.server.dicom_node.test_performed import begun, create, say
from tests.support.application import settings_for
from tests.support.dicom_files import ct_bytes, ct_series
from tests.support.fakes import ManualClock

ORG = "qinghe"
VERIFICATION = "1.2.840.10008.1.1"
TRANSIENT = (2, 3, 2)


@asynccontextmanager
async def running_node(
    tmp_path: Path, budget: DeviceBudget, clock: Clock | None = None, **limits: int
) -> AsyncIterator[Node]:
    """Run a node where CT1 has a budget of its own and CT2 the usual one."""
    url = f"sqlite:///{tmp_path / 'lianzhen.db'}"
    migrate(url)
    settings = settings_for(tmp_path, url).model_copy(
        update={"dicom": DicomSettings(port=0, **limits)}
    )
    services = build_services(settings, role="node", clock=clock)
    async with running(services):
        here = await services.institutions.create(
            NewInstitution(ORG, "township1", "township1", "township1", Level.TOWNSHIP)
        )
        await services.devices.register(NewDevice(ORG, here, "CT1", budget=budget))
        await services.devices.register(NewDevice(ORG, here, "CT2"))
        server = dimse_server(services)
        yield Node(services, await server.start("127.0.0.1", 0), {"township1": here})
        await server.close(1)


def rejection(association: Association) -> tuple[int, int, int] | None:
    """Return result, source and reason of a rejection; None where it was aborted."""
    answer = association.acceptor.primitive
    if answer is None:
        return None
    assert None not in (answer.result, answer.result_source, answer.diagnostic)
    return int(answer.result or 0), int(answer.result_source or 0), int(answer.diagnostic or 0)


def _associate(port: int, ae_title: str) -> tuple[int, int, int] | None:
    entity = AE(ae_title=ae_title)
    entity.add_requested_context(VERIFICATION)
    association = entity.associate("127.0.0.1", port)
    if association.is_established:
        association.release()
        return None
    return rejection(association)


async def associate(node: Node, ae_title: str) -> tuple[int, int, int] | None:
    """Return how an association was rejected; None where it was not."""
    return await asyncio.to_thread(_associate, node.port, ae_title)


async def test_a_device_with_too_many_associations_waits_and_nobody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running_node(
        tmp_path, DeviceBudget(associations_per_minute=3), ManualClock()
    ) as node:
        answers = [await associate(node, "CT1") for _ in range(5)]
        assert answers == [None, None, None, TRANSIENT, TRANSIENT]
        assert await associate(node, "CT2") is None
    said = capsys.readouterr().out
    assert said.count("an association was over its budget") == 1


async def test_an_address_with_too_many_associations_waits_whatever_it_calls_itself(
    tmp_path: Path,
) -> None:
    async with running_node(
        tmp_path, DeviceBudget(), ManualClock(), max_associations_per_minute=4
    ) as node:
        answers = [await associate(node, f"STRANGER{n}") for n in range(3)]
        assert answers == [(1, 1, 3)] * 3
        assert await associate(node, "CT2") is None
        assert await associate(node, "CT1") == TRANSIENT
        assert await associate(node, "STRANGER9") == TRANSIENT


async def test_too_many_objects_are_refused_for_now_and_another_device_stores(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path, DeviceBudget(objects_per_minute=3)) as node:
        statuses = await send(node, *ct_series(5), ae_title="CT1")
        assert statuses == [SUCCESS] * 3 + [OUT_OF_RESOURCES] * 2
        assert await send(node, *ct_series(5), ae_title="CT2") == [SUCCESS] * 5


async def test_bytes_are_paid_when_they_have_come(tmp_path: Path) -> None:
    size = len(ct_bytes())
    async with running_node(tmp_path, DeviceBudget(bytes_per_hour=5 * size // 2)) as node:
        statuses = await send(node, *ct_series(4), ae_title="CT1")
        assert statuses == [SUCCESS, SUCCESS, SUCCESS, OUT_OF_RESOURCES]
        assert await send(node, ct_bytes(), ae_title="CT2") == [SUCCESS]


async def test_the_bytes_of_a_normalised_request_are_paid_as_an_object_s(tmp_path: Path) -> None:
    large = begun(CommentsOnThePerformedProcedureStep="x" * 1000)
    async with running_node(tmp_path, DeviceBudget(bytes_per_hour=1000)) as node:
        asks = [create(large, f"1.2.{number}") for number in range(2)]
        assert await say(node, *asks, ae_title="CT1") == [SUCCESS, 0x0213]
        assert await send(node, ct_bytes(), ae_title="CT1") == [OUT_OF_RESOURCES]
        assert await send(node, ct_bytes(), ae_title="CT2") == [SUCCESS]


async def test_a_larger_budget_holds_at_once_for_the_association_that_is_open(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path, DeviceBudget(objects_per_minute=1)) as node:
        assert await send(node, *ct_series(2), ae_title="CT1") == [SUCCESS, OUT_OF_RESOURCES]
        (device, _) = await node.services.devices.registered(ORG)
        await node.services.devices.change(ORG, device.id, DeviceChange(objects_per_minute=0))
        async with asyncio.timeout(30):
            while await send(node, ct_bytes(), ae_title="CT1") != [SUCCESS]:  # noqa: ASYNC110
                await asyncio.sleep(0.2)


def test_a_budget_refills_steadily_and_no_further_than_its_whole() -> None:
    clock = ManualClock()
    budgets = Budgets(DicomSettings(max_associations_per_minute=60), clock)

    def taken() -> int:
        count = 0
        while budgets.take_association("one"):
            count += 1
        return count

    assert taken() == 60
    clock.advance(seconds=10)
    assert taken() == 10
    clock.advance(seconds=86_400)
    assert taken() == 60


def test_what_is_remembered_of_strangers_is_bounded() -> None:
    budgets = Budgets(DicomSettings(), ManualClock())
    for number in range(50_000):
        assert budgets.take_association(f"2001:db8:{number:x}::/64")
    assert len(budgets._associations._kept) < 20_000
