"""The DICOM index, and which institutions may see what they do not own."""

from datetime import date, datetime, time
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from dicom.rejection import RejectionReason
from server.core.database import Base
from server.core.settings import RetentionClass

KEY: Final = String(64).with_variant(String(64, collation="C"), "postgresql")
"""Ordered by code point on both databases, so that an index finds what begins with a text."""


LONGEST_REPAIRS: Final = 100
"""Characters of the kinds of false labels that are kept of a series."""


class Study(Base):
    """A study (PS3.3 C.7.2.1), owned by the institution that first sent part of it."""

    __tablename__ = "studies"
    __table_args__ = (UniqueConstraint("org", "study_instance_uid"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    owner_institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    patient_pk: Mapped[str] = mapped_column(ForeignKey("patients.id"), index=True)
    study_instance_uid: Mapped[str] = mapped_column(String(64))
    patient_id: Mapped[str | None] = mapped_column(String(64))
    patient_name: Mapped[str | None] = mapped_column(String(200))
    """As DICOM JSON would hold it: alphabetic=ideographic=phonetic."""
    patient_birth_date: Mapped[date | None]
    patient_sex: Mapped[str | None] = mapped_column(String(1))
    patient_age: Mapped[str | None] = mapped_column(String(4))
    study_date: Mapped[date | None]
    study_time: Mapped[time | None]
    accession_number: Mapped[str | None] = mapped_column(String(64))
    study_id: Mapped[str | None] = mapped_column(String(64))
    description: Mapped[str | None] = mapped_column(String(200))
    referring_physician: Mapped[str | None] = mapped_column(String(200))
    timezone_offset: Mapped[str | None] = mapped_column(String(8))
    modalities: Mapped[str] = mapped_column(String(100), default="")
    """Modalities in the study, sorted, between backslashes at both ends, for LIKE."""
    series_count: Mapped[int] = mapped_column(Integer, default=0)
    instance_count: Mapped[int] = mapped_column(Integer, default=0)
    received_at: Mapped[datetime]
    """When its first instance was received."""
    last_received_at: Mapped[datetime]
    retention_class: Mapped[RetentionClass | None] = mapped_column(String(16))
    """Where nobody chose one, the installation's own."""
    deleted_at: Mapped[datetime | None]
    """Hidden from then on; once its bytes are gone the row remains, so that it is known."""
    cold_at: Mapped[datetime | None]
    """When its objects were moved to the cold store."""
    recalled_at: Mapped[datetime | None]
    """When they were asked back from there."""


class ArrivedPatient(Base):
    """What a study said of its patient when it came, while it is shown under another."""

    __tablename__ = "arrived_patients"

    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id"), primary_key=True)
    patient_pk: Mapped[str] = mapped_column(ForeignKey("patients.id"), index=True)
    patient_id: Mapped[str | None] = mapped_column(String(64))
    patient_name: Mapped[str | None] = mapped_column(String(200))
    patient_birth_date: Mapped[date | None]
    patient_sex: Mapped[str | None] = mapped_column(String(1))


class NameKey(Base):
    """A way to type a patient's name (`dicom.name_keys`), once for all studies under that name."""

    __tablename__ = "name_keys"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 -- SQLAlchemy's own declaration

    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    """As `Study.patient_name` has it."""


class Series(Base):
    """A series (PS3.3 C.7.3.1)."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("study_pk", "series_instance_uid"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id"))
    series_instance_uid: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str | None] = mapped_column(String(16))
    series_number: Mapped[int | None] = mapped_column(BigInteger)
    description: Mapped[str | None] = mapped_column(String(200))
    body_part: Mapped[str | None] = mapped_column(String(64))
    manufacturer: Mapped[str | None] = mapped_column(String(100))
    station_name: Mapped[str | None] = mapped_column(String(64))
    institution_name: Mapped[str | None] = mapped_column(String(100))
    performed_date: Mapped[date | None]
    performed_time: Mapped[time | None]
    scheduled_step_id: Mapped[str | None] = mapped_column(String(64))
    requested_procedure_id: Mapped[str | None] = mapped_column(String(64))
    instance_count: Mapped[int] = mapped_column(Integer, default=0)
    last_received_at: Mapped[datetime]
    """With the count, the revision of everything prepared from the series."""
    charset_repair: Mapped[str | None] = mapped_column(String(LONGEST_REPAIRS))
    """Where its device labels text falsely: the label, an arrow, and how the text was read; of
    several kinds as many as there is room for, with semicolons between."""


class Instance(Base):
    """An instance; its attributes without bulk data are kept ready as DICOM JSON."""

    __tablename__ = "instances"
    __table_args__ = (UniqueConstraint("org", "sop_instance_uid"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    series_pk: Mapped[str] = mapped_column(ForeignKey("series.id"))
    object_id: Mapped[str] = mapped_column(ForeignKey("objects.id"), index=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    sop_class_uid: Mapped[str] = mapped_column(String(64))
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64))
    instance_number: Mapped[int | None] = mapped_column(BigInteger)
    rows: Mapped[int | None]
    columns: Mapped[int | None]
    bits_allocated: Mapped[int | None]
    frame_count: Mapped[int | None]
    dataset_offset: Mapped[int] = mapped_column(Integer)
    """Where the dataset starts in the object, behind preamble and file meta information."""
    dataset_blake3: Mapped[str | None] = mapped_column(String(64))
    """Of the data set alone. None of what older versions stored: that is known by its file."""
    frames: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Where each frame's bytes are in the object (`dicom.frames.FrameIndex`)."""
    metadata_json_gz: Mapped[bytes] = mapped_column(LargeBinary)
    """DICOM JSON (PS3.18 F), gzipped; its bulk data URIs are relative to the instance."""
    bulk_values: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """VR, offset and length in the object of every value the metadata only refers to, by path."""
    rejected_as: Mapped[RejectionReason | None] = mapped_column(String(16))
    """Why it is hidden; None where it is shown. A rejection note is hidden with what it rejects."""
    received_at: Mapped[datetime]


class Rejection(Base):
    """A rejection note that was taken in (IHE RAD, Imaging Object Change Management)."""

    __tablename__ = "rejections"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    """Who rejects: what others own it does not touch."""
    instance_pk: Mapped[str] = mapped_column(ForeignKey("instances.id"), unique=True)
    """The note itself."""
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    reason: Mapped[RejectionReason] = mapped_column(String(16))
    rejected_by: Mapped[str] = mapped_column(String(64))
    rejected_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(64))


class RejectedObject(Base):
    """An instance that a note names, whether it has come yet or not."""

    __tablename__ = "rejected_objects"

    rejection_id: Mapped[str] = mapped_column(ForeignKey("rejections.id"), primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    study_instance_uid: Mapped[str] = mapped_column(String(64))
    lifted_at: Mapped[datetime | None]
    """When it was sent again, and so brought back, after its retention had expired."""


class AccessGrant(Base):
    """An institution may see a study it does not own, for a reason, perhaps until a time."""

    __tablename__ = "access_grants"
    __table_args__ = (UniqueConstraint("study_pk", "institution_id", "reason"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id"))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    reason: Mapped[str] = mapped_column(String(32))
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


Index("ix_studies_org_received", Study.org, Study.received_at, Study.id)
Index("ix_studies_owner_received", Study.owner_institution_id, Study.received_at, Study.id)
Index("ix_studies_org_date", Study.org, Study.study_date, Study.received_at, Study.id)
Index("ix_studies_org_patient_id", Study.org, Study.patient_id)
Index("ix_studies_org_patient_name", Study.org, Study.patient_name, Study.received_at, Study.id)
Index("ix_studies_org_accession", Study.org, Study.accession_number)
Index("ix_series_modality", Series.modality, Series.study_pk)
Index("ix_name_keys_name", NameKey.name, NameKey.key)
Index("ix_instances_series_number", Instance.series_pk, Instance.instance_number)
Index(
    "ix_instances_rejected",
    Instance.series_pk,
    postgresql_where=Instance.rejected_as.is_not(None),
    sqlite_where=Instance.rejected_as.is_not(None),
)
Index("ix_rejected_objects_sop", RejectedObject.org, RejectedObject.sop_instance_uid)
Index("ix_rejected_objects_study", RejectedObject.org, RejectedObject.study_instance_uid)
Index("ix_access_grants_institution", AccessGrant.institution_id, AccessGrant.study_pk)
