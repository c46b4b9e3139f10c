"""Devices: which calling AE belongs to which institution, and from where it may call."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base


class DeviceCharset(StrEnum):
    """What a device can read, by the defined term of PS3.3 C.12.1.1.2."""

    UTF_8 = "ISO_IR 192"
    GB18030 = "GB18030"
    GBK = "GBK"
    ASCII = "ISO_IR 6"
    """No Hanzi: it is told their readings."""


class Device(Base):
    """A registered AE. Only registered devices may associate."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("ae_title", "networks"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    ae_title: Mapped[str] = mapped_column(String(16))
    networks: Mapped[str] = mapped_column(String(500))
    """Addresses or networks the device calls from, separated by commas; empty for anywhere."""
    certificate_subject: Mapped[str | None] = mapped_column(String(300))
    """The subject its client certificate must bear."""
    certificates_sha256: Mapped[str] = mapped_column(String(600), default="")
    """Fingerprints of which its client certificate must have one, by commas; empty for any.

    With neither subject nor fingerprint it may not use the TLS port, with either it uses no other.
    """
    username: Mapped[str | None] = mapped_column(String(64))
    """The user it must say it is (PS3.7 D.3.3.7); None for none."""
    passcode_hash: Mapped[str | None] = mapped_column(String(200))
    """argon2id of that user's passcode; None where the name alone is asked for."""
    associations_per_minute: Mapped[int | None]
    objects_per_minute: Mapped[int | None]
    bytes_per_hour: Mapped[int | None] = mapped_column(BigInteger)
    """Its own budgets; None for those of the settings."""
    may_query: Mapped[bool] = mapped_column(default=False)
    """Whether it may search and retrieve what its institution may see, besides sending."""
    may_see_worklist: Mapped[bool] = mapped_column(default=False)
    """Whether it may ask what its institution's devices shall examine."""
    charset: Mapped[DeviceCharset | None] = mapped_column(String(16))
    """In which it is answered; None: the one it asks in, or else UTF-8."""
    host: Mapped[str | None] = mapped_column(String(255))
    """Where it listens itself: what is retrieved may be sent there; None for nowhere."""
    port: Mapped[int | None]
    tls: Mapped[bool] = mapped_column(default=False)
    """Whether it listens for TLS there."""
    description: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
