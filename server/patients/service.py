"""Patients: found or made as their exams arrive."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select, tuple_

from server.core.clock import Clock
from server.core.database import UnitOfWork
from server.core.ids import Ids
from server.patients.models import Patient


@dataclass(frozen=True)
class PatientFacts:
    """What an exam says of its patient."""

    org: str
    owner_institution_id: str
    issuer: str
    identifier: str
    name: str | None
    name_latin: str | None
    birth_date: date | None
    sex: str | None

    @property
    def key(self) -> tuple[str, str, str]:
        """Who it is: the same number from two issuers is two people."""
        return (self.org, self.issuer, self.identifier)


class PatientService:
    """Finds and makes patients."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def find_or_create(
        self, uow: UnitOfWork, facts: Iterable[PatientFacts]
    ) -> dict[tuple[str, str, str], str]:
        """Return the patient id of each key, making those that are new."""
        wanted = {each.key: each for each in facts}
        if not wanted:
            return {}
        key = tuple_(Patient.org, Patient.issuer, Patient.identifier)
        found = await uow.session.execute(
            select(Patient.org, Patient.issuer, Patient.identifier, Patient.id).where(
                key.in_(list(wanted))
            )
        )
        ids = {(org, issuer, identifier): pk for org, issuer, identifier, pk in found}
        rows = []
        for missing, each in wanted.items():
            if missing in ids:
                continue
            ids[missing] = self._ids.new()
            rows.append(
                {
                    "id": ids[missing],
                    "org": each.org,
                    "owner_institution_id": each.owner_institution_id,
                    "issuer": each.issuer,
                    "identifier": each.identifier,
                    "name": each.name,
                    "name_latin": each.name_latin,
                    "birth_date": each.birth_date,
                    "sex": each.sex,
                    "created_at": self._clock.now(),
                }
            )
        if rows:
            await uow.session.execute(insert(Patient), rows)
        return ids
