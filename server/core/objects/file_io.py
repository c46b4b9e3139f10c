"""The blocking half of the file store: every system call it makes, in order of durability."""

import errno
import fcntl
import hashlib
import os
import stat
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from server.core import durable
from server.core.objects.errors import DigestMismatch, StoredDigestMismatch
from server.core.objects.port import BLOCK_BYTES, Digest, PutResult

_DIRECTORY_MODE = 0o700
_FILE_MODE = 0o600
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EEXIST, errno.EMLINK, errno.EOPNOTSUPP})


class DurableDirectories:
    """Creates directories below a root, each synced into its parent once a process."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # A directory that exists may have been left unsynced by a process that died: no proof.
        self._synced: set[Path] = set()

    def ensure(self, directory: Path) -> None:
        """Create the directory and whatever is missing above it, durably."""
        if directory in self._synced:
            return
        if directory != self._root:
            self.ensure(directory.parent)
            directory.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
        else:
            directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        durable.sync_directory(directory.parent)
        self._synced.add(directory)


def sweep(temporary: Path) -> int:
    """Remove the temporary files no living writer holds locked; return how many."""
    removed = 0
    for path in temporary.iterdir():
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            path.unlink(missing_ok=True)
            removed += 1
        finally:
            os.close(fd)
    return removed


def confirm_stored(path: Path, *, sha256: str, size: int) -> bool:
    """Tell whether an object is here, durable and byte for byte the announced one.

    Another put may have linked it without having synced yet, or have died before: so both syncs
    are made again, and the name must still lead to the same file afterwards (a put whose
    directory sync failed takes its link back).
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        os.fsync(fd)
        durable.sync_directory(path.parent)
        seen, found = _digest_of(fd)
        if (seen, found) != (size, sha256):
            raise StoredDigestMismatch(
                f"announced {size} bytes, sha256 {sha256}; stored {seen}, {found}"
            )
        try:
            return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(fd))
        except FileNotFoundError:
            return False
    finally:
        os.close(fd)


def hold_to(fd: int, *, sha256: str, size: int) -> None:
    """Raise DigestMismatch unless a file is byte for byte what is announced."""
    seen, found = _digest_of(fd)
    if (seen, found) != (size, sha256):
        raise DigestMismatch(f"announced {size} bytes, sha256 {sha256}; {seen}, {found} came")


def adopt(fd: int, name: Path, target: Path, directories: DurableDirectories) -> bool:
    """Link an open file in as an object, durably.

    Returns
    -------
    False where it cannot be linked, or something is there already.
    """
    directories.ensure(target.parent)
    try:
        os.link(name, target, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    try:
        os.fchmod(fd, _FILE_MODE)
        os.fsync(fd)
        durable.sync_directory(target.parent)
    except OSError:
        target.unlink(missing_ok=True)
        raise
    return True


def _digest_of(fd: int) -> tuple[int, str]:
    digest = hashlib.sha256()
    seen = 0
    while block := os.read(fd, BLOCK_BYTES):
        digest.update(block)
        seen += len(block)
    return seen, digest.hexdigest()


class FileWriter:
    """One object on its way: temporary file, sync, link without overwriting, directory sync.

    Calls arrive from executor threads; the lock makes ``close`` after a cancelled call wait for it.
    """

    def __init__(self, temporary: Path, target: Path, directories: DurableDirectories) -> None:
        self._temporary = temporary
        self._target = target
        self._directories = directories
        self._lock = threading.Lock()
        self._closed = False
        self._path: Path | None = None
        self._fd = -1

    def begin(self) -> None:
        """Create the temporary file and lock it against a sweep by another process."""
        with self._lock:
            self._require_open()
            self._directories.ensure(self._target.parent)
            while self._path is None:
                path = self._temporary / uuid.uuid4().hex
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    swept = os.fstat(fd).st_nlink == 0
                except BlockingIOError:
                    swept = True
                if swept:  # between creation and lock: take another name
                    os.close(fd)
                else:
                    self._path, self._fd = path, fd

    def write(self, block: bytes) -> None:
        """Append a block."""
        with self._lock:
            self._require_open()
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(self._fd, rest) :]

    def commit(self, *, overwrite: bool) -> PutResult:
        """Make the object visible and durable; a failed sync is final, and leaves nothing."""
        with self._lock:
            self._require_open()
            if self._path is None:
                raise RuntimeError("commit before begin")
            os.fsync(self._fd)
            if overwrite:
                self._path.replace(self._target)
                durable.sync_directory(self._target.parent)
                return PutResult.CREATED
            try:
                os.link(self._path, self._target, follow_symlinks=False)
            except FileExistsError:
                return PutResult.ALREADY_THERE
            try:
                durable.sync_directory(self._target.parent)
            except OSError:
                self._target.unlink(missing_ok=True)
                raise
            return PutResult.CREATED

    def close(self) -> None:
        """Drop the temporary name and the descriptor; harmless when nothing was begun."""
        with self._lock:
            self._closed = True
            if self._path is not None:
                self._path.unlink(missing_ok=True)
                os.close(self._fd)
                self._path = None

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError("the writer is closed")


class FileReader:
    """One object being read; the lock makes ``close`` wait for a cancelled call's thread.

    It closes itself with its last block, and takes the ``digest`` of each where it reads it: a
    visit of a thread costs as much as reading a block.
    """

    def __init__(self, path: Path, digest: Digest | None = None) -> None:
        self._path = path
        self._digest = digest
        self._lock = threading.Lock()
        self._fd = -1
        self.is_closed = False

    def open(self) -> int:
        """Open the object and return its size in bytes."""
        with self._lock:
            return self._open()

    def begin(self, end_of: Callable[[int], int], start: int) -> tuple[int, bytes]:
        """Open the object, and return where its range ends and the first block of it.

        Parameters
        ----------
        end_of
            Tells the end of the range in an object of so many bytes, or raises.
        start
            Where it begins.
        """
        with self._lock:
            end = end_of(self._open())
            return end, self._read(start, end)

    def read(self, start: int, end: int) -> bytes:
        """Return the next block of the range."""
        with self._lock:
            return self._read(start, end)

    def close(self) -> None:
        """Close the descriptor; harmless when nothing was opened."""
        with self._lock:
            self._close()

    def _open(self) -> int:
        if self.is_closed:
            raise RuntimeError("the reader is closed")
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                raise FileNotFoundError(errno.ENOENT, "not an object", self._path) from error
            raise
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, "not an object", self._path)
        return status.st_size

    def _read(self, start: int, end: int) -> bytes:
        if self.is_closed:
            raise RuntimeError("the reader is closed")
        block = os.pread(self._fd, min(BLOCK_BYTES, end - start), start)
        if self._digest is not None:
            self._digest.update(block)
        if start + len(block) == end:
            self._close()
        return block

    def _close(self) -> None:
        self.is_closed = True
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def listed(directory: Path, hidden: Path, *, missing_ok: bool) -> tuple[list[Path], list[Path]]:
    """Return the directories in a directory, but for ``hidden``, and its files."""
    directories: list[Path] = []
    files: list[Path] = []
    if missing_ok and not directory.exists():
        return directories, files
    with os.scandir(directory) as entries:
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                directories.append(path)
            elif entry.is_file(follow_symlinks=False):
                files.append(path)
    return sorted((each for each in directories if each != hidden), reverse=True), sorted(files)
