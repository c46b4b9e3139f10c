"""Objects as files below one directory: the embedded default, and as durable as its disk."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from concurrent.futures import Executor
from contextlib import aclosing
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

from server.core import durable
from server.core.file_blocks import range_blocks
from server.core.objects import file_io
from server.core.objects.errors import (
    ObjectMissing,
    ObjectStoreFull,
    ObjectStoreUnavailable,
)
from server.core.objects.port import (
    Digest,
    ObjectStat,
    PutResult,
    check_announced,
    check_key,
    range_end,
)
from server.core.objects.verify import verified_blocks

P = ParamSpec("P")
T = TypeVar("T")

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class FileStore:
    """An object store on a local file system that has hard links and honest fsync."""

    def __init__(
        self,
        root: Path,
        *,
        executor: Executor,
        replaceable: bool = False,
        check_timeout_s: float = 2.0,
    ) -> None:
        self._root = root.absolute()
        # On the same file system as the objects, or the link fails; one place is cheap to sweep.
        self._temporary = self._root / ".tmp"
        self._executor = executor
        self._replaceable = replaceable
        self._check_timeout_s = check_timeout_s
        self._directories = file_io.DurableDirectories(self._root)

    def __repr__(self) -> str:
        """Name the place."""
        return f"FileStore({str(self._root)!r})"

    async def open(self) -> None:
        """Create the directories and sweep what dead writers left."""
        await self._run(self._directories.ensure, self._temporary)
        await self._run(file_io.sweep, self._temporary)

    async def close(self) -> None:
        """Nothing is held between calls."""

    async def check(self) -> None:
        """Raise unless the directory is there, writable and not full."""
        try:
            async with asyncio.timeout(self._check_timeout_s):
                await self._run(self._check)
        except TimeoutError:
            raise ObjectStoreUnavailable(f"{self!r} did not answer") from None

    async def put(
        self,
        key: str,
        stream: AsyncIterable[bytes],
        *,
        sha256: str,
        size: int,
        overwrite: bool = False,
    ) -> PutResult:
        """Write, sync and link; the page cache makes reading back what was just synced no proof."""
        target = self._path(key)
        check_announced(sha256, size)
        if overwrite and not self._replaceable:
            raise ValueError("this store keeps what it has: overwrite is for derived data")
        if not overwrite and await self._run(
            file_io.confirm_stored, target, sha256=sha256, size=size
        ):
            return PutResult.ALREADY_THERE
        writer = file_io.FileWriter(self._temporary, target, self._directories)
        blocks = verified_blocks(stream, sha256=sha256, size=size, executor=self._executor)
        try:
            await self._run(writer.begin)
            async with aclosing(blocks):
                async for block in blocks:
                    await self._run(writer.write, block)
            result = await self._run(writer.commit, overwrite=overwrite)
        except ObjectMissing as error:
            raise ObjectStoreUnavailable(f"{self!r} lost a directory of {key}") from error
        finally:
            await asyncio.shield(self._run(writer.close))
        if result is PutResult.ALREADY_THERE and not await self._run(
            file_io.confirm_stored, target, sha256=sha256, size=size
        ):
            raise ObjectStoreUnavailable(f"{key} was taken back by a put that failed")
        return result

    async def get(
        self,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
        digest: Digest | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Stream a range of the file."""
        blocks = range_blocks(
            self._path(key),
            self._executor,
            start,
            lambda size: range_end(key, size, start, length),
            short=lambda at, end: ObjectStoreUnavailable(f"{key} ended at {at} of {end} bytes"),
            digest=digest,
        )
        try:
            async with aclosing(blocks):
                async for block in blocks:
                    yield block
        except OSError as error:
            await self._run(_raise, error)

    def link(self, key: str, name: Path) -> bool:
        """Give an object's file a second name; False where there is none on that disk. Blocks."""
        try:
            os.link(self._path(key), name, follow_symlinks=False)
        except OSError:
            return False
        return True

    def adopt(self, key: str, name: Path, *, sha256: str, size: int) -> bool:
        """Read, sync and link: nothing is written but the name. Blocks."""
        target = self._path(key)
        check_announced(sha256, size)
        # What is wrong with the file is none of the store's faults, and not told as one.
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            file_io.hold_to(fd, sha256=sha256, size=size)
            return self._translating(file_io.adopt, fd, name, target, self._directories)
        finally:
            os.close(fd)

    async def stat(self, key: str) -> ObjectStat | None:
        """Return the size of the file; a digest it has none of."""
        path = self._path(key)
        try:
            return await self._run(self._stat, path)
        except ObjectMissing:
            return None

    async def delete(self, key: str) -> None:
        """Unlink, and sync the directory so that the object does not come back."""
        path = self._path(key)
        try:
            await self._run(self._delete, path)
        except ObjectMissing:
            return

    async def keys(self, prefix: str = "") -> AsyncGenerator[str, None]:
        """Walk the directories, one at a time."""
        waiting = [self._path(prefix.removesuffix("/"))] if prefix else [self._root]
        while waiting:
            directories, names = await self._run(
                file_io.listed, waiting.pop(), self._temporary, missing_ok=bool(prefix)
            )
            waiting.extend(directories)
            for path in names:
                yield path.relative_to(self._root).as_posix()

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._executor, lambda: self._translating(call, *args, **kwargs)
        )

    def _translating(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise ObjectStoreFull(str(error)) from error
            # An unmounted disk must not look like a store whose objects were all deleted.
            if isinstance(error, FileNotFoundError) and self._temporary.is_dir():
                raise ObjectMissing(str(error)) from error
            raise ObjectStoreUnavailable(str(error)) from error

    def _check(self) -> None:
        if not os.access(self._temporary, os.W_OK | os.X_OK):
            raise ObjectStoreUnavailable(f"{self!r} cannot be written")
        if shutil.disk_usage(self._root).free == 0:
            raise ObjectStoreFull(f"{self!r} has no room left")

    @staticmethod
    def _stat(path: Path) -> ObjectStat:
        reader = file_io.FileReader(path)
        try:
            return ObjectStat(size_bytes=reader.open())
        finally:
            reader.close()

    @staticmethod
    def _delete(path: Path) -> None:
        path.unlink()
        durable.sync_directory(path.parent)


def _raise(error: OSError) -> NoReturn:
    raise error
