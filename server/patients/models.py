"""Patients: an identifier belongs to its issuer; the same number from two issuers is two people."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base


class Patient(Base):
    """A patient as one issuer knows them."""

    __tablename__ = "patients"
    __table_args__ = (UniqueConstraint("org", "issuer", "identifier"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    owner_institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    issuer: Mapped[str] = mapped_column(String(64))
    """The issuer the device named, else the institution that sent it."""
    identifier: Mapped[str] = mapped_column(String(64))
    name: Mapped[str | None] = mapped_column(String(200))
    """As it is written: Han where the file has it, else as the device spelled it."""
    name_latin: Mapped[str | None] = mapped_column(String(200))
    birth_date: Mapped[date | None]
    sex: Mapped[str | None] = mapped_column(String(1))
    created_at: Mapped[datetime]
    merged_into_id: Mapped[str | None] = mapped_column(ForeignKey("patients.id"), index=True)
    """Another record of the same person, under which this one's studies are shown."""


class PatientMerge(Base):
    """A merge that was made, and perhaps undone."""

    __tablename__ = "patient_merges"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    patient_pk: Mapped[str] = mapped_column(ForeignKey("patients.id"), index=True)
    into_pk: Mapped[str] = mapped_column(ForeignKey("patients.id"), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    merged_by: Mapped[str] = mapped_column(String(64))
    merged_at: Mapped[datetime]
    undone_by: Mapped[str | None] = mapped_column(String(64))
    undone_at: Mapped[datetime | None]
    undo_reason: Mapped[str | None] = mapped_column(String(500))


Index("ix_patients_org_name", Patient.org, Patient.name)
