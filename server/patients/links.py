"""Following the links of merged patients, to their end and to their beginnings."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.patients.models import Patient


async def survivors_of(session: AsyncSession, patients: Collection[str]) -> dict[str, str]:
    """Return under whom each patient is shown: themselves, unless they were merged."""
    ends = {patient: patient for patient in patients}
    following = set(ends)
    while following:
        found = await session.execute(
            select(Patient.id, Patient.merged_into_id).where(
                Patient.id.in_(following), Patient.merged_into_id.is_not(None)
            )
        )
        links = {row[0]: row[1] for row in found}
        for patient, end in ends.items():
            if (further := links.get(end)) is not None:
                ends[patient] = further
        following = {further for further in links.values() if further is not None}
    return ends


async def hold_line(session: AsyncSession, patient_id: str) -> None:
    """Hold a patient and all they were merged into, at whatever remove, until the end.

    What is done to one of them waits, and so does a study that arrives for one.
    """
    held: set[str] = set()
    while more := await _line_of(session, patient_id) - held:
        # In one order everywhere. Who is held here may have been merged further meanwhile.
        await session.execute(
            select(Patient.id).where(Patient.id.in_(more)).order_by(Patient.id).with_for_update()
        )
        held |= more


async def _line_of(session: AsyncSession, patient_id: str) -> set[str]:
    line: set[str] = set()
    latest: str | None = patient_id
    while latest is not None:
        line.add(latest)
        latest = await session.scalar(select(Patient.merged_into_id).where(Patient.id == latest))
    return line


async def group_of(session: AsyncSession, patient_id: str) -> set[str]:
    """Return a patient and all who were merged into them, at whatever remove."""
    group = {patient_id}
    latest = {patient_id}
    while latest:
        found = await session.scalars(select(Patient.id).where(Patient.merged_into_id.in_(latest)))
        latest = set(found) - group
        group |= latest
    return group
