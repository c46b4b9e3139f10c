"""Reports as people may see them: the county what it is writing, others what was issued."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import NotFound
from server.identity.public import Actor, PersonDirectory, PersonRef, Signatory
from server.reports.models import (
    UNDER_WAY,
    AmendmentKind,
    Report,
    ReportComment,
    ReportDocument,
    ReportVersion,
)
from server.reports.schemas import CommentOut, ReportOut, VersionList, VersionOut
from server.reports.sheet import CHINA
from server.reports.signing import Blocker, Signable, blockers
from server.requests.public import RequestRef, RequestStatus, Risk


class RequestReach(Protocol):
    """Knows who may see which request: `RequestService`."""

    async def of(self, actor: Actor, request_id: str) -> RequestRef:
        """Return a request within reach, or raise `NotFound`."""
        ...


class Signatories(Protocol):
    """Knows who may sign: `PeopleService`."""

    async def signatory(self, person_id: str) -> Signatory:
        """Return what a signing policy asks about a person, or raise `NotFound`."""
        ...


class ReportViews:
    """Finds reports within reach and shows them."""

    def __init__(
        self,
        *,
        database: Database,
        requests: RequestReach,
        people: PersonDirectory,
        signatories: Signatories,
        clock: Clock,
    ) -> None:
        self._database = database
        self._requests = requests
        self._people = people
        self._signatories = signatories
        self._clock = clock

    async def reach(self, actor: Actor, request_id: str) -> RequestRef:
        """Return a request within reach, or raise `NotFound`."""
        return await self._requests.of(actor, request_id)

    async def of_request(self, actor: Actor, request_id: str) -> tuple[Report, RequestRef]:
        """Return the report of a request, as far as ``actor`` may know of one.

        Raises
        ------
        NotFound
            If there is no request within reach, or nothing of it that may be seen yet.
        """
        ref = await self._requests.of(actor, request_id)
        async with self._database.reading() as session:
            report = await session.scalar(select(Report).where(Report.request_id == ref.id))
        if report is None or not (writes_there(actor, ref) or report.version):
            raise NotFound("there is no report yet")
        return report, ref

    async def of_id(self, actor: Actor, report_id: str) -> tuple[Report, RequestRef]:
        """Return a report by its id; as `of_request`."""
        async with self._database.reading() as session:
            request_id = await session.scalar(
                select(Report.request_id).where(Report.id == report_id, Report.org == actor.org)
            )
        if request_id is None:
            raise NotFound("there is no such report")
        return await self.of_request(actor, request_id)

    async def shown(self, actor: Actor, report_id: str) -> ReportOut:
        """Return a report by its id as ``actor`` sees it; as `of_request`."""
        return await self.show(actor, *await self.of_id(actor, report_id))

    async def show(self, actor: Actor, report: Report, ref: RequestRef) -> ReportOut:
        """Return a report as ``actor`` sees it."""
        async with self._database.reading() as session:
            latest = await latest_version(session, report)
            comments = (
                list(
                    await session.scalars(
                        select(ReportComment)
                        .where(ReportComment.report_id == report.id)
                        .order_by(ReportComment.at, ReportComment.id)
                    )
                )
                if writes_there(actor, ref)
                else []
            )
        ids = {report.author_id, *(each.by_id for each in comments)}
        if latest is not None:
            ids |= {latest.author_id, latest.signer_id}
        names = await self._people.refs(ids)
        if latest is not None and shows_version(actor, report):
            blocker = (
                Blocker.ALREADY_ISSUED if writes_there(actor, ref) else Blocker.OTHER_INSTITUTION
            )
            return _issued(report, latest, names, comments, blocker)
        return ReportOut(
            id=report.id,
            request_id=report.request_id,
            status=report.status,
            revision=report.revision,
            version=report.version,
            findings=report.findings,
            impression=report.impression,
            critical=report.critical,
            author=names[report.author_id],
            reviewer=None,
            signed_at=None,
            amendment=report.amendment,
            amendment_reason=report.amendment_reason,
            comments=_comments(comments, names),
            blockers=await self._blockers(actor, report, ref, latest),
            updated_at=report.updated_at,
            document=latest is not None,
            acknowledged_at=latest.acknowledged_at if latest else None,
        )

    async def signable(
        self, report: Report, ref: RequestRef, within: AsyncSession | None = None
    ) -> Signable:
        """Return a report as the signing policy looks at it."""
        async with self._database.reading(within) as session:
            return _signable(report, ref, await latest_version(session, report))

    async def _blockers(
        self, actor: Actor, report: Report, ref: RequestRef, latest: ReportVersion | None
    ) -> list[Blocker]:
        signer = await self._signatories.signatory(actor.id)
        return blockers(_signable(report, ref, latest), signer, today(self._clock.now()))

    async def versions(self, report: Report) -> VersionList:
        """Return every issued version, the newest first."""
        async with self._database.reading() as session:
            rows = list(
                await session.execute(
                    select(ReportVersion, ReportDocument.sha256)
                    .join(ReportDocument, ReportDocument.version_id == ReportVersion.id)
                    .where(ReportVersion.report_id == report.id)
                    .order_by(ReportVersion.number.desc())
                )
            )
        people = {
            id_
            for version, _ in rows
            for id_ in (version.author_id, version.signer_id, version.acknowledged_by)
            if id_ is not None
        }
        names = await self._people.refs(people)
        return VersionList(items=[_version(each, sha256, names) for each, sha256 in rows])


def writes_there(actor: Actor, ref: RequestRef) -> bool:
    """Tell whether ``actor`` belongs to the side that writes the report."""
    return actor.institution_id == ref.diagnosing_institution_id


def shows_version(actor: Actor, report: Report) -> bool:
    """Tell whether ``actor`` is shown what was issued, and not a text that is under way."""
    writes = actor.institution_id == report.diagnosing_institution_id
    return report.version > 0 and not (writes and report.status in UNDER_WAY)


def today(now: datetime) -> date:
    """Return the date on the wall in China, by which a licence is valid or not."""
    return now.astimezone(CHINA).date()


def _signable(report: Report, ref: RequestRef, latest: ReportVersion | None) -> Signable:
    appended = report.amendment == AmendmentKind.APPENDED and latest is not None
    return Signable(
        kind=report.kind,
        status=report.status,
        findings=report.findings,
        impression=report.impression,
        critical=report.critical,
        suspected_critical=ref.risk == Risk.RED,
        diagnosing_institution_id=ref.diagnosing_institution_id,
        claimed_by=ref.claimed_by,
        on_hold=ref.status == RequestStatus.ON_HOLD,
        writer_ids=report.writer_ids,
        must_begin_with=(latest.findings, latest.impression) if appended and latest else None,
    )


async def latest_version(session: AsyncSession, report: Report) -> ReportVersion | None:
    """Return the version the examining side has."""
    return await session.scalar(
        select(ReportVersion).where(
            ReportVersion.report_id == report.id, ReportVersion.number == report.version
        )
    )


def reviewer(version: ReportVersion, names: Mapping[str, PersonRef]) -> PersonRef | None:
    """Return who reviewed a version: its signer, unless that is the author."""
    alone = version.signer_id == version.author_id
    return None if alone else names[version.signer_id]


def _issued(
    report: Report,
    version: ReportVersion,
    names: Mapping[str, PersonRef],
    comments: Sequence[ReportComment],
    blocker: Blocker,
) -> ReportOut:
    return ReportOut(
        id=report.id,
        request_id=report.request_id,
        status=version.status,
        revision=report.revision,
        version=version.number,
        findings=version.findings,
        impression=version.impression,
        critical=version.critical,
        author=names[version.author_id],
        reviewer=reviewer(version, names),
        signed_at=version.signed_at,
        amendment=version.amendment,
        amendment_reason=version.reason,
        comments=_comments(comments, names),
        blockers=[blocker],
        updated_at=version.signed_at,
        document=True,
        acknowledged_at=version.acknowledged_at,
    )


def _comments(
    comments: Iterable[ReportComment], names: Mapping[str, PersonRef]
) -> list[CommentOut]:
    return [CommentOut(by=names[each.by_id], at=each.at, text=each.text) for each in comments]


def _version(version: ReportVersion, sha256: str, names: Mapping[str, PersonRef]) -> VersionOut:
    received_by = version.acknowledged_by
    return VersionOut(
        number=version.number,
        status=version.status,
        findings=version.findings,
        impression=version.impression,
        critical=version.critical,
        amendment=version.amendment,
        reason=version.reason,
        author=names[version.author_id],
        reviewer=reviewer(version, names),
        signed_at=version.signed_at,
        acknowledged_at=version.acknowledged_at,
        acknowledged_by=names[received_by] if received_by is not None else None,
        document_sha256=sha256,
    )
