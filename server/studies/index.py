"""The index: studies, series and instances written as their bytes become safe."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.rejection import KEY_OBJECT_SELECTION
from server.audit.public import AuditTrail
from server.core.database import Statement, UnitOfWork
from server.core.ids import Ids
from server.identity.public import InstitutionRef, act_of
from server.intake.public import Arrival, Follower, Indexed, Verdict, give_up
from server.patients.public import PatientService
from server.realtime.public import Occurrence, publish, published
from server.studies.batch import Batch, sop_key
from server.studies.events import ARRIVED, UPDATED, study_event
from server.studies.further import Counting, MetSeries
from server.studies.homes import follow_merges
from server.studies.models import AccessGrant, Instance, Series, Study
from server.studies.names import remember_names
from server.studies.rejections import count_anew, lift, modalities, reject, settle
from server.studies.repairs import tell_repair, together
from server.studies.rows import instance_row, patient_facts, placed, series_row, study_row

DIAGNOSES: Final = "diagnoses"
"""Why a county sees its townships' exams: it reads for them (基层检查、上级诊断)."""

# The session holds no rows as objects: looking for some to refresh cost as much as the update.
_NO_OBJECTS: Final = {"synchronize_session": False}


class CountyDirectory(Protocol):
    """Knows which county reads for an institution."""

    async def county_of(
        self, institution_id: str, within: AsyncSession | None = None
    ) -> InstitutionRef | None:
        """Return the nearest county institution above (or at) ``institution_id``."""
        ...


class StudyIndex:
    """Implements intake's `Indexer`."""

    def __init__(
        self,
        *,
        patients: PatientService,
        counties: CountyDirectory,
        audit: AuditTrail,
        ids: Ids,
        followers: Sequence[Follower] = (),
    ) -> None:
        self._patients = patients
        self._counties = counties
        self._audit = audit
        self._ids = ids
        self._followers = tuple(followers)
        self._met = MetSeries()
        self._counting = Counting(self._followers)

    async def index(self, uow: UnitOfWork, arrivals: Sequence[Arrival]) -> list[Verdict]:
        """Index ``arrivals`` in order and say how each ended."""
        work = Batch(uow, arrivals)
        await work.load()
        new = [arrival for arrival in arrivals if work.judge(arrival) is Verdict.STORED]
        await self._heal(work)
        await self._create_studies(work, new)
        await self._create_series(work, new)
        indexed = await self._create_instances(work, new)
        await self._count(work, indexed)
        touched = await self._show_and_hide(work, indexed)
        indexed = [replace(each, hidden=work.is_hidden(each)) for each in indexed]
        for follower in self._followers:
            await follower.follow(uow, indexed)
        await publish(uow, *_occurrences(work.new_studies, indexed, touched))
        for each in indexed:
            self._met.remember(each, owner=work.studies[work.study_key(each.arrival)][1])
        return work.verdicts

    def further(self, arrivals: Sequence[Arrival]) -> Sequence[Statement] | None:
        """Return what indexes further instances of series that were met before, or None."""
        if any(one.prepared.sop_class_uid == KEY_OBJECT_SELECTION for one in arrivals):
            return None
        if any(follower.wants(one) for one in arrivals for follower in self._followers):
            return None
        indexed = self._met.place(arrivals, self._ids)
        if indexed is None:
            return None
        return [
            *self._counting.statements(indexed),
            *(each for follower in self._followers for each in follower.further(indexed)),
            *published(*_occurrences((), indexed, {})),
        ]

    async def _heal(self, work: Batch) -> None:
        """Let instances whose bytes are damaged name what was sent again in another wrapping."""
        replaced = {}
        # In one order everywhere: two processes that heal the same must not wait in a ring.
        for each in sorted(work.healings, key=lambda one: one.instance_pk):
            healed = await work.uow.session.scalar(
                update(Instance)
                .where(Instance.id == each.instance_pk, Instance.object_id == each.damaged_id)
                .values(**placed(each.arrival))
                .returning(Instance.id)
                .execution_options(**_NO_OBJECTS)
            )
            if healed is not None:
                work.verdicts[each.place] = Verdict.STORED
                replaced[each.damaged_id] = each.arrival.object_id
        if replaced:
            for follower in self._followers:
                await follower.replaced(work.uow, replaced)
            await give_up(work.uow.session, replaced)

    async def _create_studies(self, work: Batch, new: Sequence[Arrival]) -> None:
        missing = {work.study_key(a): a for a in new if work.study_key(a) not in work.studies}
        if not missing:
            return
        facts = {key: patient_facts(arrival) for key, arrival in missing.items()}
        patients = await self._patients.find_or_create(work.uow, facts.values())
        rows, grants = [], []
        for key, arrival in missing.items():
            pk = self._ids.new()
            sender, received_at = arrival.received.sender, arrival.received.received_at
            work.studies[key] = (pk, sender.institution_id)
            work.new_studies.add(pk)
            rows.append(study_row(pk, arrival, patients[facts[key].key]))
            county = await self._counties.county_of(sender.institution_id, work.uow.session)
            if county is not None and county.id != sender.institution_id:
                grants.append(
                    {
                        "id": self._ids.new(),
                        "study_pk": pk,
                        "institution_id": county.id,
                        "reason": DIAGNOSES,
                        "granted_at": received_at,
                        "expires_at": None,
                    }
                )
            self._audit.record(
                work.uow,
                act_of(
                    sender,
                    "study.create",
                    object_kind="study",
                    object_id=pk,
                    detail={
                        "granted_to": county.id if county is not None else None,
                        "charset_repair": together(arrival.prepared.charset_repairs),
                    },
                ),
            )
        await work.uow.session.execute(insert(Study), rows)
        await remember_names(
            work.uow.session, {str(row["patient_name"]) for row in rows if row["patient_name"]}
        )
        if grants:
            await work.uow.session.execute(insert(AccessGrant), grants)
        await follow_merges(work.uow.session, [str(row["id"]) for row in rows])

    async def _create_series(self, work: Batch, new: Sequence[Arrival]) -> None:
        study_pks = {work.studies[work.study_key(a)][0] for a in new}
        uids = {a.prepared.series_instance_uid for a in new}
        if not new:
            return
        found = await work.uow.session.execute(
            select(
                Series.study_pk, Series.series_instance_uid, Series.id, Series.instance_count
            ).where(Series.study_pk.in_(study_pks), Series.series_instance_uid.in_(uids))
        )
        for study_pk, uid, pk, count in found:
            work.series[study_pk, uid] = pk
            if not count:
                work.emptied.add(pk)
        rows = []
        for arrival in new:
            key = work.series_key(arrival)
            if key not in work.series:
                work.series[key] = self._ids.new()
                work.new_series[key[0]] += 1
                rows.append(series_row(work.series[key], key[0], arrival))
        if rows:
            await work.uow.session.execute(insert(Series), rows)

    async def _create_instances(self, work: Batch, new: Sequence[Arrival]) -> list[Indexed]:
        indexed = []
        rows = []
        for arrival in new:
            study_pk, series_pk = work.series_key(arrival)[0], work.series[work.series_key(arrival)]
            instance_pk = self._ids.new()
            indexed.append(Indexed(arrival, study_pk, series_pk, instance_pk))
            rows.append(instance_row(instance_pk, series_pk, arrival))
        if rows:
            await work.uow.session.execute(insert(Instance), rows)
        return indexed

    async def _show_and_hide(
        self, work: Batch, indexed: Sequence[Indexed]
    ) -> Mapping[str, tuple[str, datetime]]:
        """Do what rejection notes say; return the studies that show something else now.

        Each with its community and when that came.
        """
        series: set[str] = set()
        session = work.uow.session
        for each in indexed:
            note = work.notes.get(sop_key(each.arrival))
            if note is not None:
                series |= await reject(work.uow, each, note, audit=self._audit, ids=self._ids)
        latest = max(each.received.received_at for each in work.arrivals)
        for org, uids in work.returned.items():
            series |= await lift(session, org, uids, latest)
        for org, uids in work.hidden.items():
            series |= await settle(session, org, uids)
        series |= work.emptied & {each.series_pk for each in indexed}
        if not series:
            return {}
        studies = await count_anew(session, series, latest)
        return {study_pk: (org, latest) for study_pk, org in studies.items()}

    async def _count(self, work: Batch, indexed: Sequence[Indexed]) -> None:
        # In one order everywhere: two processes that count the same rows must not wait in a ring.
        for series_pk, count in sorted(Counter(each.series_pk for each in indexed).items()):
            arrivals = [each.arrival for each in indexed if each.series_pk == series_pk]
            of_series: dict[str, object] = {
                "instance_count": Series.instance_count + count,
                "last_received_at": max(each.received.received_at for each in arrivals),
            }
            await work.uow.session.execute(
                update(Series)
                .where(Series.id == series_pk)
                .values(**of_series)
                .execution_options(**_NO_OBJECTS)
            )
            kinds = {kind for each in arrivals for kind in each.prepared.charset_repairs}
            for kind in sorted(kinds):
                await work.uow.session.execute(tell_repair(series_pk, kind))
        for study_pk, count in sorted(Counter(each.study_pk for each in indexed).items()):
            latest = max(
                each.arrival.received.received_at for each in indexed if each.study_pk == study_pk
            )
            values: dict[str, object] = {
                "instance_count": Study.instance_count + count,
                "last_received_at": latest,
            }
            if work.new_series[study_pk]:
                values["series_count"] = Study.series_count + work.new_series[study_pk]
                found = await work.uow.session.scalars(
                    select(Series.modality).where(Series.study_pk == study_pk).distinct()
                )
                values["modalities"] = modalities(found)
            await work.uow.session.execute(
                update(Study)
                .where(Study.id == study_pk)
                .values(**values)
                .execution_options(**_NO_OBJECTS)
            )


def _occurrences(
    new_studies: Collection[str],
    indexed: Sequence[Indexed],
    touched: Mapping[str, tuple[str, datetime]],
) -> list[Occurrence]:
    latest = dict(touched)
    for each in indexed:
        received = each.arrival.received
        latest[each.study_pk] = (received.sender.org, received.received_at)
    return [
        study_event(ARRIVED if study_pk in new_studies else UPDATED, study_pk, org, at)
        for study_pk, (org, at) in latest.items()
    ]
