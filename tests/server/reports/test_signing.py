"""Who may sign what, and what they are told is missing."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from server.identity.public import Role, Signatory
from server.reports.models import DRAFTS, ISSUED, UNDER_WAY, ReportStatus
from server.reports.signing import SIGNING_POLICY, Blocker, Signable, blockers, may_sign
from server.reports.templates import BLANK
from server.requests.public import RequestKind

TODAY = date(2026, 11, 25)
READER = Signatory(
    id="reader",
    display_name="沈示范",
    institution_id="county",
    roles=frozenset({Role.COUNTY_READER}),
    licence_number="DEMO-0003",
    licence_valid_until=None,
    signs_independently=True,
)
REVIEWER = replace(READER, id="reviewer", roles=frozenset({Role.COUNTY_REVIEWER}))


def report(kind: RequestKind, **changes: Any) -> Signable:
    """Return a report with nothing missing, written by the reader who holds the case."""
    imaging = kind == RequestKind.IMAGING
    base = Signable(
        kind=kind,
        status=ReportStatus.PRELIMINARY if imaging else ReportStatus.REGISTERED,
        findings="两肺清晰",
        impression="未见异常",
        critical=None,
        suspected_critical=False,
        diagnosing_institution_id="county",
        claimed_by="reader",
        on_hold=False,
        writer_ids=["reader"],
    )
    return replace(base, **changes)


IMAGE, ECG = report(RequestKind.IMAGING), report(RequestKind.ECG)


def test_the_policy_is_two_persons_for_images_and_one_for_an_ecg() -> None:
    imaging, ecg = SIGNING_POLICY[RequestKind.IMAGING], SIGNING_POLICY[RequestKind.ECG]
    assert (imaging.two_persons, ecg.two_persons) == (True, False)
    assert imaging.roles == {Role.COUNTY_REVIEWER}
    assert ecg.roles == {Role.COUNTY_READER, Role.COUNTY_REVIEWER}
    assert set(SIGNING_POLICY) == set(RequestKind)


def test_a_reviewer_signs_an_image_and_the_reader_an_ecg() -> None:
    assert blockers(IMAGE, REVIEWER, TODAY) == []
    assert blockers(ECG, READER, TODAY) == []


def test_second_signature_by_the_author_is_refused() -> None:
    both = replace(READER, roles=frozenset({Role.COUNTY_READER, Role.COUNTY_REVIEWER}))
    assert blockers(IMAGE, both, TODAY) == [Blocker.AUTHOR_CANNOT_REVIEW]


def test_whoever_wrote_part_of_it_does_not_review_it() -> None:
    shared = replace(IMAGE, writer_ids=["reviewer", "reader"])
    assert blockers(shared, REVIEWER, TODAY) == [Blocker.AUTHOR_CANNOT_REVIEW]


def test_a_reader_does_not_make_an_image_final() -> None:
    other = replace(READER, id="other")
    assert blockers(IMAGE, other, TODAY) == [Blocker.ROLE_MISSING]


@pytest.mark.parametrize("status", sorted(DRAFTS))
def test_an_image_s_draft_is_submitted_first(status: ReportStatus) -> None:
    assert blockers(replace(IMAGE, status=status), REVIEWER, TODAY) == [Blocker.NOT_SUBMITTED]


@pytest.mark.parametrize("holder", [None, "reviewer"])
def test_an_ecg_s_draft_is_signed_by_who_holds_the_case(holder: str | None) -> None:
    draft = replace(ECG, claimed_by=holder)
    assert blockers(draft, READER, TODAY) == [Blocker.NOT_CLAIMANT]


@pytest.mark.parametrize("kind", RequestKind)
def test_nobody_signs_what_was_returned_to_the_examining_side(kind: RequestKind) -> None:
    returned = report(kind, status=ReportStatus.PRELIMINARY, on_hold=True)
    assert blockers(returned, REVIEWER, TODAY) == [Blocker.ON_HOLD]


def test_a_submitted_ecg_may_be_signed_by_another_licensed_reader() -> None:
    submitted = replace(ECG, status=ReportStatus.PRELIMINARY)
    assert blockers(submitted, REVIEWER, TODAY) == []


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"licence_number": None}, Blocker.LICENCE_MISSING),
        ({"licence_valid_until": TODAY - timedelta(days=1)}, Blocker.LICENCE_EXPIRED),
        ({"signs_independently": False}, Blocker.NOT_INDEPENDENT),
        ({"institution_id": "township1"}, Blocker.OTHER_INSTITUTION),
        ({"roles": frozenset({Role.COUNTY_DUTY})}, Blocker.ROLE_MISSING),
    ],
)
@pytest.mark.parametrize("kind", RequestKind)
def test_a_signer_who_lacks_something_is_told_what(
    kind: RequestKind, changes: dict[str, Any], missing: Blocker
) -> None:
    signer = REVIEWER if kind == RequestKind.IMAGING else READER
    assert blockers(report(kind), replace(signer, **changes), TODAY) == [missing]


def test_a_licence_is_good_on_its_last_day() -> None:
    assert blockers(IMAGE, replace(REVIEWER, licence_valid_until=TODAY), TODAY) == []


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"findings": " \n"}, Blocker.FINDINGS_EMPTY),
        ({"impression": ""}, Blocker.IMPRESSION_EMPTY),
        ({"findings": f"大小约{BLANK} mm"}, Blocker.BLANK_LEFT),
        ({"impression": f"{BLANK}肺结节"}, Blocker.BLANK_LEFT),
        ({"suspected_critical": True}, Blocker.CRITICAL_UNDECIDED),
        ({"must_begin_with": ("两肺", "心影")}, Blocker.APPENDED_TEXT_CHANGED),
        ({"must_begin_with": ("右肺", "未见")}, Blocker.APPENDED_TEXT_CHANGED),
    ],
)
def test_a_text_that_lacks_something_is_not_signed(
    changes: dict[str, Any], missing: Blocker
) -> None:
    assert blockers(replace(IMAGE, **changes), REVIEWER, TODAY) == [missing]


@pytest.mark.parametrize("decision", [True, False])
def test_a_suspected_critical_value_is_confirmed_or_dismissed(decision: bool) -> None:
    decided = replace(IMAGE, suspected_critical=True, critical=decision)
    assert blockers(decided, REVIEWER, TODAY) == []


def test_an_appended_text_keeps_what_was_issued() -> None:
    appended = replace(IMAGE, must_begin_with=("两肺", "未见异常"))
    assert blockers(appended, REVIEWER, TODAY) == []


@pytest.mark.parametrize("status", sorted(set(ReportStatus) - UNDER_WAY))
def test_what_is_issued_or_withdrawn_is_not_signed_again(status: ReportStatus) -> None:
    expected = Blocker.ALREADY_ISSUED if status in ISSUED else Blocker.WITHDRAWN
    assert blockers(replace(IMAGE, status=status), REVIEWER, TODAY) == [expected]


def test_everything_missing_is_said_at_once() -> None:
    nobody = replace(READER, roles=frozenset(), licence_number=None, signs_independently=False)
    empty = replace(IMAGE, status=ReportStatus.REGISTERED, findings="", impression="")
    assert set(blockers(empty, nobody, TODAY)) == {
        Blocker.FINDINGS_EMPTY, Blocker.IMPRESSION_EMPTY, Blocker.NOT_SUBMITTED,
        Blocker.AUTHOR_CANNOT_REVIEW, Blocker.ROLE_MISSING, Blocker.LICENCE_MISSING,
        Blocker.NOT_INDEPENDENT,
    }  # fmt: skip


def test_a_signature_counts_with_licence_and_right_alone() -> None:
    assert may_sign(READER, TODAY)
    assert not may_sign(replace(READER, signs_independently=False), TODAY)
    assert not may_sign(replace(READER, licence_valid_until=TODAY - timedelta(days=1)), TODAY)
