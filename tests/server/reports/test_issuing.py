"""From a draft to what the township prints: submitted, given back, signed, changed, received."""

import asyncio
import hashlib
import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from ecg.findings import DISCLAIMER_ZH
from server.audit.models import AuditEvent
from server.ecg_records.models import EcgRecord, ScreeningStatus
from server.identity.models import Role
from server.realtime.models import Event
from server.reports.models import ReportDocument
from server.requests.public import DiagnosisRequest, RequestKind, Risk
from server.studies.models import Study
from tests.server.reports.conftest import TEXT, Person, Site, Staff
from tests.support.dicom_files import ct_bytes
from tests.support.pdf import pdf_text

IMAGING, ECG = RequestKind.IMAGING, RequestKind.ECG


async def submitted(site: Site, staff: Staff) -> dict[str, Any]:
    """Return an image's report that waits for its reviewer."""
    await site.claim(staff.reader, IMAGING)
    report = (await site.save(staff.reader, IMAGING)).body
    return await site.acted(staff.reader, report, "submit")


async def issued(site: Site, staff: Staff) -> dict[str, Any]:
    """Return an image's report that is final."""
    return await site.acted(staff.reviewer, await submitted(site, staff), "sign")


async def signed_ecg(site: Site, staff: Staff) -> dict[str, Any]:
    """Return an ECG's report that its reader signed."""
    await site.claim(staff.reader, ECG)
    return await site.acted(staff.reader, (await site.save(staff.reader, ECG)).body, "sign")


async def request_status(site: Site, kind: RequestKind) -> str:
    """Return where a case stands."""
    async with site.app.services.database.reading() as session:
        request = await session.get(DiagnosisRequest, site.requests[kind])
        assert request is not None
        return str(request.status)


async def told(site: Site, topic: str) -> list[dict[str, Any]]:
    """Return the payloads of what was published under a topic."""
    async with site.app.services.database.reading() as session:
        events = await session.scalars(select(Event).where(Event.topic == topic).order_by(Event.id))
        return [event.payload for event in events]


def flat(pdf: bytes) -> str:
    """Return a document's text without spaces."""
    return re.sub(r"\s+", "", pdf_text(pdf))


async def test_an_image_takes_two_persons_and_the_township_prints_it(
    site: Site, staff: Staff
) -> None:
    report = await submitted(site, staff)
    assert report["status"] == "preliminary"
    assert "author-cannot-review" in report["blockers"]
    for other in (staff.reader, staff.colleague):
        refused = await site.act(other, report, "sign")
        assert (refused.status, refused.code) == (409, "signing-blocked")
    shown = await site.must(staff.reviewer, "GET", f"/api/reports/{report['id']}")
    assert shown["blockers"] == []
    site.clock.advance(600)
    final = await site.acted(staff.reviewer, report, "sign")
    assert (final["status"], final["version"], final["document"]) == ("final", 1, True)
    assert final["author"]["id"] == staff.reader.id
    assert final["reviewer"] == {"id": staff.reviewer.id, "display_name": "reviewer医师"}
    assert final["signed_at"] == "2026-11-21T02:10:00Z"
    assert await request_status(site, IMAGING) == "completed"
    assert [each["status"] for each in await told(site, "report.issued")] == ["final"]
    seen = await site.must(staff.township, "GET", f"/api/requests/{site.requests[IMAGING]}/report")
    assert {name: seen[name] for name in TEXT} == TEXT
    text = flat(await site.pdf(staff.township, report))
    for expected in (
        "检查单位township1医院", "诊断单位county医院", TEXT["findings"], TEXT["impression"],
        "报告医师：reader医师", "审核医师：reviewer医师", "报告时间：2026-11-2110:00",
        "审核时间：2026-11-2110:10",
    ):  # fmt: skip
        assert expected in text, expected


async def test_a_reviewer_who_wrote_it_does_not_sign_it(site: Site, staff: Staff) -> None:
    await site.claim(staff.reviewer, IMAGING)
    report = (await site.save(staff.reviewer, IMAGING)).body
    report = await site.acted(staff.reviewer, report, "submit")
    assert report["blockers"] == ["author-cannot-review"]
    assert (await site.act(staff.reviewer, report, "sign")).code == "signing-blocked"
    assert (await site.act(staff.second_reviewer, report, "sign")).status == 200


async def left_by_the_reader(site: Site, staff: Staff, kind: RequestKind) -> dict[str, Any]:
    """Return the draft of a reader who gave the case back, and the reviewer took it."""
    await site.claim(staff.reader, kind)
    report = (await site.save(staff.reader, kind)).body
    await site.must(staff.reader, "POST", f"/api/requests/{site.requests[kind]}/release")
    await site.claim(staff.reviewer, kind)
    return report


async def test_whoever_submits_another_s_draft_answers_for_it_and_does_not_review_it(
    site: Site, staff: Staff
) -> None:
    await site.set_request(IMAGING, emergency=True)
    report = await left_by_the_reader(site, staff, IMAGING)
    report = await site.acted(staff.reviewer, report, "submit")
    assert report["author"]["id"] == staff.reviewer.id
    assert report["blockers"] == ["author-cannot-review"]
    assert "报告医师：reviewer医师" in flat(await site.pdf(staff.township, report))
    assert (await site.act(staff.reviewer, report, "sign")).code == "signing-blocked"
    assert (await site.act(staff.second_reviewer, report, "sign")).status == 200


async def test_whoever_signs_another_s_draft_is_its_author_in_print_too(
    site: Site, staff: Staff
) -> None:
    report = await left_by_the_reader(site, staff, ECG)
    final = await site.acted(staff.reviewer, report, "sign")
    assert (final["author"]["id"], final["reviewer"]) == (staff.reviewer.id, None)
    text = flat(await site.pdf(staff.township, final))
    assert "reviewer医师" in text
    assert "reader医师" not in text


async def test_a_draft_of_an_image_is_not_signed_before_it_is_submitted(
    site: Site, staff: Staff
) -> None:
    await site.claim(staff.reader, IMAGING)
    report = (await site.save(staff.reader, IMAGING)).body
    refused = await site.act(staff.reviewer, report, "sign")
    assert refused.code == "signing-blocked"
    assert "not-submitted" in refused.body["detail"]


async def test_an_ecg_takes_one_licensed_reader(site: Site, staff: Staff) -> None:
    report = await signed_ecg(site, staff)
    assert (report["status"], report["reviewer"]) == ("final", None)
    assert await request_status(site, ECG) == "completed"
    text = flat(await site.pdf(staff.township, report))
    for expected in ("远程心电诊断报告单", "25mm/s", "aVR", "reader医师"):
        assert expected in text, expected


async def test_an_ecg_s_document_keeps_the_machine_s_words_apart(site: Site, staff: Staff) -> None:
    async with site.app.services.database.unit_of_work() as uow:
        await uow.session.execute(
            update(EcgRecord).values(
                status=ScreeningStatus.SCREENED,
                findings=[
                    {"code": "x", "text_zh": "电轴左偏", "text_en": "LAD", "severity": "routine"}
                ],
                screening={"measurements": {"heart_rate_bpm": 71.6, "pr_ms": None}},
            )
        )
        await uow.commit()
    text = flat(await site.pdf(staff.township, await signed_ecg(site, staff)))
    for expected in (f"{DISCLAIMER_ZH}：电轴左偏", "机器测量值", "心率次/分72", "PR间期ms—"):
        assert expected in text, expected


async def test_a_patient_s_name_with_markup_is_printed_as_it_is(site: Site, staff: Staff) -> None:
    name = "#panic() $x$ *b* <a> ]"
    await site.app.receive(
        ct_bytes(PatientName=name, StudyInstanceUID="1.2.3", SOPInstanceUID="1.2.3.4")
    )
    async with site.app.services.database.reading() as session:
        site.requests[IMAGING] = str(
            await session.scalar(
                select(DiagnosisRequest.id)
                .join(Study, Study.id == DiagnosisRequest.study_pk)
                .where(Study.study_instance_uid == "1.2.3")
            )
        )
    assert re.sub(r"\s", "", name) in flat(
        await site.pdf(staff.township, await issued(site, staff))
    )


@pytest.mark.parametrize(
    ("changes", "blocker"),
    [
        ({"licence": None}, "licence-missing"),
        ({"valid_until": date(2026, 11, 20)}, "licence-expired"),
        ({"signs": False}, "not-independent"),
    ],
)
async def test_a_reader_without_a_valid_licence_or_the_right_is_told_so(
    site: Site, staff: Staff, changes: dict[str, Any], blocker: str
) -> None:
    learner = await site.person("learner", "county", Role.COUNTY_READER, **changes)
    await site.claim(learner, ECG)
    report = (await site.save(learner, ECG)).body
    assert blocker in report["blockers"]
    refused = await site.act(learner, report, "sign")
    assert (refused.status, refused.code) == (409, "signing-blocked")
    # Submitted, it is another's to sign.
    report = await site.acted(learner, report, "submit")
    assert (await site.acted(staff.reader, report, "sign"))["reviewer"]["id"] == staff.reader.id


async def test_an_empty_text_or_a_blank_is_neither_submitted_nor_signed(
    site: Site, staff: Staff
) -> None:
    await site.claim(staff.reader, ECG)
    report = (await site.save(staff.reader, ECG, impression=" ", findings="心率＿＿次/分")).body
    assert report["blockers"] == ["impression-empty", "blank-left"]
    assert (await site.act(staff.reader, report, "sign")).code == "signing-blocked"
    refused = await site.act(staff.reader, report, "submit")
    assert (refused.status, refused.code) == (409, "report-incomplete")


async def test_a_suspected_critical_value_is_decided_before_signing(
    site: Site, staff: Staff
) -> None:
    await site.set_request(ECG, risk=Risk.RED)
    await site.claim(staff.reader, ECG)
    report = (await site.save(staff.reader, ECG)).body
    assert report["blockers"] == ["critical-undecided"]
    report = (await site.save(staff.reader, ECG, 1, critical=True)).body
    assert report["blockers"] == []
    final = await site.acted(staff.reader, report, "sign")
    assert final["critical"] is True
    assert "危急值" in flat(await site.pdf(staff.township, final))


async def test_a_report_given_back_comes_again_with_what_was_said(site: Site, staff: Staff) -> None:
    report = await submitted(site, staff)
    for bad in ({}, {"comment": "  "}, {"comment": "长" * 1001}, {"comment": "一\x00"}):
        assert (await site.act(staff.reviewer, report, "return", bad)).status == 400
    refused = await site.act(staff.colleague, report, "return", {"comment": "请补充"})
    assert (refused.status, refused.code) == (403, "cannot-review")
    back = await site.acted(staff.reviewer, report, "return", {"comment": "请描述纵隔"})
    assert back["status"] == "returned"
    assert back["comments"] == [
        {
            "by": {"id": staff.reviewer.id, "display_name": "reviewer医师"},
            "at": "2026-11-21T02:00:00Z",
            "text": "请描述纵隔",
        }
    ]
    assert (await site.act(staff.reviewer, back, "sign")).code == "signing-blocked"
    better = await site.save(
        staff.reader, IMAGING, back["revision"], findings="两肺清晰，纵隔居中。"
    )
    assert better.status == 200
    report = await site.acted(staff.reader, better.body, "submit")
    final = await site.acted(staff.reviewer, report, "sign")
    assert final["findings"] == "两肺清晰，纵隔居中。"
    seen = await site.must(staff.township, "GET", f"/api/reports/{report['id']}")
    assert seen["comments"] == []


async def test_an_author_takes_a_submitted_report_back(site: Site, staff: Staff) -> None:
    report = await submitted(site, staff)
    assert (await site.save(staff.reader, IMAGING, report["revision"])).code == "report-not-a-draft"
    back = await site.acted(staff.reader, report, "return", {"comment": "侧别写反"})
    assert (await site.save(staff.reader, IMAGING, back["revision"])).status == 200


async def test_what_is_final_is_not_written_over(site: Site, staff: Staff) -> None:
    final = await issued(site, staff)
    before = await site.pdf(staff.township, final)
    refused = await site.save(staff.reader, IMAGING, final["revision"], findings="改")
    assert (refused.status, refused.code) == (409, "report-not-a-draft")
    for act, body in (("submit", None), ("return", {"comment": "改"}), ("sign", None)):
        for who in (staff.reader, staff.reviewer, staff.second_reviewer):
            assert (await site.act(who, final, act, body)).status in {403, 409}, act
    assert await site.pdf(staff.township, final) == before
    assert await site.must(staff.reviewer, "GET", f"/api/reports/{final['id']}") == final


async def test_nobody_acts_on_a_text_they_have_not_seen(site: Site, staff: Staff) -> None:
    seen = await submitted(site, staff)
    back = await site.acted(staff.reader, seen, "return", {"comment": "改"})
    saved = await site.save(staff.reader, IMAGING, back["revision"], findings="右肺结节。")
    for act, body in (("submit", None), ("return", {"comment": "改"})):
        refused = await site.act(staff.reader, back, act, body)
        assert (refused.status, refused.code) == (409, "report-changed"), act
    # The reviewer's page still shows the text as it was first submitted.
    again = await site.acted(staff.reader, saved.body, "submit")
    refused = await site.act(staff.reviewer, seen, "sign")
    assert (refused.status, refused.code) == (409, "report-changed")
    assert await site.must(staff.reader, "GET", f"/api/reports/{seen['id']}") == again
    final = await site.acted(staff.reviewer, again, "sign")
    assert final["findings"] == "右肺结节。"
    refused = await site.act(staff.reader, again, "amend", {"reason": "补充"})
    assert (refused.status, refused.code) == (409, "report-changed")


@pytest.mark.parametrize("act", ["submit", "sign", "return", "amend", "acknowledge"])
async def test_an_act_says_what_was_seen(site: Site, staff: Staff, act: str) -> None:
    final = await issued(site, staff)
    words = {"return": {"comment": "改"}, "amend": {"reason": "改"}}.get(act, {})
    who = staff.township if act == "acknowledge" else staff.second_reviewer
    path = f"/api/reports/{final['id']}/{act}"
    assert (await site.ask(who, "POST", path, words)).status == 400


async def test_of_two_reviewers_who_sign_at_once_one_does(site: Site, staff: Staff) -> None:
    report = await submitted(site, staff)
    answers = await asyncio.gather(
        site.act(staff.reviewer, report, "sign"), site.act(staff.second_reviewer, report, "sign")
    )
    assert sorted(each.status for each in answers) == [200, 409]
    versions = await site.must(staff.reviewer, "GET", f"/api/reports/{report['id']}/versions")
    assert len(versions["items"]) == 1
    assert len(await told(site, "report.issued")) == 1


async def test_a_signature_and_a_return_at_once_do_not_both_happen(
    site: Site, staff: Staff
) -> None:
    report = await submitted(site, staff)
    signed, back = await asyncio.gather(
        site.act(staff.reviewer, report, "sign"),
        site.act(staff.second_reviewer, report, "return", {"comment": "请补充"}),
    )
    assert sorted([signed.status, back.status]) == [200, 409]
    after = await site.must(staff.reviewer, "GET", f"/api/reports/{report['id']}")
    assert after["status"] == ("final" if signed.status == 200 else "returned")


async def test_a_case_given_back_to_all_after_submitting_is_still_signed(
    site: Site, staff: Staff
) -> None:
    report = await submitted(site, staff)
    await site.must(staff.reader, "POST", f"/api/requests/{site.requests[IMAGING]}/release")
    assert (await site.acted(staff.reviewer, report, "sign"))["status"] == "final"
    assert await request_status(site, IMAGING) == "completed"


async def test_a_case_given_back_to_all_after_submitting_still_waits_for_review(
    site: Site, staff: Staff
) -> None:
    await submitted(site, staff)
    await site.must(staff.reader, "POST", f"/api/requests/{site.requests[IMAGING]}/release")
    page = await site.must(staff.reviewer, "GET", "/api/worklist?view=review")
    assert [each["id"] for each in page["items"]] == [site.requests[IMAGING]]


async def test_a_report_of_an_exam_that_was_returned_waits_with_it(
    site: Site, staff: Staff
) -> None:
    report = await submitted(site, staff)
    request = f"/api/requests/{site.requests[IMAGING]}"
    await site.must(staff.reader, "POST", f"{request}/return", {"reason": "poor-quality"})
    shown = await site.must(staff.reviewer, "GET", f"/api/reports/{report['id']}")
    assert shown["blockers"] == ["on-hold"]
    refused = await site.act(staff.reviewer, report, "sign")
    assert (refused.status, refused.code) == (409, "signing-blocked")
    technician = await site.person(
        "technician", "township1", Role.TOWNSHIP_TECHNICIAN, licence=None
    )
    await site.must(technician, "POST", f"{request}/resume")
    assert (await site.acted(staff.reviewer, report, "sign"))["status"] == "final"


async def test_a_change_is_a_new_version_and_the_township_is_told_again(
    site: Site, staff: Staff
) -> None:
    final = await issued(site, staff)
    await site.acted(staff.township, final, "acknowledge")
    first = await site.pdf(staff.township, final)
    for bad in ({}, {"reason": " "}, {"reason": "错", "kind": "deleted"}):
        assert (await site.act(staff.reader, final, "amend", bad)).status == 400
    draft = await site.acted(
        staff.reader, final, "amend", {"reason": "侧别有误", "kind": "corrected"}
    )
    assert (draft["status"], draft["version"], draft["amendment"]) == ("registered", 1, "corrected")
    assert await request_status(site, IMAGING) == "in-progress"
    saved = await site.save(staff.reader, IMAGING, draft["revision"], findings="右肺清晰。")
    assert saved.status == 200, saved
    # Until it is signed, the township has what was issued.
    seen = await site.must(staff.township, "GET", f"/api/reports/{final['id']}")
    assert (seen["status"], seen["findings"]) == ("final", TEXT["findings"])
    assert await site.pdf(staff.township, final) == first
    waiting = await site.acted(staff.reader, saved.body, "submit")
    site.clock.advance(3600)
    corrected = await site.acted(staff.reviewer, waiting, "sign")
    assert (corrected["status"], corrected["version"]) == ("corrected", 2)
    assert corrected["acknowledged_at"] is None
    assert [each["version"] for each in await told(site, "report.issued")] == [1, 2]
    text = flat(await site.pdf(staff.township, final))
    for expected in ("更正报告", "侧别有误", "右肺清晰。", "第2版"):
        assert expected in text, expected
    assert await site.pdf(staff.township, final, "?version=1") == first
    assert await request_status(site, IMAGING) == "completed"
    versions = await site.must(staff.township, "GET", f"/api/reports/{final['id']}/versions")
    newest, oldest = versions["items"]
    assert (newest["number"], newest["status"], newest["reason"]) == (2, "corrected", "侧别有误")
    assert (oldest["number"], oldest["findings"]) == (1, TEXT["findings"])
    assert oldest["acknowledged_by"]["id"] == staff.township.id
    assert hashlib.sha256(first).hexdigest() == oldest["document_sha256"]


async def test_an_appended_report_keeps_every_word_that_was_issued(
    site: Site, staff: Staff
) -> None:
    final = await signed_ecg(site, staff)
    draft = await site.acted(staff.reader, final, "amend", {"reason": "补充", "kind": "appended"})
    changed = await site.save(staff.reader, ECG, draft["revision"], findings="改写")
    assert changed.body["blockers"] == ["appended-text-changed"]
    added = TEXT["findings"] + "\n补充：无。"
    saved = await site.save(staff.reader, ECG, changed.body["revision"], findings=added)
    appended = await site.acted(staff.reader, saved.body, "sign")
    assert (appended["status"], appended["findings"]) == ("appended", added)


async def test_whoever_amends_holds_the_case(site: Site, staff: Staff) -> None:
    final = await issued(site, staff)
    draft = await site.acted(staff.second_reviewer, final, "amend", {"reason": "补充描述"})
    assert (await site.save(staff.reader, IMAGING, draft["revision"])).code == "not-claimant"
    saved = await site.save(staff.second_reviewer, IMAGING, draft["revision"])
    waiting = await site.acted(staff.second_reviewer, saved.body, "submit")
    assert (await site.act(staff.second_reviewer, waiting, "sign")).code == "signing-blocked"
    assert (await site.acted(staff.reviewer, waiting, "sign"))["status"] == "amended"


async def test_only_what_is_issued_is_amended(site: Site, staff: Staff) -> None:
    report = await submitted(site, staff)
    refused = await site.act(staff.reader, report, "amend", {"reason": "改"})
    assert (refused.status, refused.code) == (409, "report-state-conflict")


async def test_the_examining_side_acknowledges_each_version_once(site: Site, staff: Staff) -> None:
    final = await issued(site, staff)
    site.clock.advance(60)
    seen = await site.acted(staff.township, final, "acknowledge")
    assert seen["acknowledged_at"] == "2026-11-21T02:01:00Z"
    site.clock.advance(60)
    assert await site.acted(staff.township, final, "acknowledge") == seen
    newer = await site.act(staff.township, final, "acknowledge", {"version": 2})
    assert (newer.status, newer.code) == (409, "newer-version")
    there = await site.must(staff.reader, "GET", f"/api/reports/{final['id']}")
    assert there["acknowledged_at"] == seen["acknowledged_at"]
    county = await site.person("chief", "county", Role.TOWNSHIP_DOCTOR)
    assert (await site.act(county, final, "acknowledge")).status == 404
    assert (await site.act(staff.stranger, final, "acknowledge")).status == 404


async def test_another_township_finds_nothing(site: Site, staff: Staff) -> None:
    final = await issued(site, staff)
    report = f"/api/reports/{final['id']}"
    for path in (
        report, f"{report}/versions", f"{report}/document.pdf",
        f"/api/requests/{site.requests[IMAGING]}/report",
    ):  # fmt: skip
        assert (await site.ask(staff.stranger, "GET", path)).status == 404, path
        response = await site.app.client.get(path, headers=staff.township.headers)
        assert response.status == 200, path
    assert (await site.must(staff.stranger, "GET", "/api/reports"))["items"] == []


async def test_an_emergency_gets_a_preliminary_version_at_once(site: Site, staff: Staff) -> None:
    await site.set_request(IMAGING, emergency=True)
    report = await submitted(site, staff)
    assert (report["status"], report["version"]) == ("preliminary", 1)
    seen = await site.must(staff.township, "GET", f"/api/reports/{report['id']}")
    assert (seen["status"], seen["reviewer"], seen["document"]) == ("preliminary", None, True)
    assert "急诊临时报告" in flat(await site.pdf(staff.township, report))
    await site.acted(staff.township, report, "acknowledge")
    final = await site.acted(staff.reviewer, report, "sign")
    assert (final["status"], final["version"], final["acknowledged_at"]) == ("final", 2, None)
    text = flat(await site.pdf(staff.township, report))
    assert "急诊临时报告" not in text
    assert [each["status"] for each in await told(site, "report.issued")] == [
        "preliminary", "final",
    ]  # fmt: skip


async def test_an_emergency_s_text_of_a_learner_waits_for_the_reviewer(
    site: Site, staff: Staff
) -> None:
    learner = await site.person("learner", "county", Role.COUNTY_READER, signs=False)
    await site.set_request(IMAGING, emergency=True)
    await site.claim(learner, IMAGING)
    report = (await site.save(learner, IMAGING)).body
    report = await site.acted(learner, report, "submit")
    assert (report["status"], report["version"]) == ("preliminary", 0)
    assert (await site.ask(staff.township, "GET", f"/api/reports/{report['id']}")).status == 404


async def test_the_county_previews_what_is_not_issued(site: Site, staff: Staff) -> None:
    report = await submitted(site, staff)
    first = await site.pdf(staff.reviewer, report)
    assert "初步报告" in flat(first)
    assert await site.pdf(staff.reviewer, report) == first


async def test_every_step_is_audited_with_the_digest_of_what_was_signed(
    site: Site, staff: Staff
) -> None:
    final = await issued(site, staff)
    pdf = await site.pdf(staff.township, final)
    await site.acted(staff.township, final, "acknowledge")
    async with site.app.services.database.reading() as session:
        acts = list(
            await session.scalars(
                select(AuditEvent)
                .where(AuditEvent.object_id == final["id"])
                .order_by(AuditEvent.chain, AuditEvent.seq)
            )
        )
        reads = list(
            await session.scalars(
                select(AuditEvent.actor_id).where(AuditEvent.action == "study.read")
            )
        )
    assert [(act.action, act.actor_id) for act in acts] == [
        ("report.save", staff.reader.id),
        ("report.submit", staff.reader.id),
        ("report.sign", staff.reviewer.id),
        ("report.acknowledge", staff.township.id),
    ]
    assert hashlib.sha256(pdf).hexdigest() in acts[2].detail
    assert staff.township.id in reads


async def test_a_document_that_is_not_what_was_signed_is_never_given(
    site: Site, staff: Staff
) -> None:
    final = await issued(site, staff)
    async with site.app.services.database.unit_of_work() as uow:
        await uow.session.execute(update(ReportDocument).values(pdf=b"%PDF-1.7 forged"))
        await uow.commit()
    answer = await site.ask(staff.township, "GET", f"/api/reports/{final['id']}/document.pdf")
    assert (answer.status, answer.code) == (503, "document-damaged")


async def test_a_version_that_was_never_issued_is_not_found(site: Site, staff: Staff) -> None:
    final = await issued(site, staff)
    path = f"/api/reports/{final['id']}/document.pdf?version="
    assert (await site.ask(staff.township, "GET", path + "2")).status == 404
    assert (await site.ask(staff.township, "GET", path + "2147483647")).status == 404
    for bad in ("0", "2147483648", "9" * 30):
        assert (await site.ask(staff.township, "GET", path + bad)).status == 400, bad


async def listed(site: Site, who: Person, query: str = "") -> list[dict[str, Any]]:
    """Return a page of reports."""
    return list((await site.must(who, "GET", f"/api/reports{query}"))["items"])


async def test_lists_show_each_side_its_own(site: Site, staff: Staff) -> None:
    final = await issued(site, staff)
    site.clock.advance(60)
    ecg = await signed_ecg(site, staff)
    site.clock.advance(60)
    await site.acted(staff.reader, ecg, "amend", {"reason": "补充"})
    county, township = await listed(site, staff.reader), await listed(site, staff.township)
    assert [each["id"] for each in county] == [ecg["id"], final["id"]]
    assert [each["id"] for each in township] == [ecg["id"], final["id"]]
    assert [each["status"] for each in county] == ["registered", "final"]
    assert [each["status"] for each in township] == ["final", "final"]
    assert township[0]["document"] is True
    assert township[1]["modalities"] == ["CT"]
    assert township[1]["examining"]["id"] == site.app.institutions["township1"]
    assert township[1]["diagnosing"]["id"] == site.app.institutions["county"]
    assert township[1]["reviewer"]["id"] == staff.reviewer.id
    mine = await listed(site, staff.reviewer, "?view=mine")
    assert [each["id"] for each in mine] == [final["id"]]
    assert await listed(site, staff.colleague, "?view=mine") == []


async def test_pages_of_reports_neither_skip_nor_repeat(site: Site, staff: Staff) -> None:
    first, second = await issued(site, staff), await signed_ecg(site, staff)
    page = await site.must(staff.township, "GET", "/api/reports?limit=1")
    rest = await site.must(staff.township, "GET", f"/api/reports?limit=1&before={page['next']}")
    assert rest["next"] is None
    assert {page["items"][0]["id"], rest["items"][0]["id"]} == {first["id"], second["id"]}
    assert (await site.ask(staff.township, "GET", "/api/reports?before=x")).code == "bad-cursor"


async def test_a_case_with_more_of_its_study_is_amended_from_the_list(
    site: Site, staff: Staff
) -> None:
    report = await issued(site, staff)
    await site.set_request(IMAGING, status="requested", claimed_by=None)
    change = {"reason": "补充图像", "kind": "appended"}
    await site.acted(staff.reader, report, "amend", change)
    assert await request_status(site, IMAGING) == "in-progress"
