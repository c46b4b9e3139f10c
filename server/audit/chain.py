"""The chain: every row's hash keys its content and the hash before it.

One chain a writing process, so that writers never wait for one another. Rows get their number and
hash in `prepare`, at the very end of their transaction, while the chain's lock is held; a
transaction whose end is unknown ends the chain, and the process starts another.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditChain, AuditEvent, Outcome
from server.core.clock import Clock
from server.core.database import UnitOfWork
from server.core.ids import Ids

GENESIS: Final = "0" * 64


@dataclass(frozen=True)
class AuditRecord:
    """One act: who did what to which object, and how it ended (PS3.15 A.5)."""

    action: str
    outcome: Outcome = Outcome.SUCCESS
    actor_kind: str = "system"
    actor_id: str | None = None
    org: str | None = None
    institution_id: str | None = None
    source: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Head:
    chain: str
    seq: int = 0
    hash: str = GENESIS
    started_at: datetime | None = None
    """None until the first row is written."""


class AuditTrail:
    """Records acts into the transactions that do them."""

    def __init__(self, *, key: bytes, clock: Clock, ids: Ids, role: str) -> None:
        self._key = key
        self._clock = clock
        self._ids = ids
        self._role = role
        self._turn = asyncio.Lock()
        self._head = self._new_head()

    def record(self, uow: UnitOfWork, record: AuditRecord) -> None:
        """Add an act to the transaction; it is numbered and chained as the transaction commits.

        Raises
        ------
        TypeError
            If the detail is not plain JSON.
        """
        writer = next((p for p in uow.participants if isinstance(p, _Writer)), None)
        if writer is None:
            writer = _Writer(self)
            uow.enlist(writer)
        writer.records.append((self._clock.now(), _columns(record)))

    def _new_head(self) -> _Head:
        return _Head(chain=f"{self._role}-{self._ids.new()}")

    async def _begin(self) -> _Head:
        await self._turn.acquire()
        return self._head

    def _end(self, head: _Head | None) -> None:
        self._head = head if head is not None else self._new_head()
        self._turn.release()

    def row(self, head: _Head, at: datetime, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row that follows ``head``."""
        row: dict[str, Any] = {
            **columns,
            "chain": head.chain,
            "seq": head.seq + 1,
            "at": at,
            "previous_hash": head.hash,
        }
        return row | {"hash": row_hash(self._key, row)}

    def head_row(self, head: _Head, started_at: datetime, last_at: datetime) -> dict[str, Any]:
        """Return the row that tells of ``head``."""
        row: dict[str, Any] = {
            "chain": head.chain,
            "last_seq": head.seq,
            "last_hash": head.hash,
            "started_at": started_at,
            "last_at": last_at,
        }
        return row | {"seal": row_hash(self._key, row)}


class _Writer:
    """Writes one transaction's acts at its end."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail
        self._head: _Head | None = None
        self._holds_turn = False
        self.records: list[tuple[datetime, Mapping[str, Any]]] = []

    async def prepare(self, session: AsyncSession) -> None:
        trail = self._trail
        head = await trail._begin()  # noqa: SLF001 -- the two halves of one mechanism
        self._holds_turn = True
        rows = []
        for at, columns in self.records:
            row = trail.row(head, at, columns)
            rows.append(row)
            head = replace(head, seq=row["seq"], hash=row["hash"])
        await session.execute(insert(AuditEvent), rows)
        is_new = head.started_at is None
        started_at = head.started_at or rows[0]["at"]
        values = trail.head_row(head, started_at, rows[-1]["at"])
        if is_new:
            await session.execute(insert(AuditChain).values(values))
        else:
            await session.execute(
                update(AuditChain).where(AuditChain.chain == head.chain).values(values)
            )
        self._head = replace(head, started_at=started_at)

    def finished(self, *, committed: bool) -> None:
        if self._holds_turn:
            self._holds_turn = False
            self._trail._end(self._head if committed else None)  # noqa: SLF001 -- as above


def row_hash(key: bytes, row: Mapping[str, Any]) -> str:
    """Return the keyed hash of a row: HMAC-SHA-256 over its canonical JSON without the hash."""
    content = {
        name: value.astimezone(UTC).isoformat(timespec="microseconds")
        if isinstance(value, datetime)
        else value
        for name, value in row.items()
        if name not in {"hash", "seal"}
    }
    canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hmac.new(key, canonical, hashlib.sha256).hexdigest()


def _columns(record: AuditRecord) -> dict[str, Any]:
    """Return the columns of an act in the one form that every database gives back unchanged."""
    return {
        "org": _kept(record.org, 64),
        "action": _kept(record.action, 64),
        "outcome": record.outcome.value,
        "actor_kind": _kept(record.actor_kind, 16),
        "actor_id": _kept(record.actor_id, 64),
        "institution_id": _kept(record.institution_id, 32),
        "source": _kept(record.source, 128),
        "object_kind": _kept(record.object_kind, 32),
        "object_id": _kept(record.object_id, 128),
        "detail": orjson.dumps(dict(record.detail), option=orjson.OPT_SORT_KEYS).decode(),
    }


def _kept(text: str | None, limit: int) -> str | None:
    # What a peer sent may be longer than the column, or hold what PostgreSQL does not take (NUL)
    # and UTF-8 cannot carry (lone surrogates): the act must be audited all the same.
    if text is None:
        return None
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")[:limit]
