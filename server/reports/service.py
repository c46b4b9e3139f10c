"""Reports: written, given back, signed, changed and acknowledged, each with its audit and event."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import select

from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import Conflict, NotAllowed, NotFound
from server.core.ids import Ids
from server.identity.public import Actor
from server.reports.issuing import Issue, Printer
from server.reports.journal import CHANGED, ISSUED, ReportJournal
from server.reports.models import (
    DRAFTS,
    SIGNING_EVENT,
    Report,
    ReportComment,
    ReportDocument,
    ReportEvent,
    ReportStatus,
    ReportVersion,
    status_after,
)
from server.reports.schemas import AmendIn, CommentIn, DraftIn
from server.reports.signing import SIGNING_POLICY, Blocker, blockers, may_sign, of_text
from server.reports.views import ReportViews, Signatories, latest_version, today, writes_there
from server.requests.public import REQUEST_TRANSITIONS, RequestEvent, RequestRef


class StaleRevision(Conflict):
    """Somebody saved meanwhile."""

    default_code = "stale-draft"


class RequestDesk(Protocol):
    """Moves requests: `RequestService`."""

    async def hold(self, uow: UnitOfWork, request_id: str) -> RequestRef:
        """Return a request as it is now, held until the transaction ends."""
        ...

    async def advance(
        self,
        uow: UnitOfWork,
        ref: RequestRef,
        event: RequestEvent,
        actor: Actor,
        reason: str | None = None,
    ) -> RequestRef:
        """Apply an event to a request in the caller's transaction."""
        ...


class ReportService:
    """What people do with reports."""

    def __init__(
        self,
        *,
        database: Database,
        views: ReportViews,
        requests: RequestDesk,
        signatories: Signatories,
        printer: Printer,
        journal: ReportJournal,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._views = views
        self._requests = requests
        self._signatories = signatories
        self._printer = printer
        self._journal = journal
        self._clock = clock
        self._ids = ids

    async def save(self, actor: Actor, request_id: str, draft: DraftIn) -> Report:
        """Keep what the person who holds the case has written, over the revision they saw.

        Raises
        ------
        NotFound
            If there is none that the actor's institution diagnoses.
        StaleRevision
            If somebody saved meanwhile, in another window perhaps.
        Conflict
            If somebody else holds the case, or the report is submitted or issued.
        """
        _must_write(actor, await self._views.reach(actor, request_id))
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            ref = await self._requests.hold(uow, request_id)
            report = await _report_of(uow, request_id)
            _must_hold(actor, ref)
            if draft.base_revision != (report.revision if report else 0):
                raise StaleRevision("the report was saved elsewhere meanwhile")
            if report is not None and report.status not in DRAFTS:
                raise Conflict("the report is no draft any more", code="report-not-a-draft")
            is_new = report is None
            if report is None:
                report = self._new(ref, actor)
                uow.session.add(report)
            report.findings, report.impression = draft.findings, draft.impression
            report.critical = draft.critical
            _answer_for(actor, report)
            report.revision += 1
            report.updated_at = now
            if (ref.status, RequestEvent.START) in REQUEST_TRANSITIONS:
                await self._requests.advance(uow, ref, RequestEvent.START, actor)
            await self._journal.write(
                uow, actor, "report.save", report, topic=CHANGED if is_new else None
            )
            await uow.commit()
        return report

    async def submit(self, actor: Actor, report_id: str, revision: int) -> Report:
        """Submit a draft for review. An emergency's is given to the examining side at once.

        That is the 急诊临时报告, a preliminary version under one signature: only who could sign
        alone gives one.

        Raises
        ------
        NotFound, Conflict
            As `save`; if the text lacks something, or ``revision`` is not the one there is.
        """
        report, ref = await self._seen(actor, report_id, revision)
        _must_hold(actor, ref)
        status_after(report.status, ReportEvent.SUBMIT)
        signer = await self._signatories.signatory(actor.id)
        missing = of_text(await self._views.signable(report, ref))
        if missing:
            raise Conflict(f"the text lacks: {', '.join(missing)}", code="report-incomplete")
        _answer_for(actor, report)
        now = self._clock.now()
        issue = None
        if ref.emergency and report.amendment is None and may_sign(signer, today(now)):
            issue = Issue(report.version + 1, ReportStatus.PRELIMINARY, actor.id, now)
        pdf = await self._printer.print(actor, report, issue) if issue else None
        async with self._database.unit_of_work() as uow:
            held, ref = await self._held(uow, report)
            _must_hold(actor, ref)
            _answer_for(actor, held)
            self._step(held, ReportEvent.SUBMIT)
            if issue is not None and pdf is not None:
                await self._issue(uow, held, issue, pdf)
            await self._journal.write(
                uow, actor, "report.submit", held, topic=ISSUED if issue else CHANGED
            )
            await uow.commit()
        return held

    async def give_back(self, actor: Actor, report_id: str, comment: CommentIn) -> Report:
        """Give a submitted report back to its author, with a comment; its author may take it back.

        Raises
        ------
        NotFound, Conflict
            As `save`; if it is not submitted, or changed since it was seen.
        NotAllowed
            If ``actor`` neither reviews such reports nor wrote this one.
        """
        report, _ = await self._seen(actor, report_id, comment.revision)
        reviews = not SIGNING_POLICY[report.kind].roles.isdisjoint(actor.roles)
        if not reviews and actor.id != report.author_id:
            raise NotAllowed("only a reviewer gives a report back", code="cannot-review")
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            held, _ = await self._held(uow, report)
            self._step(held, ReportEvent.RETURN)
            uow.session.add(
                ReportComment(
                    id=self._ids.new(),
                    report_id=held.id,
                    by_id=actor.id,
                    at=now,
                    text=comment.comment,
                )
            )
            await self._journal.write(uow, actor, "report.return", held, topic=CHANGED)
            await uow.commit()
        return held

    async def sign(self, actor: Actor, report_id: str, revision: int) -> Report:
        """Make a report final: a version with its document, and the request is complete.

        Raises
        ------
        NotFound
            As `save`.
        Conflict
            If something is missing (`signing-blocked`), or ``revision``, which the signer has read,
            is not the one there is (`report-changed`).
        Unavailable
            If it cannot be printed now; nothing was changed.
        """
        report, ref = await self._seen(actor, report_id, revision)
        signer = await self._signatories.signatory(actor.id)
        now = self._clock.now()
        _must_be_free(blockers(await self._views.signable(report, ref), signer, today(now)))
        was_draft = report.status in DRAFTS
        if was_draft:
            _answer_for(actor, report)
        event = SIGNING_EVENT[report.amendment]
        issue = Issue(report.version + 1, status_after(report.status, event), actor.id, now)
        pdf = await self._printer.print(actor, report, issue)
        async with self._database.unit_of_work() as uow:
            held, ref = await self._held(uow, report)
            # Who holds the case may have changed while it was printed; the text has not.
            signable = await self._views.signable(held, ref, uow.session)
            _must_be_free(blockers(signable, signer, today(now)))
            if was_draft:
                _answer_for(actor, held)
            self._step(held, event)
            sha256 = await self._issue(uow, held, issue, pdf)
            await self._complete(uow, ref, actor)
            await self._journal.write(
                uow, actor, "report.sign", held, topic=ISSUED, document_sha256=sha256
            )
            await uow.commit()
        return held

    async def _complete(self, uow: UnitOfWork, ref: RequestRef, actor: Actor) -> None:
        # Its reader may have given the case back to all after submitting: who signs has taken it.
        for event in (RequestEvent.CLAIM, RequestEvent.START):
            if (ref.status, event) in REQUEST_TRANSITIONS:
                ref = await self._requests.advance(uow, ref, event, actor)
        await self._requests.advance(uow, ref, RequestEvent.COMPLETE, actor)

    async def amend(self, actor: Actor, report_id: str, amendment: AmendIn) -> Report:
        """Open an issued report for a change; what was issued stays until the change is signed.

        Raises
        ------
        NotFound, Conflict
            As `save`; if it is not issued, or changed since it was seen.
        """
        report, _ = await self._seen(actor, report_id, amendment.revision)
        kind, reason = amendment.kind, amendment.reason
        async with self._database.unit_of_work() as uow:
            held, ref = await self._held(uow, report)
            self._step(held, ReportEvent.REOPEN)
            held.amendment, held.amendment_reason = kind, reason
            held.author_id, held.writer_ids = actor.id, [actor.id]
            await self._reopen(uow, ref, actor, reason)
            await self._journal.write(
                uow, actor, "report.amend", held, topic=CHANGED, kind=kind.value
            )
            await uow.commit()
        return held

    async def _reopen(self, uow: UnitOfWork, ref: RequestRef, actor: Actor, reason: str) -> None:
        if (ref.status, RequestEvent.REOPEN) in REQUEST_TRANSITIONS:
            await self._requests.advance(uow, ref, RequestEvent.REOPEN, actor, reason)
            return
        # More of the study came after the report: the case waits again, or somebody has it.
        if (ref.status, RequestEvent.CLAIM) in REQUEST_TRANSITIONS:
            ref = await self._requests.advance(uow, ref, RequestEvent.CLAIM, actor)
        _must_hold(actor, ref)
        await self._requests.advance(uow, ref, RequestEvent.START, actor, reason)

    async def acknowledge(self, actor: Actor, report_id: str, version: int) -> Report:
        """Record that the examining side has received a version; once is enough.

        Raises
        ------
        NotFound
            If there is none of an exam of the actor's institution, or nothing of it was issued.
        Conflict
            If ``version`` is not the latest: somebody has not seen what came since.
        """
        report, ref = await self._views.of_id(actor, report_id)
        if actor.institution_id != ref.requesting_institution_id:
            raise NotFound("there is no such report to receive")
        async with self._database.unit_of_work() as uow:
            ref = await self._requests.hold(uow, report.request_id)
            held = await _report_of(uow, report.request_id)
            latest = await latest_version(uow.session, held) if held is not None else None
            if held is None or latest is None:
                raise NotFound("nothing was issued yet")
            if version != latest.number:
                raise Conflict("a newer version was issued", code="newer-version")
            if latest.acknowledged_at is None:
                latest.acknowledged_at, latest.acknowledged_by = self._clock.now(), actor.id
                await self._journal.write(uow, actor, "report.acknowledge", held, topic=CHANGED)
                await uow.commit()
        return held

    def _new(self, ref: RequestRef, actor: Actor) -> Report:
        now = self._clock.now()
        return Report(
            id=self._ids.new(),
            org=ref.org,
            request_id=ref.id,
            study_pk=ref.study_id,
            kind=ref.kind,
            requesting_institution_id=ref.requesting_institution_id,
            diagnosing_institution_id=ref.diagnosing_institution_id,
            status=ReportStatus.REGISTERED,
            revision=0,
            version=0,
            writer_ids=[],
            author_id=actor.id,
            created_at=now,
            updated_at=now,
            status_at=now,
        )

    async def _seen(self, actor: Actor, report_id: str, revision: int) -> tuple[Report, RequestRef]:
        """Return what ``actor`` may act on; refuse where it is not what they have seen."""
        report, ref = await self._views.of_id(actor, report_id)
        _must_write(actor, ref)
        _must_be(report, revision)
        return report, ref

    async def _held(self, uow: UnitOfWork, seen: Report) -> tuple[Report, RequestRef]:
        """Return report and request as they are now, held; refuse where the report has changed."""
        ref = await self._requests.hold(uow, seen.request_id)
        held = await _report_of(uow, seen.request_id)
        return _must_be(held, seen.revision), ref

    def _step(self, report: Report, event: ReportEvent) -> None:
        now = self._clock.now()
        report.status = status_after(report.status, event)
        report.status_at = report.updated_at = now
        report.revision += 1

    async def _issue(self, uow: UnitOfWork, report: Report, issue: Issue, pdf: bytes) -> str:
        report.version = issue.number
        version = ReportVersion(
            id=self._ids.new(),
            report_id=report.id,
            number=issue.number,
            status=issue.status,
            findings=report.findings,
            impression=report.impression,
            critical=report.critical,
            amendment=report.amendment,
            reason=report.amendment_reason,
            author_id=report.author_id,
            signer_id=issue.signer_id or report.author_id,
            signed_at=issue.at,
            acknowledged_at=None,
            acknowledged_by=None,
        )
        uow.session.add(version)
        await uow.session.flush()
        sha256 = hashlib.sha256(pdf).hexdigest()
        uow.session.add(ReportDocument(version_id=version.id, sha256=sha256, pdf=pdf))
        return sha256


async def _report_of(uow: UnitOfWork, request_id: str) -> Report | None:
    return await uow.session.scalar(
        select(Report)
        .where(Report.request_id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _must_be(report: Report | None, revision: int) -> Report:
    if report is None or report.revision != revision:
        raise Conflict("the report was changed meanwhile; look again", code="report-changed")
    return report


def _must_write(actor: Actor, ref: RequestRef) -> None:
    if not writes_there(actor, ref):
        raise NotFound("there is no such request to report")


def _must_hold(actor: Actor, ref: RequestRef) -> None:
    if ref.claimed_by != actor.id:
        raise Conflict("somebody else holds the case, or nobody", code="not-claimant")


def _answer_for(actor: Actor, report: Report) -> None:
    """Make ``actor`` the author: of what they wrote, or of another's draft that they send on."""
    report.author_id = actor.id
    if actor.id not in report.writer_ids:
        report.writer_ids = [*report.writer_ids, actor.id]


def _must_be_free(missing: Sequence[Blocker]) -> None:
    if missing:
        raise Conflict(f"it cannot be signed: {', '.join(missing)}", code="signing-blocked")
