"""The index: studies, series and instances written as their bytes become safe."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.database import Statement, UnitOfWork
from server.core.ids import Ids
from server.identity.public import InstitutionRef, act_of
from server.intake.public import Arrival, Follower, Indexed, Verdict
from server.patients.public import PatientService
from server.realtime.public import Occurrence, publish, published
from server.studies.further import Counting, MetSeries
from server.studies.homes import follow_merges
from server.studies.models import AccessGrant, Instance, Series, Study
from server.studies.names import remember_names
from server.studies.rows import fit, instance_row, patient_facts, series_row, study_row

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
        work = _Work(uow, arrivals)
        await work.load()
        new = [arrival for arrival in arrivals if work.judge(arrival) is Verdict.STORED]
        await self._create_studies(work, new)
        await self._create_series(work, new)
        indexed = await self._create_instances(work, new)
        await self._count(work, indexed)
        for follower in self._followers:
            await follower.follow(uow, indexed)
        await publish(uow, *_occurrences(work.new_studies, indexed))
        for each in indexed:
            self._met.remember(each, owner=work.studies[work.study_key(each.arrival)][1])
        return work.verdicts

    def further(self, arrivals: Sequence[Arrival]) -> Sequence[Statement] | None:
        """Return what indexes further instances of series that were met before, or None."""
        if any(follower.wants(one) for one in arrivals for follower in self._followers):
            return None
        indexed = self._met.place(arrivals, self._ids)
        if indexed is None:
            return None
        return [
            *self._counting.statements(indexed),
            *(each for follower in self._followers for each in follower.further(indexed)),
            *published(*_occurrences((), indexed)),
        ]

    async def _create_studies(self, work: "_Work", new: Sequence[Arrival]) -> None:
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
                        "charset_repair": arrival.prepared.attributes.charset_repair,
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

    async def _create_series(self, work: "_Work", new: Sequence[Arrival]) -> None:
        study_pks = {work.studies[work.study_key(a)][0] for a in new}
        uids = {a.prepared.series_instance_uid for a in new}
        if not new:
            return
        found = await work.uow.session.execute(
            select(Series.study_pk, Series.series_instance_uid, Series.id).where(
                Series.study_pk.in_(study_pks), Series.series_instance_uid.in_(uids)
            )
        )
        work.series = {(study_pk, uid): pk for study_pk, uid, pk in found}
        rows = []
        for arrival in new:
            key = work.series_key(arrival)
            if key not in work.series:
                work.series[key] = self._ids.new()
                work.new_series[key[0]] += 1
                rows.append(series_row(work.series[key], key[0], arrival))
        if rows:
            await work.uow.session.execute(insert(Series), rows)

    async def _create_instances(self, work: "_Work", new: Sequence[Arrival]) -> list[Indexed]:
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

    async def _count(self, work: "_Work", indexed: Sequence[Indexed]) -> None:
        # In one order everywhere: two processes that count the same rows must not wait in a ring.
        for series_pk, count in sorted(Counter(each.series_pk for each in indexed).items()):
            arrivals = [each.arrival for each in indexed if each.series_pk == series_pk]
            of_series: dict[str, object] = {
                "instance_count": Series.instance_count + count,
                "last_received_at": max(each.received.received_at for each in arrivals),
            }
            repairs = [each.prepared.attributes.charset_repair for each in arrivals]
            if repair := next(filter(None, repairs), None):
                of_series["charset_repair"] = func.coalesce(Series.charset_repair, fit(repair, 100))
            await work.uow.session.execute(
                update(Series)
                .where(Series.id == series_pk)
                .values(**of_series)
                .execution_options(**_NO_OBJECTS)
            )
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
                values["modalities"] = await self._modalities(work.uow, study_pk)
            await work.uow.session.execute(
                update(Study)
                .where(Study.id == study_pk)
                .values(**values)
                .execution_options(**_NO_OBJECTS)
            )

    async def _modalities(self, uow: UnitOfWork, study_pk: str) -> str:
        found = await uow.session.scalars(
            select(Series.modality).where(Series.study_pk == study_pk).distinct()
        )
        names = sorted({name for name in found if name})[:8]
        return "\\" + "\\".join(names) + "\\" if names else ""


class _Work:
    """One batch under way: what is known already, and what is decided."""

    def __init__(self, uow: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
        self.uow = uow
        self.arrivals = arrivals
        self.studies: dict[tuple[str, str], tuple[str, str]] = {}
        self.series: dict[tuple[str, str], str] = {}
        self.new_studies: set[str] = set()
        self.new_series: Counter[str] = Counter()
        self.verdicts: list[Verdict] = []
        self._contents: dict[tuple[str, str], tuple[str, str]] = {}
        self._writable: set[tuple[str, str]] = set()
        self._deleted: set[tuple[str, str]] = set()

    async def load(self) -> None:
        """Look up what the database knows of the batch's UIDs."""
        orgs = {arrival.received.sender.org for arrival in self.arrivals}
        sops = {arrival.prepared.sop_instance_uid for arrival in self.arrivals}
        studies = {arrival.prepared.study_instance_uid for arrival in self.arrivals}
        found = await self.uow.session.execute(
            select(
                Instance.org,
                Instance.sop_instance_uid,
                Instance.dataset_sha256,
                Instance.transfer_syntax_uid,
            ).where(Instance.org.in_(orgs), Instance.sop_instance_uid.in_(sops))
        )
        self._contents = {(org, sop): (sha256, syntax) for org, sop, sha256, syntax in found}
        rows = await self.uow.session.execute(
            select(
                Study.org,
                Study.study_instance_uid,
                Study.id,
                Study.owner_institution_id,
                Study.deleted_at,
            ).where(Study.org.in_(orgs), Study.study_instance_uid.in_(studies))
        )
        for org, uid, pk, owner, deleted_at in rows:
            self.studies[org, uid] = (pk, owner)
            if deleted_at is not None:
                self._deleted.add((org, uid))
        await self._load_grants()

    async def _load_grants(self) -> None:
        strangers = {
            (self.studies[key][0], arrival.received.sender.institution_id)
            for arrival in self.arrivals
            if (key := self.study_key(arrival)) in self.studies
            and self.studies[key][1] != arrival.received.sender.institution_id
        }
        if not strangers:
            return
        now = max(arrival.received.received_at for arrival in self.arrivals)
        found = await self.uow.session.execute(
            select(AccessGrant.study_pk, AccessGrant.institution_id).where(
                AccessGrant.study_pk.in_({study_pk for study_pk, _ in strangers}),
                or_(AccessGrant.expires_at.is_(None), AccessGrant.expires_at > now),
            )
        )
        self._writable = {(study_pk, institution) for study_pk, institution in found}

    def study_key(self, arrival: Arrival) -> tuple[str, str]:
        """Return what a study is known by."""
        return (arrival.received.sender.org, arrival.prepared.study_instance_uid)

    def series_key(self, arrival: Arrival) -> tuple[str, str]:
        """Return what a series is known by."""
        return (self.studies[self.study_key(arrival)][0], arrival.prepared.series_instance_uid)

    def judge(self, arrival: Arrival) -> Verdict:
        """Decide one arrival, in order, and remember it for those behind it in the batch."""
        verdict = self._verdict(arrival)
        self.verdicts.append(verdict)
        return verdict

    def _verdict(self, arrival: Arrival) -> Verdict:
        sender = arrival.received.sender
        sop = (sender.org, arrival.prepared.sop_instance_uid)
        content = (arrival.prepared.dataset_sha256, arrival.prepared.transfer_syntax_uid)
        if self.study_key(arrival) in self._deleted:
            return Verdict.DELETED
        known = self._contents.get(sop)
        if known is not None:
            return Verdict.DUPLICATE if known == content else Verdict.CONFLICT
        study = self.studies.get(self.study_key(arrival))
        if (
            study is not None
            and study[1] != sender.institution_id
            and (study[0], sender.institution_id) not in self._writable
        ):
            return Verdict.FOREIGN
        self._contents[sop] = content
        return Verdict.STORED


def _occurrences(new_studies: Collection[str], indexed: Sequence[Indexed]) -> list[Occurrence]:
    latest: dict[str, tuple[str, datetime]] = {}
    for each in indexed:
        received = each.arrival.received
        latest[each.study_pk] = (received.sender.org, received.received_at)
    return [
        Occurrence(
            org=org,
            topic="study.arrived" if study_pk in new_studies else "study.updated",
            at=at,
            study_id=study_pk,
            payload={"study_id": study_pk},
        )
        for study_pk, (org, at) in latest.items()
    ]
