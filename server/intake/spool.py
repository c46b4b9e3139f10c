"""The spool: where bytes are safe before anything else has them.

A spool belongs to one host. Every process that writes has a folder of its own in it, locked while
the process lives, so that whatever stands in a folder nobody holds was left by a process that
died. A file is kept from the moment its database row commits; before that it is nobody's, and the
next process to start sweeps it away. Names are random: what was sent never becomes a path.
"""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

import structlog

from server.core.durable import sync_directory
from server.core.errors import LianzhenError, StorageFull, Unavailable
from server.core.ids import Ids
from server.intake.digest import FollowingDigests

_log = structlog.get_logger(__name__)
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ROOM_CHECK_S: Final = 1.0
_LOCK: Final = ".lock"
_SCRATCH: Final = "scratch-files"
# A process may die with its commit under way in the database: its files are left alone so long.
_SETTLED_AFTER_S: Final = 60.0


class SpoolFile:
    """A file under way into the spool; its digests grow with it."""

    def __init__(self, name: str, path: Path, executor: Executor) -> None:
        self.name = name
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._open = True
        self._digests = FollowingDigests(self._fd, executor)

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._digests.size

    @property
    def sha256(self) -> str:
        """The digest of the whole file, once it is `complete`."""
        return self._digests.sha256

    def dataset_begins(self) -> None:
        """Say that what is written from here on is the data set: it is hashed beside the rest."""
        self._digests.dataset_begins()

    def dataset_blake3(self, offset: int) -> str:
        """Return the digest of what stands from ``offset`` on; blocking, after the last byte.

        Raises
        ------
        OSError
            As `complete`.
        """
        return self._digests.dataset_blake3(offset)

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Write all of ``chunk`` to the page cache.

        Raises
        ------
        OSError
            If the disk refuses it, for want of room or otherwise.
        """
        view = memoryview(chunk)
        while view:
            view = view[os.write(self._fd, view) :]
        self._digests.written(chunk)

    def complete(self) -> None:
        """Let the digests come to the end of what was written; blocking.

        Raises
        ------
        OSError
            If the disk does not give back what was written.
        """
        self._digests.complete()

    def sync(self) -> None:
        """Force the file and its folder to the disk; blocking. Never retried after a failure.

        Without the folder's sync the file is gone after a power cut (measured on ext4). After a
        failed fsync the kernel may have dropped the pages: a second one would lie.
        """
        try:
            os.fsync(self._fd)
        finally:
            self.close()
        sync_directory(self.path.parent)

    def close(self) -> None:
        """Close the descriptor, without any promise about the bytes."""
        if self._open:
            self._open = False
            os.close(self._fd)

    def discard(self) -> None:
        """Remove the file: nobody was promised anything."""
        self.close()
        self.path.unlink(missing_ok=True)


class Spool:
    """One host's spool, as one process uses it."""

    def __init__(self, root: Path, *, min_free_bytes: int, ids: Ids, executor: Executor) -> None:
        self._root = root
        self._executor = executor
        self._min_free_bytes = min_free_bytes
        self._ids = ids
        self._own = ids.new()
        self._lock_fd: int | None = None
        self._room_checked_at_s = float("-inf")
        self._free_bytes = 0
        self.id = ""

    def open(self) -> None:
        """Make the folders, take the lock on our own, and learn the host's spool id."""
        self._root.mkdir(parents=True, exist_ok=True)
        self.id = self._host_id()
        self.uploads_dir.mkdir(exist_ok=True)
        # Locked before it has its name: a sweep under way never sees it without its owner.
        making = self._root / f".{self._own}"
        (making / _SCRATCH).mkdir(parents=True)
        self._lock_fd = os.open(making / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        fcntl.flock(self._lock_fd, fcntl.LOCK_EX)
        making.rename(self._root / self._own)
        sync_directory(self._root)

    def close(self) -> None:
        """Give the lock back; files of ours may now be adopted."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def new_file(self) -> SpoolFile:
        """Open a new file.

        Raises
        ------
        StorageFull
            If the disk has too little room left to promise anything.
        Unavailable
            If it fails otherwise.
        """
        self.check_room()
        name = f"{self._own}/{self._ids.new()}"
        try:
            return SpoolFile(name, self._root / name, self._executor)
        except OSError as error:
            raise refusal_of(error) from error

    def adopt(self, path: Path) -> SpoolFile:
        """Take over a file of the same disk, reading it once for its digest; blocking."""
        name = f"{self._own}/{self._ids.new()}"
        path.rename(self._root / name)
        file = SpoolFile(name, self._root / name, self._executor)
        try:
            file.complete()
        except BaseException:
            file.close()
            raise
        return file

    @property
    def uploads_dir(self) -> Path:
        """Where resumable uploads grow; no process's own, since any may carry one on."""
        return self._root / "unfinished-uploads"

    @property
    def scratch_dir(self) -> Path:
        """Where files are put for a decoder to read, on the same disk as the spool."""
        return self._root / self._own / _SCRATCH

    def path(self, name: str) -> Path:
        """Return the path of a file that a row names."""
        folder, _, file = name.partition("/")
        if not (folder.isalnum() and file.isalnum()):
            raise ValueError(f"no spool file is called {name!r}")
        return self._root / folder / file

    def remove(self, name: str) -> None:
        """Remove a file whose bytes are safe elsewhere."""
        self.path(name).unlink(missing_ok=True)

    @property
    def free_bytes(self) -> int:
        """Free bytes on the spool's disk, at most a second old."""
        now_s = time.monotonic()
        if now_s - self._room_checked_at_s >= _ROOM_CHECK_S:
            self._free_bytes = shutil.disk_usage(self._root).free
            self._room_checked_at_s = now_s
        return self._free_bytes

    def check_room(self, size: int = 0) -> None:
        """Raise `StorageFull` where ``size`` more bytes lead below the watermark.

        We refuse in time rather than lose.
        """
        if self.is_short_of(size):
            # Nobody is refused for want of room that there is by now.
            self._room_checked_at_s = float("-inf")
        if self.is_short_of(size):
            raise StorageFull(
                "the server's disk is nearly full; keep the data and send again later"
            )

    def is_short_of(self, size: int) -> bool:
        """Tell whether ``size`` more bytes would bring us below the watermark."""
        return self.free_bytes < self._min_free_bytes + size

    def abandoned_files(self) -> list[str]:
        """Return the names of settled files in folders whose process is gone; blocking."""
        settled_at = time.time() - _SETTLED_AFTER_S
        return [
            f"{folder.name}/{entry.name}"
            for folder in self._abandoned_folders()
            for entry in sorted(folder.iterdir())
            if entry.name not in {_LOCK, _SCRATCH} and entry.stat().st_mtime < settled_at
        ]

    def sweep(self, names: Iterable[str]) -> int:
        """Remove abandoned files that no row names, and folders left empty; return how many."""
        removed = 0
        for name in names:
            self.remove(name)
            removed += 1
        for folder in self._abandoned_folders():
            if {entry.name for entry in folder.iterdir()} <= {_LOCK, _SCRATCH}:
                shutil.rmtree(folder, ignore_errors=True)
        return removed

    def _abandoned_folders(self) -> Iterator[Path]:
        for folder in sorted(self._root.iterdir()):
            if not folder.is_dir() or folder.name == self._own or not folder.name.isalnum():
                continue
            if _is_unlocked(folder / _LOCK):
                yield folder

    def _host_id(self) -> str:
        path = self._root / "spool-id"
        candidate = self._root / f".spool-id-{self._own}"
        if not path.exists():
            candidate.write_text(self._ids.new())
            with candidate.open() as written:
                os.fsync(written.fileno())
            try:
                os.link(candidate, path)
            except FileExistsError:
                _log.debug("another process named this spool first")
            candidate.unlink()
            sync_directory(self._root)
        return path.read_text().strip()


def refusal_of(error: OSError) -> LianzhenError:
    """Return how a sender hears of a disk's error: `StorageFull` for want of room."""
    if error.errno in _NO_ROOM:
        return StorageFull("the server's disk is full; keep the data and send again later")
    _log.error("the spool's disk failed", errno=error.errno)
    return Unavailable(
        "the server's disk failed; keep the data and tell the operator", code="disk-failed"
    )


def _is_unlocked(lock: Path) -> bool:
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        # No folder gets its name before its lock: a sweep died while it removed this one.
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True
