"""A node that commits, and devices that ask it to and hear of it."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE, evt
from sqlalchemy import select, update

from server.dicom_node.courier import COMMITMENT_UID, WELL_KNOWN_INSTANCE, Courier
from server.dicom_node.models import (
    Commitment,
    CommitmentState,
    Device,
)
from tests.dicom.dimse.acceptors import pynetdicom_scp
from tests.dicom.dimse.node import WAIT_S
from tests.server.dicom_node.test_node import Node

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"


@dataclass
class Committing(Node):
    """A node that commits."""

    courier: Courier


@dataclass
class Told:
    """The events a device heard."""

    events: list[tuple[int, Dataset]] = field(default_factory=list)
    status: int = 0
    answering: list[threading.Thread] = field(default_factory=list)
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def hear(self, event: Any) -> tuple[int, None]:
        self.events.append((event.request.EventTypeID, event.event_information))
        self.answering.append(threading.current_thread())
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
            # Else the association ends before the event is answered.
            for thread in told.answering:
                thread.join(WAIT_S)
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
