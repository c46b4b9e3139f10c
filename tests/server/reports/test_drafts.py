"""Drafts: who writes, and that nobody writes over what they have not seen."""

import asyncio

from sqlalchemy import select

from server.audit.models import AuditEvent
from server.identity.models import Role
from server.realtime.models import Event
from server.requests.public import DiagnosisRequest, RequestKind
from tests.server.reports.conftest import TEXT, Site, Staff

IMAGING, ECG = RequestKind.IMAGING, RequestKind.ECG


async def test_a_draft_survives_a_reload(site: Site, staff: Staff) -> None:
    await site.claim(staff.reader, IMAGING)
    path = f"/api/requests/{site.requests[IMAGING]}/report"
    assert (await site.ask(staff.reader, "GET", path)).status == 404
    saved = await site.save(staff.reader, IMAGING, critical=False)
    assert saved.status == 200
    assert await site.must(staff.reader, "GET", path) == saved.body
    assert await site.must(staff.reader, "GET", f"/api/reports/{saved.body['id']}") == saved.body
    assert {name: saved.body[name] for name in TEXT} == TEXT
    assert saved.body["status"] == "registered"
    assert (saved.body["revision"], saved.body["version"]) == (1, 0)
    assert saved.body["author"] == {"id": staff.reader.id, "display_name": "reader医师"}
    assert (saved.body["critical"], saved.body["document"]) == (False, False)


async def test_writing_begins_the_case(site: Site, staff: Staff) -> None:
    await site.claim(staff.reader, IMAGING)
    await site.save(staff.reader, IMAGING)
    async with site.app.services.database.reading() as session:
        request = await session.get(DiagnosisRequest, site.requests[IMAGING])
    assert request is not None
    assert request.status == "in-progress"


async def test_a_save_over_an_unseen_revision_is_refused_and_says_what_is_there(
    site: Site, staff: Staff
) -> None:
    await site.claim(staff.reader, IMAGING)
    await site.save(staff.reader, IMAGING)
    mine = await site.save(staff.reader, IMAGING, 1, findings="另一窗口所写")
    stale = await site.save(staff.reader, IMAGING, 1, findings="旧窗口所写")
    assert (stale.status, stale.code) == (409, "stale-draft")
    assert stale.body["current"] == mine.body
    again = await site.save(staff.reader, IMAGING, 0)
    assert (again.status, again.code) == (409, "stale-draft")


async def test_a_first_save_that_claims_to_have_seen_one_is_refused(
    site: Site, staff: Staff
) -> None:
    await site.claim(staff.reader, IMAGING)
    stale = await site.save(staff.reader, IMAGING, 3)
    assert (stale.status, stale.code, stale.body["current"]) == (409, "stale-draft", None)


async def test_of_many_windows_that_save_at_once_exactly_one_wins(site: Site, staff: Staff) -> None:
    await site.claim(staff.reader, IMAGING)
    for base in (0, 1):
        answers = await asyncio.gather(
            *(site.save(staff.reader, IMAGING, base, findings=f"窗口{n}") for n in range(5))
        )
        assert sorted(each.status for each in answers) == [200, 409, 409, 409, 409]
        (won,) = (each for each in answers if each.status == 200)
        assert {each.body["current"]["findings"] for each in answers if each.status == 409} == {
            won.body["findings"]
        }


async def test_only_who_holds_the_case_writes(site: Site, staff: Staff) -> None:
    nobody = await site.save(staff.reader, IMAGING)
    assert (nobody.status, nobody.code) == (409, "not-claimant")
    await site.claim(staff.reader, IMAGING)
    other = await site.save(staff.colleague, IMAGING)
    assert (other.status, other.code) == (409, "not-claimant")


async def test_another_reader_goes_on_where_the_first_left(site: Site, staff: Staff) -> None:
    await site.claim(staff.reader, IMAGING)
    await site.save(staff.reader, IMAGING)
    await site.must(staff.reader, "POST", f"/api/requests/{site.requests[IMAGING]}/release")
    await site.claim(staff.reviewer, IMAGING)
    gone = await site.save(staff.reader, IMAGING, 1)
    assert (gone.status, gone.code) == (409, "not-claimant")
    taken = await site.save(staff.reviewer, IMAGING, 1)
    assert taken.body["author"]["id"] == staff.reviewer.id


async def test_readers_of_another_place_write_nothing_here(site: Site, staff: Staff) -> None:
    near = await site.person("near", "township1", *_readers())
    far = await site.person("far", "township2", *_readers())
    assert (await site.save(near, IMAGING)).status == 404
    assert (await site.save(far, IMAGING)).status == 404
    assert (await site.save(staff.township, IMAGING)).status == 403


async def test_a_text_of_more_than_a_few_pages_or_with_odd_fields_is_refused(
    site: Site, staff: Staff
) -> None:
    await site.claim(staff.reader, IMAGING)
    assert (await site.save(staff.reader, IMAGING, findings="长" * 10_001)).status == 400
    assert (await site.save(staff.reader, IMAGING, status="final")).status == 400
    assert (await site.save(staff.reader, IMAGING, -1)).status == 400
    for odd in ("一\x00二", "一\ud800二"):
        assert (await site.save(staff.reader, IMAGING, impression=odd)).status == 400


async def test_the_examining_side_sees_nothing_of_a_draft(site: Site, staff: Staff) -> None:
    await site.claim(staff.reader, IMAGING)
    report = (await site.save(staff.reader, IMAGING)).body
    for path in (
        f"/api/requests/{site.requests[IMAGING]}/report",
        f"/api/reports/{report['id']}",
        f"/api/reports/{report['id']}/versions",
        f"/api/reports/{report['id']}/document.pdf",
    ):
        assert (await site.ask(staff.township, "GET", path)).status == 404, path
    page = await site.must(staff.township, "GET", "/api/reports")
    assert page["items"] == []


async def test_saves_are_audited_without_a_word_of_the_text(site: Site, staff: Staff) -> None:
    await site.claim(staff.reader, IMAGING)
    report = (await site.save(staff.reader, IMAGING)).body
    await site.save(staff.reader, IMAGING, 1)
    async with site.app.services.database.reading() as session:
        acts = list(
            await session.scalars(select(AuditEvent).where(AuditEvent.action == "report.save"))
        )
        told = list(await session.scalars(select(Event).where(Event.topic == "report.changed")))
    assert [act.object_id for act in acts] == [report["id"]] * 2
    assert {act.actor_id for act in acts} == {staff.reader.id}
    assert all(TEXT["findings"] not in act.detail for act in acts)
    # Everybody hears that there is a report; nobody of every pause in typing.
    (event,) = told
    assert event.study_id is not None
    assert event.payload["report_id"] == report["id"]
    assert set(event.payload) == {"report_id", "request_id", "study_id", "status", "version"}


async def test_templates_fit_the_case(site: Site, staff: Staff) -> None:
    found = await site.app.client.get(
        "/api/report-templates?kind=imaging&modality=CT", headers=staff.reader.headers
    )
    texts = await found.json()
    assert [each["id"] for each in texts][:1] == ["head-ct-normal"]
    assert set(texts[0]) == {"id", "name_zh", "name_en", "findings", "impression"}
    refused = await site.app.client.get(
        "/api/report-templates?kind=blood", headers=staff.reader.headers
    )
    assert refused.status == 400


def _readers() -> tuple[Role, ...]:
    return (Role.COUNTY_READER, Role.COUNTY_REVIEWER)
