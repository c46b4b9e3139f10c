"""The digests of a file that grows, taken beside its writer.

SHA-256 of the whole file, by which the store and everybody outside knows it, and BLAKE3 of its
data set, by which we know the same instance in another file meta information. The first megabyte,
which is all of most objects, is hashed where it is written; behind that a thread follows, reading
what the page cache still has.
"""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import Final

from blake3 import blake3

_AT_ONCE_BYTES: Final = 1 << 20
_STEP_BYTES: Final = 1 << 20
"""How far the digests may be behind before a thread is asked to follow."""
_BLOCK_BYTES: Final = 256 * 1024


class FollowingDigests:
    """Hashes what is written to a descriptor, from its beginning to wherever it stands.

    Parameters
    ----------
    fd
        Of the file, open for reading; the caller's to close, at any time.
    executor
        Where the thread comes from. One that is busy or closed delays nothing but `complete`.
    """

    def __init__(self, fd: int, executor: Executor) -> None:
        self._fd = fd
        self._executor = executor
        self._whole = hashlib.sha256()
        self._dataset = blake3()
        self._dataset_offset: int | None = None
        self._hashed = 0
        self._following: Future[None] | None = None
        self._is_complete = False
        self.size = os.fstat(fd).st_size

    @property
    def sha256(self) -> str:
        """The digest of the whole file in hexadecimal, once that is `complete`."""
        if not self._is_complete:
            raise RuntimeError("the digest is not complete")
        return self._whole.hexdigest()

    def dataset_begins(self) -> None:
        """Take note that what is written from here on is the data set."""
        self._dataset_offset = self.size

    def dataset_blake3(self, offset: int) -> str:
        """Return the digest of what stands from ``offset`` on, in hexadecimal; blocking.

        Without a second look where `dataset_begins` said so.
        """
        if self._dataset_offset == offset:
            self.complete()
            return self._dataset.hexdigest()
        digest = blake3()
        for block in _blocks(self._fd, offset, self.size):
            digest.update(block)
        return digest.hexdigest()

    def written(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take note that ``chunk`` was written at the end of the file."""
        self._is_complete = False
        is_behind = self._hashed < self.size
        self.size += len(chunk)
        if self.size <= _AT_ONCE_BYTES and not is_behind:
            self._update(chunk)
        elif self._following is None or self._following.done():
            self._follow()

    def complete(self) -> None:
        """Hash what is left; blocking. From one thread, and after the last `written`.

        Raises
        ------
        OSError
            If what was written cannot be read.
        """
        following, self._following = self._following, None
        # A thread that has not begun may be behind us in the same queue: it is not waited for.
        if following is not None and not following.cancel():
            following.result()
        self._hash(self._fd, self.size)
        self._is_complete = True

    def _follow(self) -> None:
        if self._following is not None:
            self._following.result()
        if self.size - self._hashed < _STEP_BYTES:
            return
        # The file may be closed and removed meanwhile: the thread has a descriptor of its own.
        fd = os.dup(self._fd)
        try:
            self._following = self._executor.submit(self._hash, fd, self.size)
        except RuntimeError:
            # The executor is closed; `complete` does it all.
            os.close(fd)
            return
        self._following.add_done_callback(lambda _: os.close(fd))

    def _hash(self, fd: int, end: int) -> None:
        for block in _blocks(fd, self._hashed, end):
            self._update(block)

    def _update(self, block: bytes | bytearray | memoryview) -> None:
        self._whole.update(block)
        self._hashed += len(block)
        offset = self._dataset_offset
        if offset is not None and self._hashed > offset:
            self._dataset.update(memoryview(block)[max(0, offset - self._hashed + len(block)) :])


def _blocks(fd: int, start: int, end: int) -> Iterator[memoryview]:
    """Yield the bytes of a file from ``start`` to ``end``, each block in the place of the last."""
    block = memoryview(bytearray(min(_BLOCK_BYTES, max(0, end - start))))
    while start < end:
        count = os.preadv(fd, [block[: end - start]], start)
        if not count:
            raise OSError(f"the file ends at {start} of {end} bytes")
        yield block[:count]
        start += count
