"""One batch of arrivals: what the database knows of it, and how each arrival ends."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from dicom.rejection import RejectionNote, RejectionReason
from server.core.database import UnitOfWork
from server.intake.public import Arrival, Indexed, StoredObject, Verdict
from server.studies.holding import hold_studies
from server.studies.models import (
    AccessGrant,
    Instance,
    RejectedObject,
    Rejection,
)
from server.studies.rejections import note_of, owners_of, strictest


@dataclass(frozen=True)
class _Content:
    """What tells one instance's bytes from another's."""

    transfer_syntax_uid: str
    sha256: str
    """Of the file."""
    dataset_blake3: str | None
    """Of the data set alone."""

    def is_same(self, other: "_Content") -> bool:
        """Tell whether both are the same instance, be it in other file meta information."""
        if self.transfer_syntax_uid != other.transfer_syntax_uid:
            return False
        if self.sha256 == other.sha256:
            return True
        return self.dataset_blake3 is not None and self.dataset_blake3 == other.dataset_blake3


@dataclass(frozen=True)
class Healing:
    """A known instance whose bytes are damaged, and the arrival that brings them again."""

    place: int
    """Whose verdict it is."""
    instance_pk: str
    damaged_id: str
    """The object that is damaged."""
    arrival: Arrival


class Batch:
    """One batch under way: what is known already, and what is decided."""

    def __init__(self, uow: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
        self.uow = uow
        self.arrivals = arrivals
        self.studies: dict[tuple[str, str], tuple[str, str]] = {}
        self.series: dict[tuple[str, str], str] = {}
        self.new_studies: set[str] = set()
        self.new_series: Counter[str] = Counter()
        self.verdicts: list[Verdict] = []
        self.notes: dict[tuple[str, str], RejectionNote] = {}
        """What arrivals reject, by community and SOP Instance UID."""
        self.emptied: set[str] = set()
        """Known series of which nothing was shown."""
        self.returned: defaultdict[str, set[str]] = defaultdict(set)
        """Instances sent again after their retention had expired, by community."""
        self.hidden: defaultdict[str, set[str]] = defaultdict(set)
        """New instances that were rejected before they came."""
        self.healings: list[Healing] = []
        self._contents: dict[tuple[str, str], _Content] = {}
        self._damaged: dict[tuple[str, str], tuple[str, str]] = {}
        """Known instances whose bytes are damaged: their keys and objects."""
        self._rejected_as: dict[tuple[str, str], RejectionReason] = {}
        self._rejected_before: defaultdict[tuple[str, str, str, str], set[str]] = defaultdict(set)
        """Reasons by community, study, instance and who rejected."""
        self._rejects_others: set[tuple[str, str]] = set()
        self._writable: set[tuple[str, str]] = set()
        self._deleted: set[tuple[str, str]] = set()

    async def load(self) -> None:
        """Look up what the database knows of the batch's UIDs."""
        orgs = {arrival.received.sender.org for arrival in self.arrivals}
        sops = {arrival.prepared.sop_instance_uid for arrival in self.arrivals}
        await self._hold_studies(orgs)
        found = await self.uow.session.execute(
            select(
                Instance.org,
                Instance.sop_instance_uid,
                Instance.transfer_syntax_uid,
                StoredObject.sha256,
                Instance.dataset_blake3,
                Instance.rejected_as,
                Instance.id,
                StoredObject.id,
                StoredObject.damaged_at,
            )
            .join(StoredObject, StoredObject.id == Instance.object_id)
            .where(Instance.org.in_(orgs), Instance.sop_instance_uid.in_(sops))
        )
        for org, sop, syntax, sha256, blake3, rejected_as, pk, object_id, damaged_at in found:
            self._contents[org, sop] = _Content(syntax, sha256, blake3)
            if damaged_at is not None:
                self._damaged[org, sop] = (pk, object_id)
            if rejected_as is not None:
                self._rejected_as[org, sop] = RejectionReason(rejected_as)
        await self._load_grants()
        await self._load_rejections(orgs, sops)

    async def _hold_studies(self, orgs: set[str]) -> None:
        """Hold the studies that the batch is of, and those of which it rejects something."""
        uids = {arrival.prepared.study_instance_uid for arrival in self.arrivals}
        for arrival in self.arrivals:
            note = note_of(arrival.prepared)
            if note is not None:
                self.notes[sop_key(arrival)] = note
                uids.update(one.study_instance_uid for one in note.objects)
        for study in await hold_studies(self.uow.session, orgs, uids):
            self.studies[study.org, study.uid] = (study.id, study.owner)
            if study.is_deleted:
                self._deleted.add((study.org, study.uid))

    async def _load_rejections(self, orgs: set[str], sops: set[str]) -> None:
        found = await self.uow.session.execute(
            select(
                RejectedObject.org,
                RejectedObject.study_instance_uid,
                RejectedObject.sop_instance_uid,
                Rejection.institution_id,
                Rejection.reason,
            )
            .join(Rejection, Rejection.id == RejectedObject.rejection_id)
            .where(
                RejectedObject.org.in_(orgs),
                RejectedObject.sop_instance_uid.in_(sops),
                RejectedObject.lifted_at.is_(None),
                Rejection.revoked_at.is_(None),
            )
        )
        for org, study, sop, institution_id, reason in found:
            self._rejected_before[org, study, sop, institution_id].add(reason)
        for arrival in self.arrivals:
            note = self.notes.get(sop_key(arrival))
            if note is None:
                continue
            sender = arrival.received.sender
            uids = [one.sop_instance_uid for one in note.objects]
            owners = await owners_of(self.uow.session, sender.org, uids)
            if owners - {sender.institution_id}:
                self._rejects_others.add(sop_key(arrival))

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
        if self.study_key(arrival) in self._deleted:
            return Verdict.DELETED
        sop = sop_key(arrival)
        content = _content(arrival)
        known = self._contents.get(sop)
        study = self.studies.get(self.study_key(arrival))
        owner = study[1] if study is not None else sender.institution_id
        if known is not None and not known.is_same(content):
            return Verdict.CONFLICT
        if known is not None:
            return self._again(arrival, owner)
        is_foreign = (
            study is not None
            and study[1] != sender.institution_id
            and (study[0], sender.institution_id) not in self._writable
        )
        if is_foreign or sop in self._rejects_others:
            return Verdict.FOREIGN
        before = strictest(self._rejected_before[*self.study_key(arrival), sop[1], owner])
        if before is not None and before.is_final:
            return Verdict.REJECTED
        if before is RejectionReason.QUALITY:
            self.hidden[sender.org].add(arrival.prepared.sop_instance_uid)
        elif before is RejectionReason.RETENTION_EXPIRED:
            self.returned[sender.org].add(arrival.prepared.sop_instance_uid)
        self._contents[sop] = content
        return Verdict.STORED

    def _again(self, arrival: Arrival, owner: str) -> Verdict:
        """Decide on an instance that is here already, by why it is hidden, if it is."""
        sender = arrival.received.sender
        reason = self._rejected_as.get(sop_key(arrival))
        if reason is not None and reason.is_final and sop_key(arrival) not in self.notes:
            return Verdict.REJECTED
        if reason is RejectionReason.RETENTION_EXPIRED and owner == sender.institution_id:
            self.returned[sender.org].add(arrival.prepared.sop_instance_uid)
        damaged = self._damaged.pop(sop_key(arrival), None)
        if damaged is not None:
            self.healings.append(Healing(len(self.verdicts), *damaged, arrival))
        return Verdict.DUPLICATE

    def is_hidden(self, each: Indexed) -> bool:
        """Tell whether a new instance is a rejection note, or was rejected before it came."""
        org, uid = sop = sop_key(each.arrival)
        return sop in self.notes or uid in self.hidden[org]


def _content(arrival: Arrival) -> _Content:
    prepared = arrival.prepared
    return _Content(prepared.transfer_syntax_uid, arrival.received.sha256, prepared.dataset_blake3)


def sop_key(arrival: Arrival) -> tuple[str, str]:
    """Return what an instance is known by."""
    return (arrival.received.sender.org, arrival.prepared.sop_instance_uid)
