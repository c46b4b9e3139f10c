"""The fallback: a local file that takes the reads of emergencies while the database cannot."""

import fcntl
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import Final

import orjson

from server.core.durable import sync_directory

FILE_NAME: Final = "audit-fallback.jsonl"
_IMPORT_SUFFIX: Final = ".importing"


@dataclass(frozen=True)
class FallbackRead:
    """A read of a study that could not be written into the database."""

    at: datetime
    actor_kind: str
    actor_id: str
    org: str
    institution_id: str
    source: str
    study_id: str


class FallbackLog:
    """Appends and syncs lines keyed one by one; the next start brings them into the database."""

    def __init__(self, directory: Path, key: bytes) -> None:
        self._file = directory / FILE_NAME
        self._taken = self._file.with_name(FILE_NAME + _IMPORT_SUFFIX)
        self._key = key

    def append(self, read: FallbackRead) -> None:
        """Write a read down; when this returns it survives a power cut."""
        content = orjson.dumps(asdict(read))
        line = orjson.dumps({"read": content.decode(), "mac": self._mac(content)}) + b"\n"
        while True:
            is_new = not self._file.exists()
            descriptor = os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with FileIO(descriptor, "r+b") as opened:
                fcntl.flock(opened, fcntl.LOCK_EX)
                if not self._is_still_there(opened):
                    continue
                # A line torn by a crash must not swallow this one.
                start = opened.seek(0, os.SEEK_END)
                if start > 0:
                    opened.seek(start - 1)
                    line = line if opened.read(1) == b"\n" else b"\n" + line
                opened.write(line)
                os.fsync(opened.fileno())
            if is_new:
                sync_directory(self._file.parent)
            return

    @contextmanager
    def taken(self) -> Iterator[Iterator[FallbackRead | None] | None]:
        """Take the lines for import, None for a damaged one; they go when the block succeeds.

        Yields None where there is nothing to import, or another process is at it.
        """
        if not self._taken.exists():
            try:
                self._file.rename(self._taken)
            except FileNotFoundError:
                yield None
                return
        try:
            opened = self._taken.open("rb")
        except FileNotFoundError:
            yield None
            return
        with opened:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Somebody still writes a line into it, or imports it: the next start is early
                # enough.
                yield None
                return
            if not self._taken.exists():
                yield None
                return
            yield (self._parsed(line) for line in opened if line.strip())
            self._taken.unlink()
        sync_directory(self._file.parent)

    def _is_still_there(self, opened: FileIO) -> bool:
        try:
            return os.path.samestat(os.fstat(opened.fileno()), self._file.stat())
        except FileNotFoundError:
            return False

    def _parsed(self, line: bytes) -> FallbackRead | None:
        try:
            fields = orjson.loads(line)
            content = fields["read"].encode()
            if not hmac.compare_digest(fields["mac"], self._mac(content)):
                return None
            read = orjson.loads(content)
            return FallbackRead(**(read | {"at": datetime.fromisoformat(read["at"])}))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def _mac(self, content: bytes) -> str:
        return hmac.new(self._key, b"fallback\0" + content, sha256).hexdigest()
