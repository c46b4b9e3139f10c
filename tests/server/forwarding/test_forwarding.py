"""What arrives goes on by rule: as it is, in order, to DCMTK and to archives in trouble."""

import threading
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from sqlalchemy import delete, select, update

from server.core.errors import InvalidInput, NotFound
from server.dicom_node.models import Device
from server.dicom_node.public import DeviceAddress, NewDevice
from server.forwarding.desk import JobState
from server.forwarding.models import ForwardObject, Outage, Priority
from server.forwarding.public import Conditions, NewRoute
from server.studies.models import Instance, Study
from tests.dicom.dimse.acceptors import storescp
from tests.dicom.dimse.certificates import certificate, server_context
from tests.dicom.dimse.node import running_node
from tests.dicom.dimse.test_scu import stored_in
from tests.server.dicom_node.test_retrieve import data_sets
from tests.server.forwarding.archive import Archive, audited
from tests.server.forwarding.site import ORG, Site, uid_of, until
from tests.support.dicom_files import ct_bytes, ct_series, rejection_note, sample
from tests.support.ports import free_port

# As it is, in order, where a rule says


async def test_what_matches_goes_on_to_dcmtk_as_it_is_stored(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    files = [*ct_series(3), sample("JPEG2000.dcm").read_bytes()]
    async with storescp(folder, "--bit-preserving", "+xa") as port:
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(*files)
        async with site.forwarding():
            await site.until_sent(4)
    assert stored_in(folder) == data_sets(*files)
    assert {job.state for job in await site.jobs()} == {JobState.DONE}
    async with site.services.database.reading() as session:
        assert (await session.scalars(select(ForwardObject))).all() == []


async def test_a_study_goes_in_its_order_the_most_urgent_first(site: Site) -> None:
    archive = Archive()
    first, second, urgent = ct_series(3), ct_series(3), ct_series(3)
    with archive.running() as port:
        device = await site.device("ARCHIVE", port)
        await site.route(device, Conditions(source_aes=("MODALITY",)), Priority.LOW)
        await site.route(device, Conditions(source_aes=("EMERGENCY",)), Priority.HIGH)
        await site.receive(*first, *second)
        await site.receive(*urgent, sender=site.actor("modality-2", "EMERGENCY"))
        forwarder = site.forwarder()
        forwarder._limits = replace(forwarder._limits, associations=1)
        async with site.forwarding(forwarder):
            await site.until_sent(9)
    assert archive.uids == [uid_of(data) for data in (*urgent, *first, *second)]
    assert archive.priorities == [1] * 3 + [2] * 6
    assert archive.at_once == 1


async def test_several_studies_go_at_once_within_the_bound(site: Site) -> None:
    everybody_is_there = threading.Barrier(2, timeout=20)

    def answer(number: int) -> int:
        if number <= 2:
            everybody_is_there.wait()
        return 0

    archive = Archive(answer)
    with archive.running() as port:
        await site.route(await site.device("ARCHIVE", port))
        for _ in range(5):
            await site.receive(*ct_series(2))
        async with site.forwarding():
            await site.until_sent(10)
    assert archive.at_once == 2


async def test_only_what_a_route_matches_is_queued(site: Site) -> None:
    device = await site.device("ARCHIVE", free_port())
    await site.route(
        device,
        Conditions(
            institution_ids=(site.institutions["township1"],),
            modalities=("CT", "M?"),
            stations=("ct0*",),
            descriptions=("*head*", "abdomen"),
        ),
    )
    fitting = {"StationName": "CT01_oc0", "SeriesDescription": "CT Head 2mm"}
    ct = ct_series(1)[0]
    matching = ct_bytes(SOPInstanceUID="1.2.1", StudyInstanceUID="1.1", **fitting)
    await site.receive(ct, matching)
    await site.receive(
        ct_bytes(SOPInstanceUID="1.2.2", StudyInstanceUID="1.3", **fitting),
        sender=site.actor("modality", "MODALITY", "township2"),
    )
    await site.receive(
        ct_bytes(SOPInstanceUID="1.2.4", StudyInstanceUID="1.4", **fitting, Modality="US")
    )
    (job,) = await site.jobs()
    assert (job.study_instance_uid, job.waiting, job.state) == ("1.1", 1, JobState.WAITING)


async def test_nothing_goes_back_to_where_it_came_from(site: Site) -> None:
    archive = await site.device("ARCHIVE", free_port())
    other = await site.device("OTHER", free_port())
    await site.route(archive)
    await site.route(other)
    await site.receive(*ct_series(1), sender=site.actor(archive, "ARCHIVE"))
    # The same application entity from a network that is registered apart.
    await site.receive(*ct_series(1), sender=site.actor("another-id", "ARCHIVE"))
    assert [job.destination_ae for job in await site.jobs()] == ["OTHER", "OTHER"]


async def test_an_object_that_arrives_again_is_not_sent_again(site: Site) -> None:
    await site.route(await site.device("ARCHIVE", free_port()))
    (data,) = ct_series(1)
    await site.receive(data)
    incoming = site.services.intake.begin(site.actor("modality", "MODALITY"))
    incoming.write(data)
    await incoming.finish()
    (job,) = await site.jobs()
    assert job.waiting == 1


async def test_two_routes_to_one_destination_send_once(site: Site) -> None:
    device = await site.device("ARCHIVE", free_port())
    await site.route(device, priority=Priority.LOW)
    await site.route(device, Conditions(modalities=("CT",)), Priority.HIGH)
    await site.receive(*ct_series(2))
    (job,) = await site.jobs()
    assert (job.waiting, job.priority) == (2, Priority.HIGH)


async def test_a_route_that_is_disabled_or_removed_leads_nowhere(site: Site) -> None:
    device = await site.device("ARCHIVE", free_port())
    route = await site.route(device)
    off = NewRoute(device, Conditions(), is_enabled=False)
    await site.services.routes.change(ORG, route, off)
    await site.route(await site.device("OTHER", free_port()))
    await site.services.routes.remove(ORG, (await site.services.routes.list(ORG))[-1].id)
    await site.receive(*ct_series(1))
    assert await site.jobs() == []
    actions = {row.action for row in await audited(site, "route.change")}
    assert actions == {"route.change"}
    assert len(await audited(site, "route.remove")) == 1


async def test_a_route_leads_to_a_registered_address_alone(site: Site) -> None:
    without = await site.device("MODALITY")
    for destination in (without, "nobody"):
        with pytest.raises(InvalidInput, match="registered with an address"):
            await site.route(destination)
    with pytest.raises(InvalidInput, match="no device STRANGER is registered"):
        await site.services.routes.destination_id(ORG, "STRANGER")
    with pytest.raises(InvalidInput, match="registered with an address"):
        await site.services.routes.create("elsewhere", NewRoute(without, Conditions()))


async def test_what_leaves_is_on_record(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    async with storescp(folder) as port:
        device = await site.device("ARCHIVE", port)
        await site.route(device)
        await site.receive(*ct_series(2))
        async with site.forwarding():
            await site.until_sent(2)
    (read,) = await audited(site, "study.read")
    assert (read.actor_id, read.actor_kind) == (device, "device")
    (row,) = await audited(site, "study.forward")
    assert orjson.loads(row.detail) == {"destination_id": device, "sent": 2, "not_taken": 0}


async def test_a_destination_over_tls_is_verified_and_sees_our_certificate(site: Site) -> None:
    own, theirs = certificate("lianzhen"), certificate("node")
    async with running_node() as node:
        port = await node.server.start("127.0.0.1", 0, server_context(own))
        device = await site.services.devices.register(
            NewDevice(
                ORG, site.institutions["township1"], "ARCHIVE",
                address=DeviceAddress("127.0.0.1", port, tls=True),
            )
        )  # fmt: skip
        await site.route(device)
        await site.receive(*ct_series(1))
        ours = {"tls_certificate": own.certificate, "tls_key": own.key}
        untrusting = site.forwarder(dicom={**ours, "tls_server_ca": own.certificate})
        async with site.forwarding(untrusting):

            async def out() -> bool:
                return (await site.destinations())["ARCHIVE"].failures > 0

            await until(out, "the destination to be refused")
        reason = (await site.destinations())["ARCHIVE"].reason
        assert "certificate verify failed" in (reason or "")
        assert node.handler.sinks == []
        trusting = site.forwarder(dicom={**ours, "tls_server_ca": theirs.certificate})
        async with site.forwarding(trusting):
            await site.until_sent(1)
        assert len(node.handler.sinks) == 1


async def test_a_study_that_somebody_sends_goes_whole_and_in_order(site: Site) -> None:
    files = ct_series(4)
    archive = Archive()
    await site.receive(*reversed(files))
    study = dcmread(DicomBytesIO(files[0])).StudyInstanceUID
    with archive.running() as port:
        device = await site.device("ARCHIVE", port)
        for sent in (4, 8):
            await site.services.sending.send(ORG, study, device)
            async with site.forwarding():
                await site.until_sent(sent)
    assert archive.uids == [uid_of(data) for data in files] * 2
    assert len(await audited(site, "forward.send")) == 2
    with pytest.raises(NotFound):
        await site.services.sending.send(ORG, "1.2.3", device)
    with pytest.raises(InvalidInput, match="registered with an address"):
        await site.services.sending.send(ORG, study, "nobody")


# What was taken out of use


async def nothing_is_left(site: Site) -> None:
    """Send until the queue is done with its studies, for nothing of them is due any more."""
    async with site.forwarding():

        async def done() -> bool:
            return {job.state for job in await site.jobs()} == {JobState.DONE}

        await until(done, "the queue to be empty")
    assert {job.due_at for job in await site.jobs()} == {None}
    async with site.services.database.reading() as session:
        assert (await session.scalars(select(ForwardObject))).all() == []


async def test_a_rejected_object_does_not_leave_and_its_note_does(site: Site) -> None:
    files, archive = ct_series(3), Archive()
    note = rejection_note(*files[1:])
    with archive.running() as port:
        device = await site.device("ARCHIVE", port)
        await site.route(device)
        # The last one is rejected before it comes.
        await site.receive(*files[:2], note, files[2])
        (job,) = await site.jobs()
        assert job.waiting == 3
        await nothing_is_left(site)
        assert archive.uids == [uid_of(files[0]), uid_of(note)]
        # Nor where somebody sends the study.
        study = str(dcmread(DicomBytesIO(files[0])).StudyInstanceUID)
        await site.services.sending.send(ORG, study, device)
        (job,) = await site.jobs()
        assert job.waiting == 2
        await nothing_is_left(site)
    assert archive.uids == [uid_of(files[0]), uid_of(note)] * 2


async def test_a_deleted_study_does_not_leave(site: Site) -> None:
    files, archive = ct_series(2), Archive()
    study = str(dcmread(DicomBytesIO(files[0])).StudyInstanceUID)
    with archive.running() as port:
        device = await site.device("ARCHIVE", port)
        await site.route(device)
        await site.receive(*files)
        async with site.services.database.unit_of_work() as uow:
            await uow.session.execute(update(Study).values(deleted_at=site.services.clock.now()))
            await uow.commit()
        await nothing_is_left(site)
        with pytest.raises(NotFound):
            await site.services.sending.send(ORG, study, device)
    assert archive.uids == []


# Destinations in trouble


@pytest.mark.fault
async def test_a_destination_that_is_down_gets_everything_once_it_is_back(site: Site) -> None:
    archive, port = Archive(), free_port()
    await site.route(await site.device("ARCHIVE", port))
    files = ct_series(3)
    await site.receive(*files)
    async with site.forwarding():

        async def tried() -> bool:
            return (await site.destinations())["ARCHIVE"].failures > 2

        await until(tried, "the destination to be tried three times")
        state = (await site.destinations())["ARCHIVE"]
        assert (state.waiting, state.failed) == (3, 0)
        assert state.out_since is not None
        assert "cannot be reached" in (state.reason or "")
        with archive.running(port):
            await site.until_sent(3)
    assert archive.uids == [uid_of(data) for data in files]
    state = (await site.destinations())["ARCHIVE"]
    assert (state.out_since, state.failures, state.reason) == (None, 0, None)


async def test_a_destination_that_refuses_half_has_the_other_half(site: Site) -> None:
    files = ct_series(4)
    bad = {uid_of(files[1]), uid_of(files[3])}
    archive = Archive()
    archive.answer = lambda _: 0xC000 if archive.uids[-1] in bad else 0
    with archive.running() as port:
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(*files)
        async with site.forwarding():

            async def over() -> bool:
                (job,) = await site.jobs()
                return job.state is JobState.FAILED and not job.waiting

            await until(over, "the refused to be given up")
    (job,) = await site.jobs()
    assert (job.sent, job.failed, job.reason) == (2, 2, "status C000: no comment")
    troubles = await site.troubles()
    told = {uid: (each.is_final, each.attempts, each.status) for uid, each in troubles.items()}
    assert told == dict.fromkeys(bad, (True, 3, 0xC000))
    # In order, and those behind one that is refused do not wait for it.
    assert archive.uids[:4] == [uid_of(data) for data in files]


async def test_what_failed_is_sent_when_somebody_says_so(site: Site) -> None:
    files = ct_series(2)
    archive = Archive(lambda _: 0xC000)
    with archive.running() as port:
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(*files)
        async with site.forwarding(site.forwarder(tries=1)):

            async def failed() -> bool:
                (job,) = await site.jobs()
                return job.failed == 2

            await until(failed, "both to fail")
            archive.answer = lambda _: 0
            (job,) = await site.jobs()
            await site.services.forwards.retry(ORG, job.id)
            await site.until_sent(2)
    assert len(await audited(site, "forward.retry")) == 1


async def test_what_somebody_dropped_is_not_sent(site: Site) -> None:
    await site.route(await site.device("ARCHIVE", free_port()))
    await site.receive(*ct_series(2))
    (job,) = await site.jobs()
    await site.services.forwards.drop(ORG, job.id)
    (job,) = await site.jobs()
    assert (job.state, job.waiting, job.sent) == (JobState.DONE, 0, 0)
    assert await site.queue().claim([]) is None


@pytest.mark.fault
async def test_a_full_destination_is_left_alone_and_loses_nothing(site: Site) -> None:
    files = ct_series(5)
    archive = Archive(lambda number: 0xA700 if number <= 6 else 0)
    with archive.running() as port:
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(*files)
        async with site.forwarding(site.forwarder(tries=1)):
            await site.until_sent(5)
    # Three refusals in a row are enough to see it.
    assert archive.uids[:3] == [uid_of(data) for data in files[:3]]
    assert set(archive.uids[6:]) == {uid_of(data) for data in files}


async def test_an_object_that_breaks_the_association_lets_the_others_go(site: Site) -> None:
    files = ct_series(3)
    poison = uid_of(files[0])
    archive = Archive()
    archive.answer = lambda _: -1 if archive.uids[-1] == poison else 0
    with archive.running() as port:
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(*files)
        async with site.forwarding():
            await site.until_sent(2)

            async def given_up() -> bool:
                (job,) = await site.jobs()
                return job.failed == 1

            await until(given_up, "the poison to be given up")
    (trouble,) = (await site.troubles()).values()
    assert (trouble.sop_instance_uid, trouble.attempts) == (poison, 3)


async def test_what_the_destination_does_not_take_fails_with_a_reason(site: Site) -> None:
    data = sample("MR_small.dcm").read_bytes()
    with Archive().running() as port:
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(data)
        async with site.forwarding(site.forwarder(tries=1)):

            async def failed() -> bool:
                (job,) = await site.jobs()
                return job.failed == 1

            await until(failed, "it to fail")
    (job,) = await site.jobs()
    assert "does not take" in (job.reason or "")


async def test_bytes_that_are_not_at_hand_wait_and_the_destination_is_not_blamed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive()
    with archive.running() as port:
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(*ct_series(2))
        place = site.services.originals._place
        is_away = True

        async def away(object_id: str) -> object:
            if is_away:
                raise InvalidInput("the store is away")
            return await place(object_id)

        monkeypatch.setattr(site.services.originals, "_place", away)
        async with site.forwarding(site.forwarder(tries=1)):

            async def tried() -> bool:
                return any(each.attempts > 1 for each in (await site.troubles()).values())

            await until(tried, "an object to be tried twice")
            assert (await site.destinations())["ARCHIVE"].failures == 0
            is_away = False
            await site.until_sent(2)


async def test_a_destination_that_lost_its_address_keeps_its_queue(site: Site) -> None:
    device = await site.device("ARCHIVE", free_port())
    await site.route(device)
    await site.receive(*ct_series(1))
    async with site.services.database.unit_of_work() as uow:
        await uow.session.execute(update(Device).values(host=None, port=None))
        await uow.commit()
    async with site.forwarding():

        async def out() -> bool:
            async with site.services.database.reading() as session:
                reason = await session.scalar(select(Outage.reason))
            return reason == "it is not registered with an address any more"

        await until(out, "the destination to be out")
    (job,) = await site.jobs()
    assert job.waiting == 1


async def test_what_was_deleted_meanwhile_is_waited_for_no_more(site: Site) -> None:
    files = ct_series(2)
    archive = Archive()
    with archive.running() as port:
        await site.route(await site.device("ARCHIVE", port))
        await site.receive(*files)
        async with site.services.database.unit_of_work() as uow:
            first = Instance.sop_instance_uid == uid_of(files[0])
            await uow.session.execute(delete(Instance).where(first))
            await uow.commit()
        async with site.forwarding():

            async def over() -> bool:
                (job,) = await site.jobs()
                return (job.sent, job.waiting, job.due_at) == (1, 0, None)

            await until(over, "what is left to be sent")
    assert archive.uids == [uid_of(files[1])]
