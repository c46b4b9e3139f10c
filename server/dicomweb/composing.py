"""STOW-RS of metadata and bulk data: instances put together from the parts of one message."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar, cast
from urllib.parse import urljoin

from dicom.compose import Arrived, compose, composed_bytes
from dicom.uids import is_uid
from dicom.web.json_reader import Described, JsonError, NodeBudget, from_json
from dicom.web.media_types import DICOM_JSON, DICOM_XML, MediaType, MediaTypeError, parse_media_type
from server.core.errors import InvalidInput, TooLarge
from server.core.file_blocks import file_blocks, opened
from server.dicomweb.described import described
from server.dicomweb.storage import (
    NOT_UNDERSTOOD,
    OUT_OF_RESOURCES,
    PartRefused,
    Parts,
    StoreLimits,
)
from server.intake.public import Originals

_T = TypeVar("_T")
_MOST_METADATA_BYTES: Final = 32 << 20
"""Of one message: all its metadata are held until its values are there."""
_OCTETS: Final = MediaType("application/octet-stream")

IncomingPart = tuple[Mapping[str, str], AsyncIterator[bytes]]
"""Headers, names in lower case, and body."""


class Composer:
    """Puts instances together; their values wait in files until the message is complete."""

    def __init__(self, *, originals: Originals, executor: Executor, limits: StoreLimits) -> None:
        self._originals = originals
        self._executor = executor
        self._limits = limits

    async def compose(self, parts: AsyncIterator[IncomingPart], base: str) -> Parts:
        """Yield each described instance as a Part 10 file, or as a `PartRefused`.

        A BulkDataURI means a part of the same message with that Content-Location, and nothing else:
        no address is ever fetched.

        Raises
        ------
        InvalidInput
            If the message holds no metadata, or metadata that are none.
        TooLarge
            If it is too large.
        """
        async with AsyncExitStack() as files:
            several, arrived = await self._receive(parts, base, files)
            if not several:
                raise InvalidInput("the request brings no metadata", code="no-metadata")
            for each in several:
                yield self._file_of(each, arrived, base)

    async def _receive(
        self, parts: AsyncIterator[IncomingPart], base: str, files: AsyncExitStack
    ) -> tuple[list[dict[str, Any]], dict[str, Arrived]]:
        found: list[dict[str, Any]] = []
        arrived: dict[str, Arrived] = {}
        left = self._limits.max_total_bytes
        metadata_left = _MOST_METADATA_BYTES
        budget = NodeBudget()
        count = 0
        async for headers, body in parts:
            count += 1
            if count > self._limits.max_parts:
                raise TooLarge("the request has too many parts", code="too-many-parts")
            kind = _kind_of(headers)
            if kind.name in (DICOM_JSON, "application/json", DICOM_XML):
                document = await _whole(body, min(left, metadata_left))
                left -= len(document)
                metadata_left -= len(document)
                read = partial(described, kind.name, document, budget)
                found.extend(await self._blocking(read))
                continue
            path = await files.enter_async_context(self._originals.scratch_file())
            saved = await self._save(body, path, left)
            left -= saved
            location = _absolute(base, headers.get("content-location", ""))
            before = arrived.get(location)
            paths = [path] if before is None else [*before.paths, path]
            size = saved if before is None else before.size + saved
            arrived[location] = Arrived(paths, size, kind.name, kind.parameter("transfer-syntax"))
        return found, arrived

    async def _save(self, body: AsyncIterator[bytes], path: Path, most: int) -> int:
        size = 0
        async with opened(path, self._executor, "wb") as file:
            async for block in body:
                size += len(block)
                if size > most:
                    raise TooLarge("the request is larger than this server takes")
                await self._blocking(partial(file.write, block))
        return size

    async def _file_of(
        self, each: dict[str, Any], arrived: Mapping[str, Arrived], base: str
    ) -> AsyncIterator[bytes]:
        try:
            found, values = await self._blocking(partial(_read, each, arrived, base))
        except KeyError:
            raise _refused(each, "a BulkDataURI names no part of this message") from None
        except JsonError as error:
            raise _refused(each, str(error)) from error
        size = composed_bytes(values.values())
        if size > self._limits.max_object_bytes:
            detail = "the object is larger than this server takes"
            raise _refused(each, detail, OUT_OF_RESOURCES)
        # Once here, and once where intake puts it.
        async with self._originals.scratch_file(2 * size) as path:
            try:
                await self._blocking(partial(_write, found, values, path))
            except JsonError as error:
                raise _refused(each, str(error)) from error
            async for block in file_blocks(path, self._executor):
                yield block

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _read(
    each: dict[str, Any], arrived: Mapping[str, Arrived], base: str
) -> tuple[Described, dict[tuple[int, ...], Arrived]]:
    found = from_json(each)
    return found, {
        where: arrived[_absolute(base, reference.uri)]
        for where, reference in found.references.items()
    }


def _write(described: Described, values: Mapping[tuple[int, ...], Arrived], path: Path) -> None:
    with path.open("wb") as out:
        compose(described, values, cast("BinaryIO", out))


def _absolute(base: str, location: str) -> str:
    try:
        return urljoin(f"{base}/", location)
    except ValueError:
        return location


def _kind_of(headers: Mapping[str, str]) -> MediaType:
    try:
        return parse_media_type(headers["content-type"]) if "content-type" in headers else _OCTETS
    except MediaTypeError as error:
        raise InvalidInput("a part's Content-Type is malformed", code="bad-multipart") from error


async def _whole(body: AsyncIterator[bytes], most: int) -> bytes:
    blocks = []
    size = 0
    async for block in body:
        size += len(block)
        if size > most:
            raise TooLarge(
                "the metadata are larger than this server takes; send fewer instances at once",
                code="metadata-too-large",
            )
        blocks.append(block)
    return b"".join(blocks)


def _refused(each: dict[str, Any], detail: str, reason: int = NOT_UNDERSTOOD) -> PartRefused:
    return PartRefused(detail, _uid_in(each, "00080016"), _uid_in(each, "00080018"), reason)


def _uid_in(each: dict[str, Any], tag: str) -> str | None:
    content = each.get(tag)
    values = content.get("Value") if isinstance(content, dict) else None
    found = values[0] if isinstance(values, list) and values else None
    return found if isinstance(found, str) and is_uid(found) else None
