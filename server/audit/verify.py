"""Verify the audit: find what was edited, deleted, moved or cut off."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import String, inspect, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.anchors import FILE_NAME, Anchor, anchors_in
from server.audit.chain import GENESIS, row_hash
from server.audit.models import AuditAnchor, AuditChain, AuditEvent
from server.core.database import Base, Database, UtcDateTime

_BATCH: Final = 1_000
_MAX_FINDINGS: Final = 100

Rows = AsyncIterator[Mapping[str, Any]]


class Damage(StrEnum):
    """What may be found."""

    EDITED = "edited"
    MISSING = "missing"
    UNLINKED = "unlinked"
    HEAD_EDITED = "head-edited"
    HEAD_MISSING = "head-missing"
    CUT_OFF = "cut-off"
    ANCHOR_EDITED = "anchor-edited"
    ANCHOR_MISSING = "anchor-missing"
    FILE_DAMAGED = "anchor-file-damaged"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was written."""

    damage: Damage
    where: str
    """A chain, ``anchors`` or ``file``."""
    seq: int | None
    detail: str


@dataclass(frozen=True)
class AuditReport:
    """What a verification read and found; findings past the first hundred are only counted."""

    events: int
    chains: int
    anchors: int
    findings: tuple[Finding, ...]
    more_findings: int

    @property
    def is_intact(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


async def verify(database: Database, key: bytes, directory: Path) -> AuditReport:
    """Read the whole audit in one snapshot and compare everything with everything.

    Each place catches what the one before cannot:

    * A row's hash keys its content, place (chain, number) and the row before: an edit, a deletion,
      a swap or a row moved is found, not a tail cut off.
    * The chain's head names the last row and is keyed too: a tail cut off is found, unless an older
      head with its seal was put back, or rows and head of a whole chain are gone.
    * Anchors hold every chain's head, chained among themselves: that too is found for all that was
      anchored, unless the newest anchors went as well.
    * The file holds the anchors again, outside the database. Who rolls back rows, heads, anchors
      and file together is found only by a copy of the file elsewhere (it only grows: ship it), and
      who has the key as well, too.

    A database restored from a backup is rightly found to be cut off: put the file aside then.
    """
    check = _Check(key)
    # Read before the snapshot is taken: it never says more than the table did by then.
    in_file = _FileAnchors(directory / FILE_NAME, check)
    async with _snapshot(database) as session:
        await check.anchors(_rows(session, AuditAnchor), in_file)
        await check.heads(_rows(session, AuditChain))
        await check.events(_rows(session, AuditEvent))
    return check.report()


@asynccontextmanager
async def _snapshot(database: Database) -> AsyncIterator[AsyncSession]:
    async with database.reading() as session:
        if not database.is_sqlite:
            # SQLite's readers always see one snapshot, and know no other level.
            _ = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


class _FileAnchors:
    """The file's anchors, one after the other; each must stand in the table."""

    def __init__(self, file: Path, check: "_Check") -> None:
        self._lines: Iterator[Anchor | None] = anchors_in(file)
        self._check = check
        self._next = self._read()

    def up_to(self, seq: int) -> Anchor | None:
        """Return the line of anchor ``seq``; lines before it stand for rows that are gone."""
        while self._next is not None and self._next.seq < seq:
            self._report_gone(self._next)
            self._next = self._read()
        if self._next is None or self._next.seq != seq:
            return None
        found, self._next = self._next, self._read()
        return found

    @property
    def has_more(self) -> bool:
        """Whether lines follow."""
        return self._next is not None

    def rest(self) -> None:
        """Report the lines after the table's last anchor."""
        while self._next is not None:
            self._report_gone(self._next)
            self._next = self._read()

    def _read(self) -> Anchor | None:
        for anchor in self._lines:
            if anchor is not None:
                return anchor
            self._check.found(Damage.FILE_DAMAGED, "file", None, "a line cannot be read")
        return None

    def _report_gone(self, anchor: Anchor) -> None:
        self._check.found(
            Damage.ANCHOR_MISSING, "anchors", anchor.seq, "the file has it, the table has not"
        )
        self._check.remember(anchor)


class _Check:
    """One pass over everything; memory grows with the number of chains, not of rows."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._findings: list[Finding] = []
        self._more = 0
        self._events = 0
        self._anchors = 0
        self._anchored: dict[str, tuple[int, str]] = {}
        self._heads: dict[str, tuple[int, str]] = {}

    def report(self) -> AuditReport:
        return AuditReport(
            self._events, len(self._heads), self._anchors, tuple(self._findings), self._more
        )

    def found(self, damage: Damage, where: str, seq: int | None, detail: str) -> None:
        if len(self._findings) < _MAX_FINDINGS:
            self._findings.append(Finding(damage, where, seq, detail))
        else:
            self._more += 1

    def remember(self, anchor: Anchor) -> None:
        """Expect of each chain at least what an anchor of ours says."""
        if anchor.hash != row_hash(self._key, asdict(anchor)):
            where = f"anchor {anchor.seq}"
            self.found(Damage.ANCHOR_EDITED, "anchors", anchor.seq, f"{where} is not as written")
            return
        for chain, head in anchor.heads_by_chain().items():
            known = self._anchored.get(chain)
            if known is None or head[0] >= known[0]:
                self._anchored[chain] = head

    async def anchors(self, rows: Rows, in_file: _FileAnchors) -> None:
        last_seq, last_hash = 0, GENESIS
        async for row in rows:
            self._anchors += 1
            anchor = _anchor(row)
            if anchor is None:
                self.found(Damage.ANCHOR_EDITED, "anchors", last_seq + 1, "it cannot be read")
                continue
            if anchor.seq != last_seq + 1:
                self.found(Damage.ANCHOR_MISSING, "anchors", last_seq + 1, "a number is left out")
            elif anchor.previous_hash != last_hash:
                self.found(
                    Damage.ANCHOR_EDITED, "anchors", anchor.seq, "it does not follow the one before"
                )
            self.remember(anchor)
            self._compare(anchor, in_file)
            last_seq, last_hash = anchor.seq, anchor.hash
        in_file.rest()

    def _compare(self, anchor: Anchor, in_file: _FileAnchors) -> None:
        line = in_file.up_to(anchor.seq)
        if line is None and in_file.has_more:
            # Only the newest lines may be on their way still.
            self.found(Damage.FILE_DAMAGED, "file", anchor.seq, "the line of an anchor is gone")
        elif line is not None and line != anchor:
            self.found(Damage.ANCHOR_EDITED, "anchors", anchor.seq, "file and table do not agree")
            self.remember(line)

    async def heads(self, rows: Rows) -> None:
        async for row in rows:
            chain, last_seq = str(row["chain"]), row["last_seq"]
            if row["seal"] != _hash(self._key, row):
                self.found(Damage.HEAD_EDITED, chain, None, "the head's seal is broken")
            self._heads[chain] = (last_seq, row["last_hash"])

    async def events(self, rows: Rows) -> None:
        seen: set[str] = set()
        chain: str | None = None
        last_seq, last_hash = 0, GENESIS
        async for row in rows:
            self._events += 1
            row_chain = str(row["chain"])
            if row_chain != chain:
                if chain is not None:
                    self._end_of(chain, last_seq, last_hash)
                chain, last_seq, last_hash = row_chain, 0, GENESIS
                seen.add(chain)
            if not isinstance(row["seq"], int):
                self.found(Damage.EDITED, chain, None, "a row's number is no number")
                continue
            self._event(chain, row, last_seq, last_hash)
            last_seq, last_hash = row["seq"], row["hash"]
        if chain is not None:
            self._end_of(chain, last_seq, last_hash)
        for lost in (self._heads.keys() | self._anchored.keys()) - seen:
            self.found(Damage.CUT_OFF, lost, 1, "the whole chain is gone")

    def _event(self, chain: str, row: Mapping[str, Any], last_seq: int, last_hash: str) -> None:
        seq = row["seq"]
        if seq != last_seq + 1:
            self.found(Damage.MISSING, chain, last_seq + 1, f"missing up to {seq - 1}")
        elif row["previous_hash"] != last_hash:
            self.found(Damage.UNLINKED, chain, seq, "it does not follow the row before")
        if row["hash"] != _hash(self._key, row):
            self.found(Damage.EDITED, chain, seq, "the row is not as it was written")
        anchored = self._anchored.get(chain)
        if anchored is not None and anchored[0] == seq and anchored[1] != row["hash"]:
            self.found(Damage.EDITED, chain, seq, "the anchor names another row here")

    def _end_of(self, chain: str, last_seq: int, last_hash: str) -> None:
        head = self._heads.get(chain)
        if head is None:
            self.found(Damage.HEAD_MISSING, chain, None, "no head tells of this chain")
        elif head != (last_seq, last_hash):
            self.found(
                Damage.CUT_OFF, chain, last_seq, f"the head names row {head[0]} as the last one"
            )
        anchored_seq, _ = self._anchored.get(chain, (0, GENESIS))
        if anchored_seq > last_seq:
            self.found(
                Damage.CUT_OFF, chain, last_seq, f"row {anchored_seq} was anchored and is gone"
            )


async def _rows(session: AsyncSession, model: type[Base]) -> Rows:
    """Stream a table's rows as they stand; SQLite's times as text, which may have been edited."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    mapper = inspect(model)
    columns = [
        type_coerce(column, String).label(column.key)
        if is_sqlite and isinstance(column.type, UtcDateTime)
        else column
        for column in mapper.columns
    ]
    query = select(*columns).order_by(*mapper.primary_key).execution_options(yield_per=_BATCH)
    rows = await session.stream(query)
    async for row in rows.mappings():
        yield dict(row)


def _hash(key: bytes, row: Mapping[str, Any]) -> str | None:
    """Return the hash a row must have; None where its values are none we ever write."""
    try:
        return row_hash(key, {name: _value(name, value) for name, value in row.items()})
    except (ValueError, TypeError):
        return None


def _value(name: str, value: object) -> object:
    if isinstance(value, str) and (name == "at" or name.endswith("_at")):
        return datetime.fromisoformat(value)
    return value


def _anchor(row: Mapping[str, Any]) -> Anchor | None:
    try:
        return Anchor(
            seq=int(row["seq"]),
            at=datetime.fromisoformat(str(row["at"])),
            heads=str(row["heads"]),
            previous_hash=str(row["previous_hash"]),
            hash=str(row["hash"]),
        )
    except ValueError:
        return None
