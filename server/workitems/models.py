"""What UPS knows of a request beyond the request: its name, its lock, its subscribers."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base


class Workitem(Base):
    """A request that a UPS client named, or that one performs."""

    __tablename__ = "workitems"
    __table_args__ = (UniqueConstraint("org", "uid"),)

    request_id: Mapped[str] = mapped_column(ForeignKey("diagnosis_requests.id"), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    uid: Mapped[str] = mapped_column(String(64))
    transaction_uid: Mapped[str | None] = mapped_column(String(64))
    """The performer's lock; good while the request is claimed since ``locked_at``."""
    locked_at: Mapped[datetime | None]
    progress_percent: Mapped[int | None]
    progress_description: Mapped[str | None] = mapped_column(String(500))


class WorkitemSubscription(Base):
    """An AE of an institution that hears of one workitem, of all, or of all that match."""

    __tablename__ = "workitem_subscriptions"
    __table_args__ = (UniqueConstraint("institution_id", "ae_title", "uid"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    ae_title: Mapped[str] = mapped_column(String(16))
    uid: Mapped[str] = mapped_column(String(64))
    """Of the workitem, or a well-known one of global subscriptions (PS3.4 CC.2.3.3)."""
    filter: Mapped[str | None] = mapped_column(Text)
    """Match keys of a filtered subscription (`filters.filter_of`)."""
    suspended_at: Mapped[datetime | None]
    """Since when a global one takes in no more workitems; a workitem's own is silenced by it."""
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
