"""A node whose objects go on: real services, a sender with little patience, and its queue."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from server.dicom_node.public import CallingEntity, DeviceAddress, NewDevice
from server.forwarding.delivery import Means
from server.forwarding.desk import DestinationState, Job, Trouble
from server.forwarding.forwarder import Forwarder, ForwardLimits
from server.forwarding.models import Priority
from server.forwarding.public import Conditions, NewRoute
from server.forwarding.queue import Backoff, ForwardQueue
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.identity.public import Actor, ActorKind
from server.intake.public import Receipt, Verdict
from server.services import Services, build_services, running
from tests.support.application import settings_for

ORG = "qinghe"


@dataclass
class Site:
    """Services, and who is registered."""

    services: Services
    institutions: dict[str, str]

    async def device(self, ae_title: str, port: int | None = None, place: str = "township1") -> str:
        """Register a device, with an address if it has a port; return its id."""
        address = DeviceAddress("127.0.0.1", port) if port is not None else None
        return await self.services.devices.register(
            NewDevice(ORG, self.institutions[place], ae_title, address=address)
        )

    async def route(
        self,
        destination_id: str,
        conditions: Conditions | None = None,
        priority: Priority = Priority.MEDIUM,
    ) -> str:
        """Make a route; it holds at once, for nothing arrived before it."""
        new = NewRoute(destination_id, conditions or Conditions(), priority)
        return await self.services.routes.create(ORG, new)

    def actor(self, device_id: str, ae_title: str, place: str = "township1") -> Actor:
        """Return a device that sends."""
        return Actor(
            kind=ActorKind.DEVICE,
            id=device_id,
            org=ORG,
            institution_id=self.institutions[place],
            roles=frozenset(),
            source=f"{ae_title}@127.0.0.1",
        )

    async def receive(self, *files: bytes, sender: Actor | None = None) -> None:
        """Take objects in, one after the other."""
        for data in files:
            incoming = self.services.intake.begin(sender or self.actor("modality", "MODALITY"))
            incoming.write(data)
            receipt: Receipt = await incoming.finish()
            assert receipt.verdict is Verdict.STORED, receipt.detail

    def queue(
        self, worker: str = "worker-1", lease_s: float = 60.0, backoff: Backoff | None = None
    ) -> ForwardQueue:
        return ForwardQueue(
            database=self.services.database,
            audit=self.services.audit,
            clock=self.services.clock,
            worker=worker,
            lease=timedelta(seconds=lease_s),
            backoff=backoff or Backoff(0.05, 0.2),
        )

    def forwarder(
        self,
        worker: str = "worker-1",
        tries: int = 3,
        queue: ForwardQueue | None = None,
        dicom: Mapping[str, Path] = MappingProxyType({}),
    ) -> Forwarder:
        """Make a sender; ``dicom`` are settings of its own."""
        settings = self.services.settings.dicom.model_copy(update=dicom)
        return Forwarder(
            means=Means(
                queue=queue or self.queue(worker),
                devices=self.services.devices,
                outgoing=self.services.outgoing,
                reads=self.services.reads,
                calling=CallingEntity.of(settings),
                tries=tries,
            ),
            limits=ForwardLimits(idle_s=0.02),
        )

    @asynccontextmanager
    async def forwarding(self, forwarder: Forwarder | None = None) -> AsyncIterator[None]:
        """Send what waits, meanwhile."""
        sender = forwarder or self.forwarder()
        await sender.start()
        try:
            yield
        finally:
            await sender.stop(10)

    async def jobs(self) -> Sequence[Job]:
        """Return the whole queue."""
        found, _ = await self.services.forwards.jobs(ORG, state=None, limit=200, before=None)
        return found

    async def troubles(self) -> dict[str, Trouble]:
        """Return what was not taken, by SOP instance UID."""
        found = {}
        for job in await self.jobs():
            _, troubles = await self.services.forwards.job(ORG, job.id)
            found.update({each.sop_instance_uid: each for each in troubles})
        return found

    async def destinations(self) -> dict[str, DestinationState]:
        return {each.ae_title: each for each in await self.services.forwards.destinations(ORG)}

    async def until_sent(self, count: int) -> None:
        await until(lambda: self._sent(count), f"{count} objects to be sent")

    async def _sent(self, count: int) -> bool:
        return sum(job.sent for job in await self.jobs()) >= count


@asynccontextmanager
async def running_site(
    tmp_path: Path, database_url: str, *, found: bool = True
) -> AsyncIterator[Site]:
    """Run an installation, founded anew or as it was left."""
    services = build_services(settings_for(tmp_path, database_url), role="worker")
    async with running(services):
        for code in ("township1", "township2") if found else ():
            await services.institutions.create(
                NewInstitution(ORG, code, code, code, Level.TOWNSHIP)
            )
        institutions = {each.code: each.id for each in await services.institutions.list(ORG)}
        yield Site(services, institutions)


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until ``holds``; only a program that hangs takes the whole time."""
    try:
        async with asyncio.timeout(60):
            while not await holds():  # noqa: ASYNC110  what is waited for has no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"waited in vain for {what}") from None


def uid_of(data: bytes) -> str:
    return str(dcmread(DicomBytesIO(data), stop_before_pixels=True).SOPInstanceUID)
