"""A data set of unknown length as P-DATA-TF PDUs, while it comes (PS3.8 9.3.5 and annex E)."""

import struct
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

from dicom.dimse.pdu import PduType

_LARGEST_PDU_BYTES: Final = 262_144
"""What we put in one PDU where the peer takes any."""
_HEADER: Final = struct.Struct(">BxIIBB")


async def fragments(
    data_set: AsyncIterable[bytes], context_id: int, peer_max_pdu_bytes: int
) -> AsyncIterator[tuple[bytes, memoryview]]:
    """Yield header and body of each PDU; never more than a block and a PDU are held.

    Parameters
    ----------
    data_set
        Blocks of any size; an empty data set is sent as one empty fragment.
    context_id
        Presentation context identifier.
    peer_max_pdu_bytes
        What the peer advertised, 0 or at least 7; 0 is no bound.
    """
    room = min(peer_max_pdu_bytes or _LARGEST_PDU_BYTES, _LARGEST_PDU_BYTES) - 6
    held = b""
    async for block in data_set:
        # Held back: whether a fragment is the last is only known when another follows.
        rest = memoryview(held + block if held else block)
        while len(rest) > room:
            yield _header(context_id, room, is_last=False), rest[:room]
            rest = rest[room:]
        held = bytes(rest)
    yield _header(context_id, len(held), is_last=True), memoryview(held)


def _header(context_id: int, length: int, *, is_last: bool) -> bytes:
    return _HEADER.pack(PduType.P_DATA_TF, length + 6, length + 2, context_id, 2 if is_last else 0)
