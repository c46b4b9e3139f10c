"""An object in a transfer syntax that a destination takes, where it does not take the stored one.

Nothing is lost: the pixels that are stored come out again, uncompressed or compressed losslessly,
and the object stays the same SOP instance (PS3.3 C.12.4.1.2 asks for another after lossy alone).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import Executor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from dicom.codestream import DecodeError
from dicom.dimse.negotiate import AcceptedContext
from dicom.dimse.outgoing import OutgoingObject, outgoing_file
from dicom.dimse.store import file_meta_bytes
from dicom.faults import DicomFormatError
from dicom.implicit import write_implicit
from dicom.opening import read_opening
from dicom.source import ByteSource
from dicom.structure import ScanLimits
from dicom.transcode import TARGETS, can_transcode
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from server.core.errors import LianzhenError
from server.forwarding.queue import QueuedObject
from server.intake.public import Originals

OTHERS: Final = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    *(uid for uid in TARGETS if uid != EXPLICIT_VR_LITTLE_ENDIAN),
)
"""Transfer syntaxes besides the stored one, the most wanted first."""


class UnconvertibleError(Exception):
    """The object cannot be given in another transfer syntax."""


class Transcoder(Protocol):
    """Decodes and encodes files in processes that may die; `dicom.decode_pool.DecodePool` does."""

    async def transcode(self, path: Path, target: str, into: Path) -> None:
        """Write a file in another transfer syntax, or raise `DecodeError`."""
        ...


class Conversion:
    """Converts what has to be, through files, never in memory."""

    def __init__(self, *, originals: Originals, transcoder: Transcoder, executor: Executor) -> None:
        self._originals = originals
        self._transcoder = transcoder
        self._executor = executor

    def converted(
        self, each: QueuedObject, accepted: Iterable[AcceptedContext]
    ) -> OutgoingObject | None:
        """Return the object as the destination takes it; None where it takes it in no way.

        Opening it raises `UnconvertibleError` where its pixels turn out not to be what they claim,
        and OSError where its bytes are not at hand.
        """
        taken = {
            context.transfer_syntax
            for context in accepted
            if context.as_scu and context.abstract_syntax == each.sop_class_uid
        }
        for syntax in OTHERS:
            if syntax in taken and can_transcode(
                each.transfer_syntax_uid, _written(syntax), each.bits_allocated
            ):
                return OutgoingObject(
                    each.sop_class_uid, each.sop_uid, syntax, partial(self._opened, each, syntax)
                )
        return None

    @asynccontextmanager
    async def _opened(self, each: QueuedObject, syntax: str) -> AsyncIterator[AsyncIterator[bytes]]:
        # The layer below knows an OSError where bytes are not to be had.
        try:
            async with AsyncExitStack() as stack:
                into = await stack.enter_async_context(self._originals.scratch_file())
                async with self._originals.as_file(each.object_id) as path:
                    await self._transcoder.transcode(path, _written(syntax), into)
                if syntax == IMPLICIT_VR_LITTLE_ENDIAN:
                    explicit = into
                    into = await stack.enter_async_context(self._originals.scratch_file())
                    await asyncio.get_running_loop().run_in_executor(
                        self._executor, _make_implicit, each, explicit, into
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


def _make_implicit(each: QueuedObject, explicit: Path, into: Path) -> None:
    with explicit.open("rb") as source, into.open("wb") as out:
        opening = read_opening(ByteSource(cast("BinaryIO", source)), ScanLimits())
        source.seek(opening.dataset_offset)
        out.write(
            file_meta_bytes(
                sop_class_uid=each.sop_class_uid,
                sop_instance_uid=each.sop_uid,
                transfer_syntax_uid=IMPLICIT_VR_LITTLE_ENDIAN,
                source_ae="",
            )
        )
        write_implicit(cast("BinaryIO", source), cast("BinaryIO", out))
