"""The queue outlives who sends from it: whatever is killed, the destination gets everything."""

import threading

from server.dicom_node.public import DeviceAddress, NewDevice
from server.forwarding.public import Conditions, JobState, NewRoute
from tests.server.forwarding.archive import Archive
from tests.support.ledger import Ledger, ct_slices, send
from tests.support.node_process import ORG, Site, wait_until

COUNT = 40
SETTLED = 16
"""Objects that a worker writes down at once."""


async def test_a_killed_worker_loses_nothing_and_repeats_little(site: Site) -> None:
    is_dead = threading.Event()

    def answer(number: int) -> int:
        if number == 20:
            assert is_dead.wait(60)
        return 0

    archive = Archive(answer)
    slices = ct_slices(COUNT)
    with archive.running() as port:
        await _route(site, port)
        node = await site.role("node").start()
        assert await send(site.dicom_port, slices, Ledger())
        # What is queued is in the database alone now.
        await node.kill()
        await node.start()
        worker = await site.role("worker").start()
        await wait_until(lambda: len(archive.uids) == 20, "half of it to be sent")
        await worker.kill()
        is_dead.set()
        await worker.start()

        async def is_done() -> bool:
            async with site.looking() as services:
                jobs, _ = await services.forwards.jobs(ORG, state=None, limit=9, before=None)
            return [(job.state, job.sent) for job in jobs] == [(JobState.DONE, COUNT)]

        await wait_until(is_done, "everything to be sent")
        assert await worker.terminate() == 0, worker.tail()
    expected = [each.uid for each in slices]
    assert set(archive.uids) == set(expected)
    assert archive.uids[:20] == expected[:20]
    # In order again from the first that was not written down.
    assert archive.uids[20:] == expected[SETTLED:]


async def _route(site: Site, port: int) -> None:
    async with site.looking() as services:
        township = (await services.institutions.get(ORG, "township1")).id
        address = DeviceAddress("127.0.0.1", port)
        device = await services.devices.register(
            NewDevice(ORG, township, "ARCHIVE", address=address)
        )
        await services.routes.create(ORG, NewRoute(device, Conditions(modalities=("CT",))))
