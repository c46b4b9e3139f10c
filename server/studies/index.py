"""The index: studies, series and instances written as their bytes become safe."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.attributes import IndexedAttributes
from dicom.dataset import PersonName
from server.audit.public import AuditTrail
from server.core.database import UnitOfWork
from server.core.ids import Ids
from server.identity.public import InstitutionRef, act_of
from server.intake.public import Arrival, Follower, Indexed, Verdict
from server.patients.public import PatientFacts, PatientService
from server.realtime.public import Occurrence, publish
from server.studies.models import AccessGrant, Instance, Series, Study
from server.studies.names import remember_names

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
        await publish(uow, *_occurrences(work, indexed))
        return work.verdicts

    async def _create_studies(self, work: "_Work", new: Sequence[Arrival]) -> None:
        missing = {work.study_key(a): a for a in new if work.study_key(a) not in work.studies}
        if not missing:
            return
        facts = {key: _patient_facts(arrival) for key, arrival in missing.items()}
        patients = await self._patients.find_or_create(work.uow, facts.values())
        rows, grants = [], []
        for key, arrival in missing.items():
            pk = self._ids.new()
            sender, received_at = arrival.received.sender, arrival.received.received_at
            work.studies[key] = (pk, sender.institution_id)
            work.new_studies.add(pk)
            rows.append(_study_row(pk, arrival, patients[facts[key].key]))
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
                rows.append(_series_row(work.series[key], key[0], arrival))
        if rows:
            await work.uow.session.execute(insert(Series), rows)

    async def _create_instances(self, work: "_Work", new: Sequence[Arrival]) -> list[Indexed]:
        indexed = []
        rows = []
        for arrival in new:
            study_pk, series_pk = work.series_key(arrival)[0], work.series[work.series_key(arrival)]
            instance_pk = self._ids.new()
            indexed.append(Indexed(arrival, study_pk, series_pk, instance_pk))
            rows.append(_instance_row(instance_pk, series_pk, arrival))
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
                of_series["charset_repair"] = func.coalesce(
                    Series.charset_repair, _fit(repair, 100)
                )
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
            select(Study.org, Study.study_instance_uid, Study.id, Study.owner_institution_id).where(
                Study.org.in_(orgs), Study.study_instance_uid.in_(studies)
            )
        )
        self.studies = {(org, uid): (pk, owner) for org, uid, pk, owner in rows}
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


def _occurrences(work: _Work, indexed: Sequence[Indexed]) -> list[Occurrence]:
    latest: dict[str, tuple[str, datetime]] = {}
    for each in indexed:
        received = each.arrival.received
        latest[each.study_pk] = (received.sender.org, received.received_at)
    return [
        Occurrence(
            org=org,
            topic="study.arrived" if study_pk in work.new_studies else "study.updated",
            at=at,
            study_id=study_pk,
            payload={"study_id": study_pk},
        )
        for study_pk, (org, at) in latest.items()
    ]


def _fit(text: str | None, length: int) -> str | None:
    """Cut a text to its column; DICOM's own limits are shorter, but devices ignore them."""
    return text[:length] if text else None


def _name(name: PersonName | None) -> str | None:
    if name is None:
        return None
    groups = f"{name.alphabetic}={name.ideographic}={name.phonetic}".rstrip("=")
    return _fit(groups, 200)


def _patient_facts(arrival: Arrival) -> PatientFacts:
    attributes, sender = arrival.prepared.attributes, arrival.received.sender
    name = attributes.patient_name
    issuer = attributes.issuer_of_patient_id or f"institution:{sender.institution_id}"
    # Without an identifier nobody can say that two studies are of one person.
    identifier = attributes.patient_id or f"study:{arrival.prepared.study_instance_uid}"
    return PatientFacts(
        org=sender.org,
        owner_institution_id=sender.institution_id,
        issuer=issuer[:64],
        identifier=identifier[:64],
        name=_fit(name.display, 200) if name is not None else None,
        name_latin=_fit(name.alphabetic.replace("^", " "), 200) if name is not None else None,
        birth_date=attributes.patient_birth_date,
        sex=_sex(attributes),
    )


def _sex(attributes: IndexedAttributes) -> str | None:
    return attributes.patient_sex if attributes.patient_sex in {"M", "F", "O"} else None


def _study_row(pk: str, arrival: Arrival, patient_pk: str) -> dict[str, object]:
    attributes, received = arrival.prepared.attributes, arrival.received
    return {
        "id": pk,
        "org": received.sender.org,
        "owner_institution_id": received.sender.institution_id,
        "patient_pk": patient_pk,
        "study_instance_uid": arrival.prepared.study_instance_uid,
        "patient_id": _fit(attributes.patient_id, 64),
        "patient_name": _name(attributes.patient_name),
        "patient_birth_date": attributes.patient_birth_date,
        "patient_sex": _sex(attributes),
        "patient_age": _fit(attributes.patient_age, 4),
        "study_date": attributes.study_date,
        "study_time": attributes.study_time,
        "accession_number": _fit(attributes.accession_number, 64),
        "study_id": _fit(attributes.study_id, 64),
        "description": _fit(attributes.study_description, 200),
        "referring_physician": _name(attributes.referring_physician_name),
        "timezone_offset": _fit(attributes.timezone_offset, 8),
        "modalities": "",
        "series_count": 0,
        "instance_count": 0,
        "received_at": received.received_at,
        "last_received_at": received.received_at,
    }


def _series_row(pk: str, study_pk: str, arrival: Arrival) -> dict[str, object]:
    attributes = arrival.prepared.attributes
    return {
        "id": pk,
        "study_pk": study_pk,
        "series_instance_uid": arrival.prepared.series_instance_uid,
        "modality": _fit(attributes.modality, 16),
        "series_number": attributes.series_number,
        "description": _fit(attributes.series_description, 200),
        "body_part": _fit(attributes.body_part_examined, 64),
        "manufacturer": _fit(attributes.manufacturer, 100),
        "station_name": _fit(attributes.station_name, 64),
        "institution_name": _fit(attributes.institution_name, 100),
        "performed_date": attributes.performed_procedure_step_start_date,
        "performed_time": attributes.performed_procedure_step_start_time,
        "scheduled_step_id": _fit(attributes.scheduled_procedure_step_id, 64),
        "requested_procedure_id": _fit(attributes.requested_procedure_id, 64),
        "instance_count": 0,
        "last_received_at": arrival.received.received_at,
    }


def _instance_row(pk: str, series_pk: str, arrival: Arrival) -> dict[str, object]:
    prepared, attributes = arrival.prepared, arrival.prepared.attributes
    return {
        "id": pk,
        "org": arrival.received.sender.org,
        "series_pk": series_pk,
        "object_id": arrival.object_id,
        "sop_instance_uid": prepared.sop_instance_uid,
        "sop_class_uid": prepared.sop_class_uid,
        "transfer_syntax_uid": prepared.transfer_syntax_uid,
        "instance_number": attributes.instance_number,
        "rows": attributes.rows,
        "columns": attributes.columns,
        "bits_allocated": attributes.bits_allocated,
        "frame_count": attributes.number_of_frames,
        "dataset_offset": prepared.dataset_offset,
        "dataset_sha256": prepared.dataset_sha256,
        "frames": prepared.frames,
        "metadata_json_gz": prepared.metadata_json_gz,
        "bulk_values": dict(prepared.bulk_values) or None,
        "received_at": arrival.received.received_at,
    }
