"""Communities, institutions, people with roles, sessions and tokens."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base


class Level(StrEnum):
    """Where an institution stands in the region."""

    VILLAGE = "village"
    TOWNSHIP = "township"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"


class Ownership(StrEnum):
    """Who runs an institution."""

    PUBLIC = "public"
    PRIVATE = "private"


class Role(StrEnum):
    """What a person does; a person may hold several at once (workflow.md)."""

    VILLAGE_DOCTOR = "village_doctor"
    TOWNSHIP_TECHNICIAN = "township_technician"
    TOWNSHIP_DOCTOR = "township_doctor"
    NURSE = "nurse"
    COUNTY_READER = "county_reader"
    COUNTY_REVIEWER = "county_reviewer"
    COUNTY_DUTY = "county_duty"
    CATH_TEAM = "cath_team"
    STROKE_TEAM = "stroke_team"
    CHIEF_ON_DUTY = "chief_on_duty"
    EMERGENCY_DOCTOR = "emergency_doctor"
    CITY_EXPERT = "city_expert"
    MEDICAL_OFFICE = "medical_office"
    QUALITY_CONTROL = "quality_control"
    FINANCE = "finance"
    HEALTH_BUREAU = "health_bureau"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    AUDITOR = "auditor"


class Institution(Base):
    """A place of care; ``org`` is the community (医共体) it belongs to."""

    __tablename__ = "institutions"
    __table_args__ = (UniqueConstraint("org", "code"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("institutions.id"))
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    level: Mapped[Level] = mapped_column(String(16))
    ownership: Mapped[Ownership] = mapped_column(String(16))
    created_at: Mapped[datetime]


class Person(Base):
    """Somebody who signs in; physicians carry their licence, its scope and the right to sign."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"), index=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    licence_number: Mapped[str | None] = mapped_column(String(64))
    licence_scope: Mapped[str | None] = mapped_column(String(200))
    licence_valid_until: Mapped[date | None]
    signs_independently: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class PersonRole(Base):
    """One role of one person."""

    __tablename__ = "person_roles"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(String(32), primary_key=True)


class Session(Base):
    """A browser session; only the digest of its secret is kept."""

    __tablename__ = "sessions"

    secret_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class BearerToken(Base):
    """A machine's token; only the digest of its secret is kept."""

    __tablename__ = "bearer_tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


Index("ix_institutions_parent", Institution.parent_id)
