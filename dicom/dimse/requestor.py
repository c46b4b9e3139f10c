"""The requestor's side of one association: its PDUs and messages, every read and wait bounded.

There is no task and no thread beside the caller's: who asks reads the answer. What a peer claims is
checked by its header before it is read, and after any fault the connection is gone.

References
----------
DICOM PS3.8 sections 7, 9.2 (states Sta4 to Sta12) and 9.3.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from dicom.dimse.calling import (
    AssociationLostError,
    NotAcceptedError,
    PeerAddress,
    PeerTimeoutError,
    RejectedError,
    UnreachableError,
)
from dicom.dimse.command import CommandError, CommandSet, decode_command
from dicom.dimse.fragments import fragments
from dicom.dimse.items import MalformedRequestError, OversizedRequestError
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import AcceptedContext
from dicom.dimse.pdu import (
    HEADER_BYTES,
    RELEASE_RP,
    RELEASE_RQ,
    AbortReason,
    AbortSource,
    PduType,
    encode_abort,
    encode_message,
)
from dicom.dimse.proposal import Acceptance, Proposal, decode_acceptance, encode_associate_request

_PDV_HEADER_BYTES: Final = 6


@asynccontextmanager
async def associate(
    peer: PeerAddress, proposal: Proposal, limits: DimseLimits | None = None
) -> AsyncIterator["Requestor"]:
    """Open an association, release it at the end, abort it after a failure.

    Raises
    ------
    ScuError
        If there is none.
    ValueError
        If an AE title is none.
    """
    requestor = await _associated(peer, proposal, limits or DimseLimits())
    try:
        yield requestor
        await requestor.release()
    finally:
        await requestor.close()


async def _associated(peer: PeerAddress, proposal: Proposal, limits: DimseLimits) -> "Requestor":
    request = encode_associate_request(
        proposal,
        called_ae=peer.called_ae,
        calling_ae=peer.calling_ae,
        max_pdu_bytes=limits.max_pdu_bytes,
    )
    handshake_s = None if peer.ssl is None else limits.tls_handshake_s
    try:
        async with asyncio.timeout(limits.artim_s):
            reader, writer = await asyncio.open_connection(
                peer.host,
                peer.port,
                limit=limits.receive_buffer_bytes,
                ssl=peer.ssl,
                ssl_handshake_timeout=handshake_s,
                ssl_shutdown_timeout=handshake_s,
            )
    except OSError as error:
        # What getaddrinfo and ssl say has the reason; asyncio's own errors say nothing, and whether
        # a peer that hangs up resets the connection is chance.
        said = "" if isinstance(error, ConnectionResetError) else error.strerror or str(error)
        own = "no answer in time" if isinstance(error, TimeoutError) else "it closed the connection"
        said = said or own
        raise UnreachableError(f"{peer.host}:{peer.port} cannot be reached: {said}") from error
    requestor = Requestor(peer, reader, writer, limits)
    try:
        await requestor.establish(request, proposal)
    except BaseException:
        await requestor.close()
        raise
    return requestor


class Requestor:
    """One association that we opened. One operation at a time.

    Parameters
    ----------
    peer
        Whom we called.
    reader, writer
        Its connection.
    limits
        Bounds.

    Attributes
    ----------
    accepted
        Context identifier to accepted context.
    """

    def __init__(
        self,
        peer: PeerAddress,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: DimseLimits,
    ) -> None:
        self.peer = peer
        self.limits = limits
        self.accepted: dict[int, AcceptedContext] = {}
        self._reader = reader
        self._writer = writer
        self._peer_max_pdu_bytes = 0
        self._fragments: deque[tuple[int, int, memoryview]] = deque()

    @property
    def is_alive(self) -> bool:
        """Whether nothing went wrong yet."""
        return not self._writer.is_closing()

    async def establish(self, request: bytes, proposal: Proposal) -> None:
        """Send the A-ASSOCIATE-RQ PDU and take the answer.

        Raises
        ------
        ScuError
            If it is none, or no.
        """
        with self._guarded():
            self._writer.write(request)
            async with asyncio.timeout(self.limits.artim_s):
                await self._writer.drain()
                kind, body = await self._read_pdu()
        match kind:
            case PduType.ASSOCIATE_AC:
                acceptance = self._acceptance(body, proposal)
                self.accepted = dict(acceptance.accepted)
                self._peer_max_pdu_bytes = acceptance.max_pdu_bytes
            case PduType.ASSOCIATE_RJ:
                await self.close()
                raise RejectedError(body[1], body[2], body[3])
            case _:
                raise self._unexpected(kind)

    def context_for(
        self, abstract_syntax: str, transfer_syntax: str | None = None, *, as_scp: bool = False
    ) -> AcceptedContext:
        """Return an accepted context on which we may ask, or report as SCP.

        Raises
        ------
        NotAcceptedError
            If there is none.
        """
        for context in self.accepted.values():
            if (
                (context.as_scp if as_scp else context.as_scu)
                and context.abstract_syntax == abstract_syntax
                and transfer_syntax in (None, context.transfer_syntax)
            ):
                return context
        of_syntax = f" in transfer syntax {transfer_syntax}" if transfer_syntax else ""
        raise NotAcceptedError(f"the peer does not take {abstract_syntax}{of_syntax}")

    # Messages

    async def send(
        self, context_id: int, command: bytes, data_set: AsyncIterator[bytes] | None = None
    ) -> None:
        """Send a message; its data set goes out as it comes, whatever its size.

        Raises
        ------
        PeerTimeoutError, AssociationLostError
            If it could not be sent to its end.
        OSError
            Of ``data_set``: the association is aborted then.
        """
        if not self.is_alive:
            raise AssociationLostError("the association is gone")
        with self._guarded():
            self._writer.write(encode_message(context_id, command, b"", self._peer_max_pdu_bytes))
            await self._drain()
        if data_set is None:
            return
        try:
            async for pieces in fragments(data_set, context_id, self._peer_max_pdu_bytes):
                with self._guarded():
                    self._writer.writelines(pieces)
                    await self._drain()
        except BaseException:
            self.abort()
            raise

    async def receive_command(self) -> tuple[int, CommandSet]:
        """Return the next command and the context it came on.

        Raises
        ------
        PeerTimeoutError, AssociationLostError
            If none came.
        """
        encoded = bytearray()
        context_id, patience_s = None, self.limits.response_s
        while True:
            arrived_on, control, chunk = await self._fragment(patience_s)
            if not control & 1 or context_id not in (None, arrived_on):
                raise self.broken("a message without its command")
            if len(encoded) + len(chunk) > self.limits.max_command_bytes:
                raise self.broken("a command is too long")
            encoded += chunk
            context_id, patience_s = arrived_on, self.limits.pdu_progress_s
            if control & 2:
                break
        try:
            return context_id, decode_command(bytes(encoded))
        except CommandError as error:
            raise self.broken(str(error)) from error

    async def receive_data_set(self, context_id: int) -> AsyncIterator[memoryview]:
        """Yield the pieces of the data set of the command received last.

        Raises
        ------
        PeerTimeoutError, AssociationLostError
            If it does not come to its end.
        """
        while True:
            arrived_on, control, chunk = await self._fragment(self.limits.pdu_progress_s)
            if control & 1 or arrived_on != context_id:
                raise self.broken("a data set was interrupted")
            yield chunk
            if control & 2:
                return

    async def receive_small_data_set(self, context_id: int) -> bytes:
        """Return the data set of the command received last: an identifier.

        Raises
        ------
        PeerTimeoutError, AssociationLostError
            If it does not come to its end, or is too long.
        """
        data_set = bytearray()
        async for chunk in self.receive_data_set(context_id):
            if len(data_set) + len(chunk) > self.limits.max_identifier_bytes:
                raise self.broken("an identifier is too long")
            data_set += chunk
        return bytes(data_set)

    # The end

    async def release(self) -> None:
        """Release the association; what the peer still sends is of no interest (PS3.8 7.2).

        Raises
        ------
        PeerTimeoutError, AssociationLostError
            If the peer does not agree.
        """
        if not self.is_alive:
            return
        with self._guarded():
            self._writer.write(RELEASE_RQ)
            async with asyncio.timeout(self.limits.artim_s):
                while True:
                    kind, _ = await self._read_pdu()
                    if kind is PduType.RELEASE_RP:
                        break
                    if kind is PduType.RELEASE_RQ:
                        self._writer.write(RELEASE_RP)  # a collision (AR-8, AR-9)
                    elif kind is not PduType.P_DATA_TF:
                        raise self._unexpected(kind)
        self._writer.close()

    def abort(self) -> None:
        """Send an A-ABORT PDU and drop the connection."""
        if self.is_alive:
            self._writer.write(encode_abort(AbortSource.SERVICE_USER, AbortReason.NOT_SPECIFIED))
            self._writer.close()

    async def close(self) -> None:
        """Abort unless it was released, and wait until the connection is gone."""
        self.abort()
        try:
            with suppress(OSError):
                async with asyncio.timeout(self.limits.artim_s):
                    await self._writer.wait_closed()
        finally:
            self._writer.transport.abort()

    # Inside

    async def _drain(self) -> None:
        async with asyncio.timeout(self.limits.pdu_progress_s):
            await self._writer.drain()

    async def _fragment(self, patience_s: float) -> tuple[int, int, memoryview]:
        """Return context, control header and bytes of the next presentation data value."""
        while not self._fragments:
            with self._guarded():
                async with asyncio.timeout(patience_s):
                    kind, body = await self._read_pdu()
            if kind is not PduType.P_DATA_TF:
                raise self._unexpected(kind)
            self._fragments.extend(self._cut(memoryview(body)))
        return self._fragments.popleft()

    def _cut(self, body: memoryview) -> Iterator[tuple[int, int, memoryview]]:
        offset = 0
        while offset < len(body):
            length = int.from_bytes(body[offset : offset + 4], "big")
            end = offset + 4 + length
            if length < 2 or end > len(body):
                raise self.broken("a presentation data value does not fit its PDU")
            context_id, control = body[offset + 4], body[offset + 5]
            if context_id not in self.accepted:
                raise self.broken("a fragment on a context that was not accepted")
            yield context_id, control, body[offset + _PDV_HEADER_BYTES : end]
            offset = end

    async def _read_pdu(self) -> tuple[PduType, bytes]:
        header = await self._reader.readexactly(HEADER_BYTES)
        length = int.from_bytes(header[2:6], "big")
        try:
            kind = PduType(header[0])
        except ValueError:
            raise self.broken("what came is no PDU") from None
        if not self._fits(kind, length):
            raise self.broken(f"a {kind.name} PDU of {length} bytes")
        async with asyncio.timeout(self.limits.pdu_progress_s):
            return kind, await self._reader.readexactly(length)

    def _fits(self, kind: PduType, length: int) -> bool:
        match kind:
            case PduType.P_DATA_TF:
                return _PDV_HEADER_BYTES <= length <= self.limits.max_pdu_bytes
            case PduType.ASSOCIATE_AC:
                return length <= self.limits.max_associate_pdu_bytes
            case _:
                return length == 4

    def _acceptance(self, body: bytes, proposal: Proposal) -> Acceptance:
        try:
            return decode_acceptance(body, proposal, self.limits)
        except (MalformedRequestError, OversizedRequestError) as error:
            raise self.broken(str(error)) from error

    def _unexpected(self, kind: PduType) -> AssociationLostError:
        if kind is PduType.ABORT:
            self._writer.close()
            return AssociationLostError("the peer aborted the association")
        if kind is PduType.RELEASE_RQ:
            self._writer.write(RELEASE_RP)
            self._writer.close()
            return AssociationLostError("the peer released the association instead of answering")
        return self.broken(f"unexpected {kind.name}")

    def broken(self, reason: str) -> AssociationLostError:
        """Abort, because the peer broke the protocol, and return what to raise."""
        self.abort()
        return AssociationLostError(f"the peer broke the protocol: {reason}")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn what a connection raises into our errors, and leave none half used."""
        try:
            yield
        except TimeoutError as error:
            self.abort()
            raise PeerTimeoutError("the peer did not answer in time") from error
        except (OSError, EOFError) as error:
            self._writer.close()
            raise AssociationLostError("the peer closed the connection") from error
        except BaseException:
            self.abort()
            raise
