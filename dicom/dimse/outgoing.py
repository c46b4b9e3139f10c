"""Objects on their way to a peer: what they are, and where the bytes of their data sets are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Final, cast

from dicom import dataset as access
from dicom.faults import DicomFormatError, FormatFault
from dicom.opening import read_opening
from dicom.source import ByteSource
from dicom.structure import ScanLimits
from dicom.uids import is_uid

_BLOCK_BYTES: Final = 256 * 1024

Open = Callable[[], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens the bytes of a data set, without what precedes it in a file; the blocks may have any size.

Raises OSError where they are not to be had, and `UnconvertibleError`.
"""


class UnconvertibleError(Exception):
    """The object cannot be given in another transfer syntax than its own."""


@dataclass(frozen=True, slots=True)
class OutgoingObject:
    """An object that may be sent.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, transfer_syntax_uid
        Of the object as it is stored.
    open
        Opens it.
    others
        Transfer syntaxes in which the same object may be given to who does not take its own, the
        most wanted first, and what opens it so.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    open: Open
    others: Mapping[str, Open] = field(default_factory=dict)

    def as_taken(self, takes: Callable[[str], bool]) -> "OutgoingObject":
        """Return it in a transfer syntax that is taken: its own, else the first of the others.

        Where none is, it is returned as it is.
        """
        if not takes(self.transfer_syntax_uid):
            for uid, opened in self.others.items():
                if takes(uid):
                    return replace(self, transfer_syntax_uid=uid, open=opened, others={})
        return self


def outgoing_file(path: Path) -> OutgoingObject:
    """Return the object in a Part 10 file, named as the file's meta information names it.

    The file is opened anew when it is sent, and read in blocks.

    Raises
    ------
    DicomFormatError
        If it is no such file, or its meta information does not name the object.
    OSError
        If it cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        opening = read_opening(ByteSource(cast("BinaryIO", file)), ScanLimits())
    sop_class, instance, syntax = (
        access.text(opening.meta, keyword) or ""
        for keyword in (
            "MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID",
        )
    )  # fmt: skip
    if not (is_uid(sop_class) and is_uid(instance) and is_uid(syntax)):
        raise DicomFormatError(
            FormatFault.MISSING_META, "the meta information does not name the object"
        )

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncIterator[bytes]]:
        with await asyncio.to_thread(path.open, "rb", buffering=0) as data:
            data.seek(opening.dataset_offset)
            yield _blocks(cast("BinaryIO", data))

    return OutgoingObject(sop_class, instance, syntax, opened)


async def _blocks(file: BinaryIO) -> AsyncIterator[bytes]:
    while block := await asyncio.to_thread(file.read, _BLOCK_BYTES):
        yield block
