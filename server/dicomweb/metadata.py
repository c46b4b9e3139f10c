"""Metadata as DICOM JSON: prepared once a series, kept gzipped, sent as it is kept; or as XML.

What is kept is derived data: it is rebuilt when the series has grown, when it is damaged, and
when the store has lost it; while the store is down it is rebuilt for each request.
"""

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, TypeVar

import orjson
from sqlalchemy import select

from dicom.web.native_xml import to_xml
from server.core.database import Database
from server.dicomweb.access import StoredInstance, StoredSeries
from server.dicomweb.derived import Derived
from server.studies.public import Instance

_T = TypeVar("_T")
_RELATIVE: Final = b'"BulkDataURI":"'
_GZIP: Final = 16 + zlib.MAX_WBITS
_KEPT_LEVEL: Final = 6
_PASSING_LEVEL: Final = 1
_PIECE_BYTES: Final = 1 << 18
_ORIGINS_KEPT: Final = 8
"""A prepared blob names the host it was asked at, which is the client's word: so few are kept."""


class MetadataService:
    """Gives the metadata of instances, series and studies, gzipped."""

    def __init__(self, *, database: Database, derived: Derived, executor: Executor) -> None:
        self._database = database
        self._derived = derived
        self._executor = executor
        self._origins: set[str] = set()

    async def of_instance(self, instance: StoredInstance, base: str) -> bytes:
        """Return one instance's metadata as a gzipped JSON array of one."""
        async with self._database.reading() as session:
            kept = await session.scalar(
                select(Instance.metadata_json_gz).where(Instance.id == instance.pk)
            )
        uri = _instance_uri(base, instance.study_uid, instance.series_uid, instance.sop_uid)
        return await self._blocking(lambda: _join([(kept or b"", uri)], _PASSING_LEVEL))

    async def of_series(self, series: StoredSeries, base: str) -> bytes:
        """Return a series' metadata as a gzipped JSON array, in order of instance number."""
        key = f"{series.org}/m/{series.pk}/{hashlib.sha256(base.encode()).hexdigest()[:16]}"
        head = series.revision.encode() + b"\n"
        kept = await self._kept(key, head) if self._keeps(base) else None
        if kept is not None:
            return kept
        built = await self._build(series, base)
        if self._keeps(base):
            await self._derived.keep(key, head + built)
        return built

    async def of_study(
        self, several: Sequence[StoredSeries], base: str, *, gzipped: bool
    ) -> AsyncIterator[bytes]:
        """Yield one JSON array of all the series, gzipped or not, piece by piece."""
        # One gzip member: browsers ignore what follows the first.
        engine = zlib.compressobj(_PASSING_LEVEL, zlib.DEFLATED, _GZIP) if gzipped else None

        def encoded(body: bytes) -> bytes:
            return body if engine is None else engine.compress(body)

        opening = b"["
        for series in several:
            pieces = map(encoded, _inside(await self.of_series(series, base), opening))
            while (piece := await self._blocking(partial(next, pieces, None))) is not None:
                if piece:
                    yield piece
            opening = b","
        yield encoded(b"]") + (engine.flush() if engine is not None else b"")

    async def documents(self, several: Sequence[StoredSeries], base: str) -> AsyncIterator[bytes]:
        """Yield each instance's metadata as XML, in the same order; one in memory at once."""
        for series in several:
            for kept, uri in await self._rows(series, base):
                yield await self._blocking(partial(_document, kept, uri))

    async def plain(self, gzipped: bytes) -> bytes:
        """Return what was gzipped, for the client that does not take that."""
        return await self._blocking(lambda: gzip.decompress(gzipped))

    def _keeps(self, base: str) -> bool:
        if base not in self._origins and len(self._origins) < _ORIGINS_KEPT:
            self._origins.add(base)
        return base in self._origins

    async def _kept(self, key: str, head: bytes) -> bytes | None:
        found = await self._derived.get(key)
        return found[len(head) :] if found is not None and found.startswith(head) else None

    async def _build(self, series: StoredSeries, base: str) -> bytes:
        rows = await self._rows(series, base)
        return await self._blocking(lambda: _join(rows, _KEPT_LEVEL))

    async def _rows(self, series: StoredSeries, base: str) -> list[tuple[bytes, bytes]]:
        """Return each instance's metadata as they are kept, and its address."""
        async with self._database.reading() as session:
            found = await session.execute(
                select(Instance.sop_instance_uid, Instance.metadata_json_gz)
                .where(Instance.series_pk == series.pk, Instance.rejected_as.is_(None))
                .order_by(Instance.instance_number, Instance.sop_instance_uid)
            )
            return [
                (kept, _instance_uri(base, series.study_uid, series.series_uid, sop_uid))
                for sop_uid, kept in found
            ]

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _instance_uri(base: str, study_uid: str, series_uid: str, sop_uid: str) -> bytes:
    return f"{base}/studies/{study_uid}/series/{series_uid}/instances/{sop_uid}/".encode()


def absolute(kept: bytes, uri: bytes) -> bytes:
    """Return an instance's JSON with the bulk data URIs below ``uri``.

    The key with its colon cannot stand inside a JSON string, where its quotes would be escaped.
    """
    return gzip.decompress(kept).replace(_RELATIVE, _RELATIVE + uri)


def _document(kept: bytes, uri: bytes) -> bytes:
    return to_xml(orjson.loads(absolute(kept, uri)))


def _join(rows: Sequence[tuple[bytes, bytes]], level: int) -> bytes:
    """Return a gzipped array of all rows, of which one is unpacked at once."""
    engine = zlib.compressobj(level, zlib.DEFLATED, _GZIP)
    pieces = []
    opening = b"["
    for kept, uri in rows:
        pieces.append(engine.compress(opening + absolute(kept, uri)))
        opening = b","
    return b"".join([*pieces, engine.compress(b"]"), engine.flush()])


def _inside(kept: bytes, opening: bytes) -> Iterator[bytes]:
    """Yield what stands between the brackets of a gzipped array, after ``opening``."""
    engine = zlib.decompressobj(_GZIP)
    held = b""
    while not engine.eof:
        piece = engine.decompress(kept, _PIECE_BYTES)
        kept = engine.unconsumed_tail
        if not (piece or kept or engine.eof):
            raise EOFError("the metadata kept end early")
        if piece and not held:
            piece = opening + piece[1:]
        # The last byte is the closing bracket, and nobody knows which is the last.
        piece = held + piece
        yield piece[:-1]
        held = piece[-1:]
