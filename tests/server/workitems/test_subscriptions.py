"""Subscriptions to workitems and their event reports (PS3.18 11.10 to 11.13, PS3.4 CC.2.3)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from pydicom.uid import generate_uid
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.workitems import subscriptions
from server.workitems.filters import filter_of
from server.workitems.uids import FILTERED_SUBSCRIPTION, GLOBAL_SUBSCRIPTION
from tests.server.workitems.site import Site, told
from tests.support.dicom_files import ct_bytes, ecg_bytes

ALL = f"/workitems/{GLOBAL_SUBSCRIPTION}/subscribers/RIS"
FILTERED = f"/workitems/{FILTERED_SUBSCRIPTION}/subscribers/RIS"


@asynccontextmanager
async def channel(site: Site, who: str = "reader") -> AsyncIterator[ClientWebSocketResponse]:
    path, headers = "/dicomweb/subscribers/RIS", site.people[who]
    async with site.app.client.ws_connect(path, headers=headers) as socket:
        yield socket


async def heard(socket: ClientWebSocketResponse) -> tuple[str, int, str]:
    return told(await socket.receive_json(timeout=10))


async def heard_until(
    socket: ClientWebSocketResponse, last: tuple[str, int, str]
) -> list[tuple[str, int, str]]:
    """Return all reports up to ``last``: what did not come before it was not sent."""
    found = [await heard(socket)]
    while found[-1] != last:
        found.append(await heard(socket))
    return found


async def study(site: Site, **values: Any) -> str:
    """Receive an ECG and return its workitem's UID."""
    study_uid = generate_uid()
    await site.app.receive(ecg_bytes(StudyInstanceUID=study_uid, **values))
    (found,) = await site.found(f"?StudyInstanceUID={study_uid}")
    return str(found.SOPInstanceUID)


async def test_a_subscriber_hears_how_its_workitem_stands_and_changes(site: Site) -> None:
    await site.app.receive(ct_bytes())
    await site.app.receive(ecg_bytes())
    uid, other = [str(each.SOPInstanceUID) for each in await site.found()]
    status, _, headers = await site.ask("POST", f"/workitems/{uid}/subscribers/RIS")
    assert status == 201
    assert headers["Content-Location"].startswith("ws://")
    channel = headers["Content-Location"].partition("/dicomweb")[2]
    who = site.people["second"]
    async with site.app.client.ws_connect(f"/dicomweb{channel}", headers=who) as socket:
        assert told(await socket.receive_json(timeout=10)) == (uid, 1, "SCHEDULED")
        await site.put_state(other, "IN PROGRESS")
        await site.put_state(uid, "IN PROGRESS")
        await site.ask("POST", f"/workitems/{uid}/cancelrequest", "township")
        await site.put_state(uid, "CANCELED")
        heard: list[tuple[str, int, str]] = []
        while (uid, 1, "CANCELED") not in heard:
            heard.append(told(await socket.receive_json(timeout=10)))
    # An event of before the channel was opened may come by once more.
    assert [each for each in heard if each != (uid, 1, "SCHEDULED")] == [
        (uid, 1, "IN PROGRESS"), (uid, 2, ""), (uid, 1, "CANCELED"),
    ]  # fmt: skip


async def test_a_global_subscriber_hears_of_what_comes(site: Site) -> None:
    path = f"/workitems/{GLOBAL_SUBSCRIPTION}/subscribers/RIS"
    for _ in range(2):
        assert (await site.ask("POST", path))[0] == 201
    who = site.people["reader"]
    async with site.app.client.ws_connect("/dicomweb/subscribers/RIS", headers=who) as socket:
        await site.app.receive(ct_bytes())
        assert told(await socket.receive_json(timeout=10)) == (
            await site.workitem(),
            1,
            "SCHEDULED",
        )
    assert (await site.ask("DELETE", path))[0] == 200
    assert (await site.ask("DELETE", path))[0] == 404
    for ae_title in ("SEVENTEEN_LETTERS", "A%5CB"):
        bad = f"/workitems/{GLOBAL_SUBSCRIPTION}/subscribers/{ae_title}"
        assert (await site.ask("POST", bad))[0] == 400


async def test_an_open_channel_tells_how_a_workitem_stands_that_is_subscribed_to(
    site: Site,
) -> None:
    uid, other = await study(site), await study(site)
    path = f"/workitems/{uid}/subscribers/"
    async with channel(site) as socket:
        await site.put_state(uid, "IN PROGRESS")
        assert (await site.ask("POST", path + "OTHER"))[0] == 201
        assert (await site.ask("POST", path + "RIS", "township"))[0] == 201
        assert (await site.ask("POST", f"/workitems/{other}/subscribers/RIS"))[0] == 201
        found = await heard_until(socket, (other, 1, "SCHEDULED"))
        assert {each[0] for each in found} == {other}
        # All of before came by: this can be of the subscription alone.
        assert (await site.ask("POST", path + "RIS"))[0] == 201
        assert await heard(socket) == (uid, 1, "IN PROGRESS")


async def test_a_filtered_subscriber_hears_of_what_matches(site: Site) -> None:
    status, _, headers = await site.ask("POST", f"{FILTERED}?filter=PatientID=P1")
    assert status == 201
    assert headers["Content-Location"].endswith("/dicomweb/subscribers/RIS")
    assert "Warning" not in headers
    async with channel(site) as socket:
        await study(site, PatientID="P2")
        uid = await study(site, PatientID="P1")
        assert await heard(socket) == (uid, 1, "SCHEDULED")
        await site.put_state(uid, "IN PROGRESS")
        assert await heard(socket) == (uid, 1, "IN PROGRESS")
        # The one that is asked for last is what counts.
        assert (await site.ask("POST", f"{FILTERED}?filter=PatientID=P3"))[0] == 201
        await site.put_state(uid, "CANCELED")
        third = await study(site, PatientID="P3")
        assert await heard(socket) == (third, 1, "SCHEDULED")
        assert (await site.ask("DELETE", FILTERED))[0] == 200
        assert (await site.ask("DELETE", FILTERED))[0] == 404
        await study(site, PatientID="P3")
        assert (await site.ask("POST", f"/workitems/{uid}/subscribers/RIS"))[0] == 201
        assert await heard(socket) == (uid, 1, "CANCELED")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ([("filter", "PatientID=P1")], "PatientID=P1"),
        ([("filter", "00100020=P1"), ("deletionlock", "true")], "00100020=P1"),
        ([("filter", "PatientID=P1,AccessionNumber=A=1")], "PatientID=P1&AccessionNumber=A%3D1"),
        (
            [("filter", "ProcedureStepState=SCHEDULED,IN PROGRESS,PatientID=P1")],
            "ProcedureStepState=SCHEDULED%2CIN+PROGRESS&PatientID=P1",
        ),
        ([("PatientName", "张*"), ("accept", "*/*")], "PatientName=%E5%BC%A0%2A"),
    ],
)
def test_match_keys_are_read_as_the_standard_writes_them(
    query: list[tuple[str, str]], kept: str
) -> None:
    assert filter_of(query) == kept


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?deletionlock=true",
        "?filter=",
        "?filter=SCHEDULED",
        "?filter=Modality=CT",
        "?filter=NoSuchKeyword=1",
        "?filter=ExpectedCompletionDateTime=soon",
        "?filter=PatientID=1,PatientID=2",
        "?filter=PatientID=" + 5000 * "1",
        "?filter=PatientID=1&deletionlock=perhaps",
    ],
)
async def test_a_filter_that_cannot_be_met_is_refused(site: Site, query: str) -> None:
    status, answer, _ = await site.ask("POST", FILTERED + query)
    assert status == 400, answer
    assert (await site.ask("DELETE", FILTERED))[0] == 404


async def test_a_suspended_subscription_goes_on_for_what_there_is(site: Site) -> None:
    assert (await site.ask("POST", ALL + "/suspend"))[0] == 404
    assert (await site.ask("POST", ALL))[0] == 201
    uid = await study(site)
    async with channel(site) as socket:
        assert (await site.ask("POST", ALL + "/suspend"))[0] == 200
        assert (await site.ask("POST", FILTERED + "/suspend"))[0] == 404
        late = await study(site)
        await site.put_state(uid, "IN PROGRESS")
        found = await heard_until(socket, (uid, 1, "IN PROGRESS"))
        assert late not in {each[0] for each in found}
        # Its own subscription is not the suspended one's (PS3.4 Table CC.2.3-2).
        await site.ask("POST", f"/workitems/{late}/subscribers/RIS")
        assert await heard(socket) == (late, 1, "SCHEDULED")
        assert (await site.ask("POST", ALL))[0] == 201
        newest = await study(site)
        assert await heard(socket) == (newest, 1, "SCHEDULED")
    assert (await site.ask("POST", f"/workitems/{uid}/subscribers/RIS/suspend"))[0] == 400


async def test_a_suspended_filter_goes_on_for_what_there_is(site: Site) -> None:
    await site.ask("POST", f"{FILTERED}?PatientID=P1")
    uid, other = await study(site, PatientID="P1"), await study(site, PatientID="P2")
    async with channel(site) as socket:
        assert (await site.ask("POST", FILTERED + "/suspend"))[0] == 200
        late = await study(site, PatientID="P1")
        for each in (late, other, uid):
            await site.put_state(each, "IN PROGRESS")
        found = await heard_until(socket, (uid, 1, "IN PROGRESS"))
        assert {each[0] for each in found} == {uid}


async def test_of_one_workitem_nothing_is_heard_where_all_others_are(site: Site) -> None:
    uid = await study(site)
    one = f"/workitems/{uid}/subscribers/RIS"
    assert (await site.ask("DELETE", one))[0] == 404
    assert (await site.ask("POST", ALL))[0] == 201
    assert (await site.ask("DELETE", one))[0] == 200
    assert (await site.ask("DELETE", one))[0] == 404
    async with channel(site) as socket:
        await site.put_state(uid, "IN PROGRESS")
        last = await study(site)
        found = await heard_until(socket, (last, 1, "SCHEDULED"))
        assert (uid, 1, "IN PROGRESS") not in found
        assert (await site.ask("POST", one))[0] == 201
        assert await heard(socket) == (uid, 1, "IN PROGRESS")


async def test_who_ends_the_global_subscription_hears_of_nothing(site: Site) -> None:
    uid = await study(site)
    one = f"/workitems/{uid}/subscribers/RIS"
    for path in (one, ALL, f"{FILTERED}?PatientID=P1"):
        assert (await site.ask("POST", path))[0] == 201
    assert (await site.ask("DELETE", ALL))[0] == 200
    for path in (one, ALL, FILTERED):
        assert (await site.ask("DELETE", path))[0] == 404
    async with site.app.services.database.reading() as session:
        acts = await session.scalars(
            select(AuditEvent.action).where(AuditEvent.action.startswith("workitem."))
        )
        assert sorted(acts) == ["workitem.subscribe"] * 3 + ["workitem.unsubscribe"]


async def test_a_deletion_lock_is_not_granted_and_the_answer_says_so(site: Site) -> None:
    uid = await study(site)
    for path in (ALL, f"/workitems/{uid}/subscribers/RIS", f"{FILTERED}?filter=PatientID=P1"):
        lock = "&" if "?" in path else "?"
        status, _, headers = await site.ask("POST", f"{path}{lock}deletionlock=true")
        assert status == 201
        assert "Deletion Lock not granted." in headers["Warning"]
        assert headers["Warning"].startswith("299 ")
    _, _, headers = await site.ask("POST", f"{ALL}?deletionlock=false")
    assert "Warning" not in headers
    assert (await site.ask("POST", f"{ALL}?deletionlock=yes"))[0] == 400


async def test_an_institution_holds_so_many_subscriptions_and_what_has_ended_makes_room(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "_MOST", 3)
    uids = [await study(site) for _ in range(4)]
    paths = [f"/workitems/{uid}/subscribers/RIS" for uid in uids]
    assert [(await site.ask("POST", path))[0] for path in paths] == [201, 201, 201, 409]
    assert (await site.ask("POST", paths[0]))[0] == 201
    # Another institution's are its own.
    assert (await site.ask("POST", paths[3], "township"))[0] == 201
    await site.put_state(uids[1], "IN PROGRESS")
    await site.put_state(uids[1], "CANCELED")
    assert (await site.ask("POST", paths[3]))[0] == 201
    assert [(await site.ask("DELETE", path))[0] for path in paths] == [200, 404, 200, 200]


async def test_at_the_limit_one_workitem_is_left_out_of_a_global_subscription(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = [await study(site) for _ in range(2)]
    first, second = (f"/workitems/{uid}/subscribers/RIS" for uid in uids)
    monkeypatch.setattr(subscriptions, "_MOST", 1)
    assert (await site.ask("POST", ALL))[0] == 201
    assert (await site.ask("POST", first))[0] == 409
    assert [(await site.ask("DELETE", path))[0] for path in (first, second)] == [200, 200]
