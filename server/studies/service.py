"""Studies as people see them: newest first, within reach."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final, Protocol

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.dataset import PersonName
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import NotFound
from server.core.paging import Cursor, behind
from server.identity.public import Actor, InstitutionRef
from server.patients.public import PatientOut
from server.studies.models import Instance, Series, Study
from server.studies.repairs import repairs_of
from server.studies.schemas import InstitutionOut, PreviewOut, StudyOut, StudyPage
from server.studies.visibility import visible_studies

_SHOWN: Final = Study.instance_count > 0
"""Of a study that was rejected as a whole nothing is shown; its request and report remain."""


class InstitutionNames(Protocol):
    """Knows institutions by id."""

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, InstitutionRef]:
        """Return those of ``ids`` that exist."""
        ...


class StudyService:
    """Lists and finds studies for whoever asks."""

    def __init__(self, database: Database, institutions: InstitutionNames, clock: Clock) -> None:
        self._database = database
        self._institutions = institutions
        self._clock = clock

    def visible_to(self, actor: Actor) -> Select[str]:
        """Return the query of the ids of the studies ``actor`` may see."""
        return visible_studies(actor, self._clock.now())

    def of_the_same_patient(self, actor: Actor, study_id: str) -> Select[str]:
        """Return the query of the ids of the studies of its patient that ``actor`` may see."""
        patient = select(Study.patient_pk).where(Study.id == study_id).scalar_subquery()
        return self.visible_to(actor).where(Study.patient_pk == patient)

    def of_the_same_patient_and_owner(self, study_id: str) -> Select[str]:
        """Return the query of the ids of its patient's studies that its owner owns.

        Who may see one of an institution's studies may hear of these: no grant is asked for.
        """
        this = (
            select(Study.patient_pk, Study.owner_institution_id)
            .where(Study.id == study_id)
            .subquery()
        )
        return select(Study.id).where(
            Study.patient_pk == this.c.patient_pk,
            Study.owner_institution_id == this.c.owner_institution_id,
        )

    def hidden_instances(self) -> Select[str]:
        """Return the query of the ids of instances that a rejection note took out of use."""
        return select(Instance.id).where(Instance.rejected_as.is_not(None))

    async def may_see(self, actor: Actor, study_id: str) -> bool:
        """Tell whether ``actor`` may see one study."""
        async with self._database.reading() as session:
            found = await session.scalar(self.visible_to(actor).where(Study.id == study_id))
        return found is not None

    async def page(self, actor: Actor, *, limit: int, before: Cursor | None) -> StudyPage:
        """Return the newest studies before a cursor."""
        # Scope and order in one query, so that the newest page reads a page and not the archive.
        query: Select[Study] = self.visible_to(actor).with_only_columns(Study).where(_SHOWN)
        query = query.where(behind(before, Study.received_at, Study.id))
        query = query.order_by(Study.received_at.desc(), Study.id.desc()).limit(limit + 1)
        async with self._database.reading() as session:
            studies = list(await session.scalars(query))
            more = len(studies) > limit
            studies = studies[:limit]
            items = await self._out(session, studies)
        last = studies[-1] if more else None
        return StudyPage(
            items=items, next=Cursor(last.received_at, last.id).encode() if last else None
        )

    async def one(self, actor: Actor, study_id: str) -> StudyOut:
        """Return one study.

        Raises
        ------
        NotFound
            If there is none, or none that ``actor`` may see.
        """
        async with self._database.reading() as session:
            found = await session.scalar(
                select(Study).where(
                    Study.id == study_id, Study.id.in_(self.visible_to(actor)), _SHOWN
                )
            )
            if found is None:
                raise NotFound("there is no such study")
            return (await self._out(session, [found]))[0]

    async def patients_of(
        self, session: AsyncSession, study_ids: Collection[str]
    ) -> dict[str, tuple[str, PatientOut, InstitutionRef]]:
        """Return UID, patient and owner of studies, for the capabilities beside this one."""
        studies = list(await session.scalars(select(Study).where(Study.id.in_(study_ids))))
        owners = await self._institutions.refs(
            {study.owner_institution_id for study in studies}, session
        )
        today = self._clock.now().date()
        return {
            study.id: (
                study.study_instance_uid,
                _patient(study, today),
                owners[study.owner_institution_id],
            )
            for study in studies
        }

    async def summaries(
        self, session: AsyncSession, study_ids: Collection[str]
    ) -> dict[str, StudyOut]:
        """Return studies as lists show them, for the capabilities that show a case."""
        studies = list(await session.scalars(select(Study).where(Study.id.in_(study_ids))))
        return {each.id: each for each in await self._out(session, studies)}

    async def _out(self, session: AsyncSession, studies: Sequence[Study]) -> list[StudyOut]:
        owners = await self._owners(session, studies)
        ids = [study.id for study in studies]
        previews = await _previews(session, ids)
        repairs = await repairs_of(session, ids)
        today = self._clock.now().date()
        return [
            StudyOut(
                id=study.id,
                study_instance_uid=study.study_instance_uid,
                patient=_patient(study, today),
                modalities=[name for name in study.modalities.split("\\") if name],
                description=study.description,
                study_date=study.study_date,
                received_at=study.received_at,
                institution=owners[study.owner_institution_id],
                series_count=study.series_count,
                instance_count=study.instance_count,
                preview=previews.get(study.id),
                charset_repair=repairs.get(study.id),
            )
            for study in studies
        ]

    async def _owners(
        self, session: AsyncSession, studies: Sequence[Study]
    ) -> dict[str, InstitutionOut]:
        refs = await self._institutions.refs(
            {study.owner_institution_id for study in studies}, session
        )
        return {
            id_: InstitutionOut(id=ref.id, name_zh=ref.name_zh, name_en=ref.name_en)
            for id_, ref in refs.items()
        }


async def _previews(session: AsyncSession, study_ids: Sequence[str]) -> dict[str, PreviewOut]:
    """Return for each study the middle image of its first series that has images."""
    ranked = (
        select(
            Series.study_pk,
            Series.series_instance_uid,
            Instance.sop_instance_uid,
            func.row_number()
            .over(
                partition_by=Series.study_pk,
                order_by=(
                    Series.series_number.is_(None),
                    Series.series_number,
                    Series.id,
                    func.abs(Instance.instance_number - Series.instance_count / 2),
                    Instance.id,
                ),
            )
            .label("rank"),
        )
        .join(Instance, Instance.series_pk == Series.id)
        .where(
            Series.study_pk.in_(study_ids),
            Instance.frames.is_not(None),
            Instance.rejected_as.is_(None),
        )
        .subquery()
    )
    found = await session.execute(select(ranked).where(ranked.c.rank == 1))
    return {
        row.study_pk: PreviewOut(
            series_instance_uid=row.series_instance_uid, sop_instance_uid=row.sop_instance_uid
        )
        for row in found
    }


def _patient(study: Study, today: date) -> PatientOut:
    return PatientOut(
        name=_display_name(study.patient_name),
        patient_id=study.patient_id,
        sex=study.patient_sex,
        birth_date=study.patient_birth_date,
        age_years=_age_years(study, today),
    )


def _display_name(name: str | None) -> str | None:
    """Return a name, kept as DICOM has it, as people read it."""
    if name is None:
        return None
    alphabetic, ideographic, phonetic = (*name.split("=", 2), "", "")[:3]
    return PersonName(alphabetic, ideographic, phonetic).display or None


def _age_years(study: Study, today: date) -> int | None:
    born, at = study.patient_birth_date, study.study_date or today
    if born is not None and born <= at:
        return at.year - born.year - ((at.month, at.day) < (born.month, born.day))
    age = study.patient_age or ""
    if len(age) == 4 and age[:3].isdigit() and age[3] == "Y":
        return int(age[:3])
    return None
