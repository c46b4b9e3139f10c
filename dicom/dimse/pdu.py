"""Upper layer PDUs: their types, those we send, and a bounded reading of the request.

The request is read here and not by pynetdicom 3.0.4, whose reader fails on item types it does not
know (PS3.8 9.3.1 has them ignored) and spends seconds on a request full of transfer syntaxes. Every
length is checked before it is believed.

References
----------
DICOM PS3.8 section 9.3, PS3.7 annex D.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from dicom.dimse.items import (
    MalformedRequestError,
    OversizedRequestError,
    decode_items,
    decode_uid,
)
from dicom.dimse.limits import DimseLimits
from dicom.dimse.user_information import UserIdentity, UserInformation

HEADER_BYTES: Final = 6
"""PDU type, a reserved byte and a four byte length."""

ASSOCIATE_FIXED_BYTES: Final = 68
"""Length of an A-ASSOCIATE-RQ body before its items (PS3.8 Table 9-11)."""

RELEASE_RQ: Final = struct.pack(">BxIxxxx", 0x05, 4)
RELEASE_RP: Final = struct.pack(">BxIxxxx", 0x06, 4)


class PduType(IntEnum):
    """PDU types (PS3.8 section 9.3.1)."""

    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    P_DATA_TF = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


class AbortSource(IntEnum):
    """Who aborts (PS3.8 Table 9-26)."""

    SERVICE_USER = 0
    SERVICE_PROVIDER = 2


class AbortReason(IntEnum):
    """Why the provider aborts (PS3.8 Table 9-26); zero when the user does."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PDU_PARAMETER = 4
    UNEXPECTED_PDU_PARAMETER = 5
    INVALID_PDU_PARAMETER_VALUE = 6


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """One presentation context of a request (PS3.8 9.3.2.2)."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    """What an A-ASSOCIATE-RQ says (PS3.8 9.3.2).

    Parameters
    ----------
    protocol_version
        Bit field; bit 0 is version 1.
    called_ae, calling_ae
        The 16 byte fields as they came.
    application_context
        UID of the application context.
    contexts
        Proposed presentation contexts.
    roles
        SOP class UID to (SCU, SCP) proposed for the requestor.
    max_pdu_bytes
        Largest PDU the peer takes; 0 is no bound.
    implementation_class_uid, implementation_version
        How the peer's software names itself.
    user_identity
        User identity, if any.
    extended
        SOP class UID to the service class application information asked for (PS3.7 D.3.3.5).
    operations_window
        Operations the peer would invoke and perform at once, 0 without bound; None where it does
        not say (PS3.7 D.3.3.3).
    """

    protocol_version: int
    called_ae: bytes
    calling_ae: bytes
    application_context: str
    contexts: tuple[ProposedContext, ...]
    roles: tuple[tuple[str, tuple[bool, bool]], ...]
    max_pdu_bytes: int
    implementation_class_uid: str
    implementation_version: str
    user_identity: UserIdentity | None
    extended: tuple[tuple[str, bytes], ...] = ()
    operations_window: tuple[int, int] | None = None


def encode_reject(result: int, source: int, reason: int) -> bytes:
    """Return an A-ASSOCIATE-RJ PDU (PS3.8 9.3.4)."""
    return struct.pack(">BxIxBBB", PduType.ASSOCIATE_RJ, 4, result, source, reason)


def encode_abort(source: AbortSource, reason: AbortReason) -> bytes:
    """Return an A-ABORT PDU (PS3.8 9.3.8)."""
    return struct.pack(">BxIxxBB", PduType.ABORT, 4, source, reason)


def encode_message(
    context_id: int, command: bytes, data_set: bytes, peer_max_pdu_bytes: int
) -> bytes:
    """Return a message as P-DATA-TF PDUs the peer can take, in one piece for one write.

    Parameters
    ----------
    context_id
        Presentation context identifier.
    command
        Encoded command set.
    data_set
        Encoded data set; empty where the command says that there is none.
    peer_max_pdu_bytes
        What the peer advertised, 0 or at least 7; 0 is no bound.
    """
    pieces: list[bytes] = []
    for part, is_command in ((command, 1), (data_set, 0)):
        room = peer_max_pdu_bytes - 6 if peer_max_pdu_bytes else max(1, len(part))
        for start in range(0, len(part), room):
            piece = part[start : start + room]
            is_last = 2 if start + room >= len(part) else 0
            pieces.append(
                struct.pack(
                    ">BxIIBB",
                    PduType.P_DATA_TF,
                    len(piece) + 6,
                    len(piece) + 2,
                    context_id,
                    is_command | is_last,
                )
            )
            pieces.append(piece)
    return b"".join(pieces)


def decode_associate_request(body: bytes, limits: DimseLimits) -> AssociateRequest:
    """Read the body of an A-ASSOCIATE-RQ PDU, each length checked before use.

    Parameters
    ----------
    body
        The PDU without its six byte header.
    limits
        How many items are looked at.

    Raises
    ------
    MalformedRequestError
        If lengths, identifiers or UIDs contradict PS3.8 9.3.2.
    OversizedRequestError
        If it has more items than ``limits`` allows.
    """
    if len(body) < ASSOCIATE_FIXED_BYTES:
        raise MalformedRequestError("the request is shorter than its fixed fields")
    application_context = ""
    contexts: dict[int, ProposedContext] = {}
    user = UserInformation()
    for kind, value in decode_items(body[ASSOCIATE_FIXED_BYTES:]):
        match kind:
            case 0x10:
                application_context = decode_uid(value)
            case 0x20:
                if len(contexts) >= limits.max_presentation_contexts:
                    raise OversizedRequestError("too many presentation contexts")
                context = _proposed_context(value, limits)
                if context.context_id in contexts:
                    raise MalformedRequestError("two presentation contexts share an identifier")
                contexts[context.context_id] = context
            case 0x50:
                user = UserInformation.decode(value, limits)
            case _:  # PS3.8 9.3.1: unrecognised items are ignored
                continue
    if not contexts:
        raise MalformedRequestError("no presentation context")
    return AssociateRequest(
        protocol_version=int.from_bytes(body[0:2], "big"),
        called_ae=body[4:20],
        calling_ae=body[20:36],
        application_context=application_context,
        contexts=tuple(contexts.values()),
        roles=user.roles,
        max_pdu_bytes=user.max_pdu_bytes,
        implementation_class_uid=user.implementation_class_uid,
        implementation_version=user.implementation_version,
        user_identity=user.identity,
        extended=user.extended,
        operations_window=user.operations_window,
    )


def _proposed_context(data: bytes, limits: DimseLimits) -> ProposedContext:
    if len(data) < 4:
        raise MalformedRequestError("a presentation context is cut")
    context_id = data[0]
    if context_id % 2 == 0:
        raise MalformedRequestError("a presentation context identifier is even")
    abstract: list[str] = []
    transfer: list[str] = []
    for kind, value in decode_items(data[4:]):
        if kind == 0x30:
            if abstract:
                raise MalformedRequestError("a presentation context has two abstract syntaxes")
            abstract.append(decode_uid(value))
        elif kind == 0x40:
            if len(transfer) >= limits.max_transfer_syntaxes_per_context:
                raise OversizedRequestError("too many transfer syntaxes")
            transfer.append(decode_uid(value))
    if not abstract or not transfer:
        raise MalformedRequestError("a presentation context lacks a syntax")
    return ProposedContext(context_id, abstract[0], tuple(transfer))
