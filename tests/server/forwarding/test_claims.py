"""A study is sent by one worker at a time, and never forgotten."""

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from server.forwarding.desk import JobState
from server.forwarding.models import ForwardJob, ForwardObject
from tests.server.forwarding.archive import Archive
from tests.server.forwarding.site import Site, uid_of, until
from tests.support.dicom_files import ct_series
from tests.support.ports import free_port


@pytest.mark.fault
async def test_a_study_is_claimed_once_and_taken_up_when_its_worker_died(site: Site) -> None:
    await site.route(await site.device("ARCHIVE", free_port()))
    await site.receive(*ct_series(1))
    dying, other = site.queue("worker-1", lease_s=0.2), site.queue("worker-2")
    claims = await asyncio.gather(dying.claim([]), other.claim([]))
    assert sum(claim is not None for claim in claims) == 1
    if claims[0] is None:
        await other.take_back()
        assert await dying.claim([]) is not None

    async def free() -> bool:
        return await other.claim([]) is not None

    await until(free, "the claim to run out")
    assert await dying.claim([]) is None


async def test_a_worker_that_starts_again_takes_its_claims_back(site: Site) -> None:
    await site.route(await site.device("ARCHIVE", free_port()))
    await site.receive(*ct_series(1))
    assert await site.queue().claim([]) is not None
    assert await site.queue().claim([]) is None
    again = site.queue()
    await again.take_back()
    assert await again.claim([]) is not None


async def test_what_arrives_while_its_study_is_sent_goes_as_well(site: Site) -> None:
    files = ct_series(4)
    may_go_on = threading.Event()

    def answer(number: int) -> int:
        if number == 1:
            assert may_go_on.wait(20)
        return 0

    archive = Archive(answer)
    with archive.running() as port:
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(*files[:2])
        async with site.forwarding():

            async def begun() -> bool:
                return bool(archive.uids)

            await until(begun, "the first object")
            await site.receive(*files[2:])
            may_go_on.set()
            await site.until_sent(4)
    assert archive.uids == [uid_of(data) for data in files]


async def test_a_study_that_was_forgotten_is_queued_anew_when_more_of_it_arrives(
    site: Site,
) -> None:
    files = ct_series(3)
    await site.route(await site.device("ARCHIVE", free_port()))
    await site.receive(*files[:2])
    async with site.services.database.unit_of_work() as uow:
        await uow.session.execute(update(ForwardJob).values(waiting=0, due_at=None))
        await uow.session.execute(delete(ForwardObject))
        long_ago = site.services.clock.now() - timedelta(days=31)
        await uow.session.execute(update(ForwardJob).values(changed_at=long_ago))
        await uow.commit()
    await site.queue().prune()
    assert await site.jobs() == []
    await site.receive(files[2])
    (job,) = await site.jobs()
    assert (job.waiting, job.state) == (1, JobState.WAITING)
