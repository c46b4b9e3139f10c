"""Who may make a report final, in one literal table, and what is still missing before they may.

Only a registered physician (执业医师) with the right of independent signature signs, within the
validity of the licence. Images take two persons (审核医师 is not the 报告医师); an ECG takes one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from server.identity.public import Role, Signatory
from server.reports.models import DRAFTS, ISSUED, ReportStatus
from server.reports.templates import BLANK
from server.requests.public import RequestKind


@dataclass(frozen=True)
class SigningRule:
    """Whose signature makes a report final."""

    two_persons: bool
    """Whether nobody who wrote in it may sign it, and it must have been submitted."""
    roles: frozenset[Role]


SIGNING_POLICY: Final[Mapping[RequestKind, SigningRule]] = {
    RequestKind.IMAGING: SigningRule(two_persons=True, roles=frozenset({Role.COUNTY_REVIEWER})),
    RequestKind.ECG: SigningRule(
        two_persons=False, roles=frozenset({Role.COUNTY_READER, Role.COUNTY_REVIEWER})
    ),
}


class Blocker(StrEnum):
    """Why the person who asks may not sign now."""

    ALREADY_ISSUED = "already-issued"
    WITHDRAWN = "withdrawn"
    """Cancelled, or entered in error."""
    FINDINGS_EMPTY = "findings-empty"
    IMPRESSION_EMPTY = "impression-empty"
    BLANK_LEFT = "blank-left"
    """A template's blank is still to be filled."""
    CRITICAL_UNDECIDED = "critical-undecided"
    """A machine suspects a critical value: a physician confirms or dismisses it."""
    APPENDED_TEXT_CHANGED = "appended-text-changed"
    """An appended report keeps what was issued, and adds to it."""
    NOT_SUBMITTED = "not-submitted"
    NOT_CLAIMANT = "not-claimant"
    """Somebody else holds the case, or nobody."""
    ON_HOLD = "on-hold"
    """The exam was returned to the examining side, which has to act first."""
    AUTHOR_CANNOT_REVIEW = "author-cannot-review"
    ROLE_MISSING = "role-missing"
    OTHER_INSTITUTION = "other-institution"
    LICENCE_MISSING = "licence-missing"
    LICENCE_EXPIRED = "licence-expired"
    NOT_INDEPENDENT = "not-independent"
    """Has no right of independent signature."""


@dataclass(frozen=True)
class Signable:
    """A report as the policy looks at it."""

    kind: RequestKind
    status: ReportStatus
    findings: str
    impression: str
    critical: bool | None
    suspected_critical: bool
    """Whether a machine's red risk stands over the case."""
    diagnosing_institution_id: str
    claimed_by: str | None
    on_hold: bool
    """Whether the exam was returned to the examining side."""
    writer_ids: Collection[str]
    must_begin_with: tuple[str, str] | None = None
    """Findings and impression of what is only to be added to."""


def blockers(report: Signable, signer: Signatory, today: date) -> list[Blocker]:
    """Return what is still missing before ``signer`` may make the report final; empty: nothing."""
    if report.status in ISSUED:
        return [Blocker.ALREADY_ISSUED]
    if report.status in {ReportStatus.CANCELLED, ReportStatus.ENTERED_IN_ERROR}:
        return [Blocker.WITHDRAWN]
    return [*of_text(report), *_of_case(report, signer), *_of_licence(signer, today)]


def may_sign(signer: Signatory, today: date) -> bool:
    """Tell whether a person's signature counts at all: what makes an emergency's text a report."""
    return not _of_licence(signer, today)


def of_text(report: Signable) -> list[Blocker]:
    """Return what the text lacks, whoever looks at it."""
    found = []
    if not report.findings.strip():
        found.append(Blocker.FINDINGS_EMPTY)
    if not report.impression.strip():
        found.append(Blocker.IMPRESSION_EMPTY)
    if BLANK in report.findings or BLANK in report.impression:
        found.append(Blocker.BLANK_LEFT)
    if report.suspected_critical and report.critical is None:
        found.append(Blocker.CRITICAL_UNDECIDED)
    if report.must_begin_with is not None:
        findings, impression = report.must_begin_with
        if not (report.findings.startswith(findings) and report.impression.startswith(impression)):
            found.append(Blocker.APPENDED_TEXT_CHANGED)
    return found


def _of_case(report: Signable, signer: Signatory) -> list[Blocker]:
    rule = SIGNING_POLICY[report.kind]
    found = []
    if rule.two_persons and report.status in DRAFTS:
        found.append(Blocker.NOT_SUBMITTED)
    if not rule.two_persons and report.status in DRAFTS and report.claimed_by != signer.id:
        found.append(Blocker.NOT_CLAIMANT)
    if report.on_hold:
        found.append(Blocker.ON_HOLD)
    if rule.two_persons and signer.id in report.writer_ids:
        found.append(Blocker.AUTHOR_CANNOT_REVIEW)
    if rule.roles.isdisjoint(signer.roles):
        found.append(Blocker.ROLE_MISSING)
    if signer.institution_id != report.diagnosing_institution_id:
        found.append(Blocker.OTHER_INSTITUTION)
    return found


def _of_licence(signer: Signatory, today: date) -> list[Blocker]:
    found = []
    if signer.licence_number is None:
        found.append(Blocker.LICENCE_MISSING)
    elif signer.licence_valid_until is not None and signer.licence_valid_until < today:
        found.append(Blocker.LICENCE_EXPIRED)
    if not signer.signs_independently:
        found.append(Blocker.NOT_INDEPENDENT)
    return found
