"""Stored objects on their way out: as they are, or as a device takes them that does not take that.

Nothing is lost by it: the pixels that are stored come out again, uncompressed or compressed
losslessly, and the object stays the same SOP instance (PS3.3 C.12.4.1.2 asks for another after
lossy compression alone).
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from dicom.codestream import DecodeError
from dicom.dimse.outgoing import OutgoingObject, UnconvertibleError, outgoing_file
from dicom.dimse.store import file_meta_bytes
from dicom.faults import DicomFormatError
from dicom.implicit import write_implicit
from dicom.opening import read_opening
from dicom.source import ByteSource
from dicom.structure import ScanLimits
from dicom.transcode import TARGETS, can_transcode
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from server.core.errors import LianzhenError
from server.intake.public import Originals

_OTHERS: Final = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    *(uid for uid in TARGETS if uid != EXPLICIT_VR_LITTLE_ENDIAN),
)
"""Transfer syntaxes besides the stored one, the most wanted first."""


class StoredInstance(Protocol):
    """An instance, and where its bytes are."""

    @property
    def sop_class_uid(self) -> str:
        """Its SOP class."""
        ...

    @property
    def sop_uid(self) -> str:
        """Its SOP instance UID."""
        ...

    @property
    def transfer_syntax_uid(self) -> str:
        """As it is stored."""
        ...

    @property
    def bits_allocated(self) -> int | None:
        """Of its pixels, None where it has none."""
        ...

    @property
    def object_id(self) -> str:
        """The object that holds it."""
        ...

    @property
    def dataset_offset(self) -> int:
        """Where its data set begins in the object."""
        ...

    @property
    def size(self) -> int:
        """Bytes of the object."""
        ...


class Transcoder(Protocol):
    """Decodes and encodes files in processes that may die; `dicom.decode_pool.DecodePool` does."""

    async def transcode(self, path: Path, target: str, into: Path) -> None:
        """Write a file in another transfer syntax, or raise `DecodeError`."""
        ...


class OutgoingObjects:
    """Makes of stored instances what is sent; conversion goes through files, never memory."""

    def __init__(self, *, originals: Originals, transcoder: Transcoder, executor: Executor) -> None:
        self._originals = originals
        self._transcoder = transcoder
        self._executor = executor

    def of(self, instance: StoredInstance) -> OutgoingObject:
        """Return an instance as it is stored, and in whatever else it may be given."""
        own = instance.transfer_syntax_uid
        return OutgoingObject(
            instance.sop_class_uid,
            instance.sop_uid,
            own,
            partial(self._as_stored, instance),
            {
                each: partial(self._converted, instance, each)
                for each in _OTHERS
                if each != own and can_transcode(own, _written(each), instance.bits_allocated)
            },
        )

    @asynccontextmanager
    async def _as_stored(self, instance: StoredInstance) -> AsyncIterator[AsyncIterator[bytes]]:
        start = instance.dataset_offset
        # The layer below knows an OSError where bytes are not to be had.
        try:
            async with self._originals.open(
                instance.object_id, start=start, length=instance.size - start
            ) as blocks:
                yield blocks
        except LianzhenError as error:
            raise OSError(error.detail) from error

    @asynccontextmanager
    async def _converted(
        self, instance: StoredInstance, syntax: str
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        try:
            async with AsyncExitStack() as stack:
                into = await stack.enter_async_context(self._originals.scratch_file())
                async with self._originals.as_file(instance.object_id) as path:
                    await self._transcoder.transcode(path, _written(syntax), into)
                if syntax == IMPLICIT_VR_LITTLE_ENDIAN:
                    explicit = into
                    into = await stack.enter_async_context(self._originals.scratch_file())
                    await asyncio.get_running_loop().run_in_executor(
                        self._executor, _make_implicit, instance, explicit, into
                    )
                yield await stack.enter_async_context(outgoing_file(into).open())
        except LianzhenError as error:
            raise OSError(error.detail) from error
        except (DecodeError, DicomFormatError) as error:
            raise UnconvertibleError(
                f"it cannot be given in transfer syntax {syntax}: {error}"
            ) from error


def _written(syntax: str) -> str:
    """Return the transfer syntax from which one more step leads to ``syntax``."""
    return EXPLICIT_VR_LITTLE_ENDIAN if syntax == IMPLICIT_VR_LITTLE_ENDIAN else syntax


def _make_implicit(instance: StoredInstance, explicit: Path, into: Path) -> None:
    with explicit.open("rb") as source, into.open("wb") as out:
        opening = read_opening(ByteSource(cast("BinaryIO", source)), ScanLimits())
        source.seek(opening.dataset_offset)
        out.write(
            file_meta_bytes(
                sop_class_uid=instance.sop_class_uid,
                sop_instance_uid=instance.sop_uid,
                transfer_syntax_uid=IMPLICIT_VR_LITTLE_ENDIAN,
                source_ae="",
            )
        )
        write_implicit(cast("BinaryIO", source), cast("BinaryIO", out))
