"""Reports in lists: newest first, what the county writes and what the township was given."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.database import Database
from server.core.paging import Cursor, behind
from server.identity.public import Actor, InstitutionDirectory, PersonDirectory
from server.reports.models import Report, ReportVersion
from server.reports.schemas import ReportListItem, ReportPage
from server.reports.views import reviewer, shows_version
from server.studies.public import StudyOut


class ReportView(StrEnum):
    """Which reports."""

    MINE = "mine"
    INSTITUTION = "institution"


class StudyDirectory(Protocol):
    """Shows studies: `StudyService`."""

    async def summaries(
        self, session: AsyncSession, study_ids: Collection[str]
    ) -> Mapping[str, StudyOut]:
        """Return studies as lists show them."""
        ...


class ReportLists:
    """Lists reports of the side the person who asks is on."""

    def __init__(
        self,
        *,
        database: Database,
        studies: StudyDirectory,
        people: PersonDirectory,
        institutions: InstitutionDirectory,
    ) -> None:
        self._database = database
        self._studies = studies
        self._people = people
        self._institutions = institutions

    async def page(
        self, actor: Actor, view: ReportView, *, limit: int, before: Cursor | None
    ) -> ReportPage:
        """Return the newest reports before a cursor."""
        query = _within_reach(actor)
        if view is ReportView.MINE:
            signed = select(ReportVersion.report_id).where(ReportVersion.signer_id == actor.id)
            query = query.where(or_(Report.author_id == actor.id, Report.id.in_(signed)))
        query = query.where(behind(before, Report.status_at, Report.id))
        query = query.order_by(Report.status_at.desc(), Report.id.desc()).limit(limit + 1)
        async with self._database.reading() as session:
            found = list(await session.execute(query))
            rows = [(row[0], row[1]) for row in found[:limit]]
            studies = await self._studies.summaries(session, {each.study_pk for each, _ in rows})
        last = rows[-1][0] if len(found) > limit else None
        return ReportPage(
            items=await self._items(actor, rows, studies),
            next=Cursor(last.status_at, last.id).encode() if last else None,
        )

    async def _items(
        self,
        actor: Actor,
        rows: Collection[tuple[Report, ReportVersion | None]],
        studies: Mapping[str, StudyOut],
    ) -> list[ReportListItem]:
        people, places = set[str](), set[str]()
        for report, version in rows:
            people |= {report.author_id}
            places |= {report.requesting_institution_id, report.diagnosing_institution_id}
            if version is not None:
                people |= {version.author_id, version.signer_id}
        names = await self._people.refs(people)
        institutions = await self._institutions.refs(places)
        items = []
        for report, version in rows:
            issued = version if shows_version(actor, report) else None
            shown = issued or report
            study = studies[report.study_pk]
            items.append(
                ReportListItem(
                    id=report.id,
                    request_id=report.request_id,
                    study_id=report.study_pk,
                    kind=report.kind,
                    status=shown.status,
                    version=report.version,
                    critical=shown.critical,
                    patient=study.patient,
                    modalities=study.modalities,
                    description=study.description,
                    impression=shown.impression,
                    examining=institutions[report.requesting_institution_id],
                    diagnosing=institutions[report.diagnosing_institution_id],
                    author=names[shown.author_id],
                    reviewer=reviewer(issued, names) if issued else None,
                    signed_at=issued.signed_at if issued else None,
                    updated_at=report.updated_at,
                    document=version is not None,
                    acknowledged_at=version.acknowledged_at if version else None,
                )
            )
        return items


def _within_reach(actor: Actor) -> Select[Report, ReportVersion]:
    """Return the query of what the person's institution writes, or was given."""
    here = actor.institution_id
    return (
        select(Report, ReportVersion)
        .outerjoin(
            ReportVersion,
            and_(ReportVersion.report_id == Report.id, ReportVersion.number == Report.version),
        )
        .where(
            Report.org == actor.org,
            or_(
                Report.diagnosing_institution_id == here,
                and_(Report.requesting_institution_id == here, Report.version > 0),
            ),
        )
    )
