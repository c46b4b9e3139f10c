"""Anchors: the heads of all chains written down together, in the database and in a file."""

import asyncio
import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
import structlog
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.chain import GENESIS, row_hash
from server.audit.models import AuditAnchor, AuditChain
from server.core.clock import Clock
from server.core.database import Database
from server.core.durable import sync_directory

_log = structlog.get_logger(__name__)

FILE_NAME: Final = "audit-anchors.jsonl"
_TURN: Final = text("SELECT pg_advisory_xact_lock(7308602)")
# How far clocks of hosts may disagree before a head could be missed between two anchors.
_OVERLAP: Final = timedelta(days=1)
_BATCH: Final = 500
_LONGEST_LINE: Final = 1 << 24


@dataclass(frozen=True)
class Anchor:
    """One anchor, as it stands in the table and as a line of the file."""

    seq: int
    at: datetime
    heads: str
    previous_hash: str
    hash: str

    def heads_by_chain(self) -> dict[str, tuple[int, str]]:
        """Return the number and hash of each anchored chain's last row."""
        return {chain: (seq, digest) for chain, (seq, digest) in orjson.loads(self.heads).items()}

    def line(self) -> bytes:
        """Return the anchor as a line of the file."""
        return orjson.dumps(asdict(self)) + b"\n"


class Anchors:
    """Writes anchors: every few minutes, by whichever process comes first, and at shutdown."""

    def __init__(
        self, *, database: Database, key: bytes, clock: Clock, directory: Path, every_s: int
    ) -> None:
        self._database = database
        self._key = key
        self._clock = clock
        self._file = directory / FILE_NAME
        self._every = timedelta(seconds=every_s)
        self._anchored: dict[str, int] = {}

    async def write(self, *, at_shutdown: bool = False) -> None:
        """Anchor what moved since the last anchor, and bring the file up to the table.

        The row is committed before its line is written, so the file never says more than the
        table; what a crash leaves out of the file the next call of any process adds.
        """
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            if not self._database.is_sqlite:
                await uow.session.execute(_TURN)
            last = await uow.session.scalar(
                select(AuditAnchor).order_by(AuditAnchor.seq.desc()).limit(1)
            )
            is_due = last is None or at_shutdown or abs(now - last.at) >= self._every / 2
            heads = await self._moved(uow.session, last) if is_due else {}
            if heads:
                anchor: dict[str, Any] = {
                    "seq": last.seq + 1 if last is not None else 1,
                    "at": now,
                    "heads": orjson.dumps(heads, option=orjson.OPT_SORT_KEYS).decode(),
                    "previous_hash": last.hash if last is not None else GENESIS,
                }
                uow.session.add(AuditAnchor(**anchor, hash=row_hash(self._key, anchor)))
                await uow.commit()
        if heads:
            self._anchored = {chain: seq for chain, (seq, _) in heads.items()} | {
                chain: seq for chain, seq in self._anchored.items() if chain not in heads
            }
        await self._copy_to_file()

    async def _moved(
        self, session: AsyncSession, last: AuditAnchor | None
    ) -> dict[str, tuple[int, str]]:
        recent = select(AuditChain)
        if last is not None:
            recent = recent.where(AuditChain.last_at >= last.at - _OVERLAP)
        chains = (await session.scalars(recent)).all()
        # Chains that ended long ago need no memory.
        known = {chain.chain for chain in chains}
        self._anchored = {chain: seq for chain, seq in self._anchored.items() if chain in known}
        return {
            chain.chain: (chain.last_seq, chain.last_hash)
            for chain in chains
            if self._anchored.get(chain.chain) != chain.last_seq
        }

    async def _copy_to_file(self) -> None:
        while True:
            in_file = await asyncio.to_thread(last_number, self._file)
            async with self._database.reading() as session:
                rows = (
                    await session.scalars(
                        select(AuditAnchor)
                        .where(AuditAnchor.seq > in_file)
                        .order_by(AuditAnchor.seq)
                        .limit(_BATCH)
                    )
                ).all()
            if not rows:
                return
            await asyncio.to_thread(append, self._file, [anchor_of(row) for row in rows])


def anchor_of(row: AuditAnchor) -> Anchor:
    """Return the anchor of a row."""
    return Anchor(row.seq, row.at, row.heads, row.previous_hash, row.hash)


def anchors_in(file: Path) -> Iterator[Anchor | None]:
    """Read the file's anchors in order, as far as it went when opened; None is a damaged line.

    A last line without its end is what a power cut leaves: it is no line.
    """
    if not file.exists():
        return
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        while opened.tell() < size:
            line = opened.readline(_LONGEST_LINE)
            if line.endswith(b"\n"):
                yield _parsed(line)
            elif len(line) == _LONGEST_LINE:
                yield None


def _parsed(line: bytes) -> Anchor | None:
    try:
        fields: Mapping[str, Any] = orjson.loads(line)
        return Anchor(
            seq=int(fields["seq"]),
            at=datetime.fromisoformat(fields["at"]),
            heads=str(fields["heads"]),
            previous_hash=str(fields["previous_hash"]),
            hash=str(fields["hash"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def last_number(file: Path) -> int:
    """Return the number of the last whole anchor in the file, 0 where there is none."""
    if not file.exists():
        return 0
    with file.open("rb") as opened:
        return _last_number(opened)


def _last_number(opened: BinaryIO) -> int:
    # Read backwards: the file grows for years, and only its end is wanted.
    end = opened.seek(0, os.SEEK_END)
    tail = b""
    while end > 0 and len(tail) < _LONGEST_LINE:
        start = max(0, end - 65_536)
        opened.seek(start)
        tail = opened.read(end - start) + tail
        end = start
        whole = tail[: tail.rfind(b"\n") + 1]
        lines = whole.splitlines()
        if len(lines) > 1 or (lines and end == 0):
            anchor = _parsed(lines[-1])
            return anchor.seq if anchor is not None else 0
    return 0


def append(file: Path, anchors: Sequence[Anchor]) -> None:
    """Add those anchors that the file does not have yet, and sync; processes take turns."""
    is_new = not file.exists()
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        _drop_torn_line(opened)
        in_file = _last_number(opened)
        opened.seek(0, os.SEEK_END)
        for anchor in anchors:
            if anchor.seq > in_file:
                opened.write(anchor.line())
        opened.flush()
        os.fsync(opened.fileno())
    if is_new:
        sync_directory(file.parent)


def _drop_torn_line(opened: BinaryIO) -> None:
    end = opened.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - 65_536)
        opened.seek(start)
        newline = opened.read(end - start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if opened.seek(0, os.SEEK_END) != end:
        _log.warning("the anchor file ended in a torn line, which was dropped")
        opened.truncate(end)
