"""A small requestor on a blocking socket: what it adds to a round trip is some microseconds."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from benchmarks.senders import AE_TITLE
from dicom.dimse.command import (
    NO_DATA_SET,
    RESPONSE_BIT,
    CommandField,
    Element,
    Status,
    decode_command,
    encode_command,
)
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import VERIFICATION
from dicom.dimse.pdu import HEADER_BYTES, RELEASE_RQ, PduType, encode_message
from dicom.dimse.proposal import decode_acceptance, encode_associate_request
from dicom.dimse.scu import echo_proposal

_CALLED_AE: Final = "ANY-SCP"
_CONTEXT_ID: Final = 1
_PDV_HEADER: Final = struct.Struct(">IBB")
_TAKES_PDU_BYTES: Final = 16_384
_PATIENCE_S: Final = 30.0
_LARGEST_ANSWER_BYTES: Final = 1 << 20
_LIMITS: Final = DimseLimits()


class WireError(RuntimeError):
    """The peer did not answer as it should: nothing was measured."""


class EchoAssociation:
    """One open association for C-ECHO."""

    def __init__(self, port: int, calling_ae: str = AE_TITLE, source: str = "127.0.0.1") -> None:
        """Associate from the address ``source``.

        Raises
        ------
        WireError
            If the peer does not accept the context.
        OSError
            If it cannot be reached.
        """
        self._socket = socket.create_connection(("127.0.0.1", port), _PATIENCE_S, (source, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._message_id = 0
        try:
            self._socket.sendall(_associate_request(calling_ae))
            kind, body = self._read_pdu()
            if (
                kind is not PduType.ASSOCIATE_AC
                or _CONTEXT_ID not in decode_acceptance(body, echo_proposal(), _LIMITS).accepted
            ):
                raise WireError(f"no association for C-ECHO: {kind.name} {body[:80].hex()}")
        except BaseException:
            self._socket.close()
            raise

    def echo(self) -> float:
        """Ask for one C-ECHO and return the seconds to its success.

        Raises
        ------
        WireError
            If the answer is none, or no success.
        """
        self._message_id = self._message_id % 0xFFFF + 1
        request = encode_message(_CONTEXT_ID, _echo_request(self._message_id), b"", 0)
        began_s = time.perf_counter()
        self._socket.sendall(request)
        kind, body = self._read_pdu()
        took_s = time.perf_counter() - began_s
        if kind is not PduType.P_DATA_TF:
            raise WireError(f"a {kind.name} PDU instead of a C-ECHO response")
        length, context_id, control = _PDV_HEADER.unpack_from(body)
        response = decode_command(body[_PDV_HEADER.size :])
        if (
            (context_id, control) != (_CONTEXT_ID, 3)
            or length + 4 != len(body)
            or response.command_field != CommandField.C_ECHO_RQ | RESPONSE_BIT
            or response.number(Element.MESSAGE_ID_BEING_RESPONDED_TO) != self._message_id
            or response.status != Status.SUCCESS
        ):
            raise WireError(f"no C-ECHO response with success: {body.hex()}")
        return took_s

    def release(self) -> None:
        """Release the association and close the connection.

        Raises
        ------
        WireError
            If the peer does not agree.
        """
        try:
            self._socket.sendall(RELEASE_RQ)
            kind, _ = self._read_pdu()
            if kind is not PduType.RELEASE_RP:
                raise WireError(f"a {kind.name} PDU instead of a release")
        finally:
            self._socket.close()

    def _read_pdu(self) -> tuple[PduType, bytes]:
        header = self._read(HEADER_BYTES)
        length = int.from_bytes(header[2:], "big")
        if length > _LARGEST_ANSWER_BYTES:
            raise WireError(f"a PDU of {length} bytes")
        return PduType(header[0]), self._read(length)

    def _read(self, count: int) -> bytes:
        data = self._socket.recv(count)
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                raise WireError("the peer closed the connection")
            data += more
        return data


@contextmanager
def echoing(port: int) -> Iterator[EchoAssociation]:
    """Open an association for C-ECHO, and release it at the end."""
    association = EchoAssociation(port)
    yield association
    association.release()


@cache
def _associate_request(calling_ae: str) -> bytes:
    return encode_associate_request(
        echo_proposal(),
        called_ae=_CALLED_AE,
        calling_ae=calling_ae,
        max_pdu_bytes=_TAKES_PDU_BYTES,
    )


def _echo_request(message_id: int) -> bytes:
    return encode_command(
        {
            Element.AFFECTED_SOP_CLASS_UID: VERIFICATION,
            Element.COMMAND_FIELD: CommandField.C_ECHO_RQ,
            Element.MESSAGE_ID: message_id,
            Element.DATA_SET_TYPE: NO_DATA_SET,
        }
    )
