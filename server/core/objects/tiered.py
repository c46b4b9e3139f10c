"""Two stores as one: what was moved to the second is read from there, and nobody need know.

An object is in the first store, or in the second, or for a moment in both; moving it copies, checks
and only then removes, so that a reader always finds it.
"""

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from pathlib import Path

from server.core.objects.errors import ObjectMissing
from server.core.objects.port import Digest, LinkingStore, ObjectStat, ObjectStore, PutResult


class TieredStore:
    """Writes to the first store, reads from either."""

    def __init__(self, hot: ObjectStore, cold: ObjectStore) -> None:
        self.hot = hot
        self.cold = cold

    async def open(self) -> None:
        """Open both."""
        await self.hot.open()
        try:
            await self.cold.open()
        except BaseException:
            await self.hot.close()
            raise

    async def close(self) -> None:
        """Close both."""
        try:
            await self.cold.close()
        finally:
            await self.hot.close()

    async def check(self) -> None:
        """Raise unless the first answers: without the second, only old studies are out of reach."""
        await self.hot.check()

    async def put(
        self,
        key: str,
        stream: AsyncIterable[bytes],
        *,
        sha256: str,
        size: int,
        overwrite: bool = False,
    ) -> PutResult:
        """Keep it in the first store."""
        return await self.hot.put(key, stream, sha256=sha256, size=size, overwrite=overwrite)

    async def get(
        self,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
        digest: Digest | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Stream it from where it is."""
        # Moved back between two looks, it is in the first again.
        for store, is_last in ((self.hot, False), (self.cold, False), (self.hot, True)):
            async with aclosing(
                store.get(key, start=start, length=length, digest=digest)
            ) as blocks:
                try:
                    first = await anext(blocks, None)
                except ObjectMissing:
                    if is_last:
                        raise
                    continue
                if first is not None:
                    yield first
                async for block in blocks:
                    yield block
                return

    def link(self, key: str, name: Path) -> bool:
        """Give its file a second name, if either store has one here. Blocks."""
        return any(
            isinstance(store, LinkingStore) and store.link(key, name)
            for store in (self.hot, self.cold)
        )

    def adopt(self, key: str, name: Path, *, sha256: str, size: int) -> bool:
        """Make a file an object of the first store, if that has files here. Blocks."""
        hot = self.hot
        return isinstance(hot, LinkingStore) and hot.adopt(key, name, sha256=sha256, size=size)

    async def stat(self, key: str) -> ObjectStat | None:
        """Return what either knows of it."""
        for store in (self.hot, self.cold, self.hot):
            if (found := await store.stat(key)) is not None:
                return found
        return None

    async def delete(self, key: str) -> None:
        """Remove it from both."""
        await self.hot.delete(key)
        await self.cold.delete(key)

    async def keys(self, prefix: str = "") -> AsyncGenerator[str, None]:
        """Yield the keys of both."""
        for store in (self.hot, self.cold):
            async with aclosing(store.keys(prefix)) as keys:
                async for key in keys:
                    yield key

    async def move(self, key: str, *, sha256: str, size: int, to_cold: bool) -> None:
        """Move an object to one of the stores; done again, it changes nothing.

        Raises
        ------
        ObjectStoreError
            If it is in neither, its bytes are not those of ``sha256``, or a store fails: then it is
            where it was.
        """
        source, target = (self.hot, self.cold) if to_cold else (self.cold, self.hot)
        if await source.stat(key) is None and await target.stat(key) is not None:
            return
        async with aclosing(source.get(key)) as blocks:
            await target.put(key, blocks, sha256=sha256, size=size)
        await source.delete(key)
