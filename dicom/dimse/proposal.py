"""What a requestor proposes, and what the acceptor made of it.

References
----------
DICOM PS3.8 sections 9.3.2 and 9.3.3, PS3.7 annex D.3.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dicom.dimse.items import MalformedRequestError, decode_items, decode_uid
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import APPLICATION_CONTEXT, AcceptedContext
from dicom.dimse.pdu import (
    ASSOCIATE_FIXED_BYTES,
    PduType,
    ProposedContext,
)
from dicom.dimse.user_information import UserInformation
from dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

MOST_CONTEXTS: Final = 128
"""Presentation context identifiers are odd and below 256 (PS3.8 9.3.2.2)."""

Role = tuple[bool, bool]
"""Whether the requestor is SCU, and whether it is SCP."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a requestor proposes.

    Parameters
    ----------
    contexts
        Presentation contexts, at most 128.
    roles
        SOP class UID to the roles of the requestor; those left out are SCU alone.
    """

    contexts: tuple[ProposedContext, ...]
    roles: tuple[tuple[str, Role], ...] = ()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the acceptor answered.

    Parameters
    ----------
    accepted
        Context identifier to accepted context, with our roles on it.
    max_pdu_bytes
        Largest P-DATA-TF PDU the peer takes; 0 is no bound.
    """

    accepted: Mapping[int, AcceptedContext]
    max_pdu_bytes: int


def propose(
    wanted: Iterable[tuple[str, tuple[str, ...]]], roles: Iterable[tuple[str, Role]] = ()
) -> Proposal:
    """Return the proposal of one context for each abstract syntax and its transfer syntaxes.

    Raises
    ------
    ValueError
        If there are none, or more than an association has.
    """
    contexts = tuple(
        ProposedContext(2 * index + 1, abstract, transfer)
        for index, (abstract, transfer) in enumerate(wanted)
    )
    if not 0 < len(contexts) <= MOST_CONTEXTS:
        raise ValueError(f"an association has 1 to {MOST_CONTEXTS} presentation contexts")
    return Proposal(contexts, tuple(roles))


def encode_associate_request(
    proposal: Proposal, *, called_ae: str, calling_ae: str, max_pdu_bytes: int
) -> bytes:
    """Return the A-ASSOCIATE-RQ PDU of a proposal.

    Raises
    ------
    ValueError
        If an AE title is none (PS3.5 6.2).
    """
    user = _item(0x51, struct.pack(">I", max_pdu_bytes))
    user += _item(0x52, IMPLEMENTATION_CLASS_UID.encode())
    for uid, (is_scu, is_scp) in proposal.roles:
        encoded = uid.encode()
        user += _item(0x54, struct.pack(">H", len(encoded)) + encoded + bytes([is_scu, is_scp]))
    user += _item(0x55, IMPLEMENTATION_VERSION_NAME.encode())
    fixed = struct.pack(">HH16s16s32x", 1, 0, _ae_title(called_ae), _ae_title(calling_ae))
    items = [_item(0x10, APPLICATION_CONTEXT.encode())]
    for context in proposal.contexts:
        syntaxes = _item(0x30, context.abstract_syntax.encode())
        syntaxes += b"".join(_item(0x40, uid.encode()) for uid in context.transfer_syntaxes)
        items.append(_item(0x20, struct.pack(">Bxxx", context.context_id) + syntaxes))
    body = b"".join([fixed, *items, _item(0x50, user)])
    return struct.pack(">BxI", PduType.ASSOCIATE_RQ, len(body)) + body


def decode_acceptance(body: bytes, proposal: Proposal, limits: DimseLimits) -> Acceptance:
    """Read the body of an A-ASSOCIATE-AC PDU; what was not proposed is not accepted either.

    Parameters
    ----------
    body
        The PDU without its six byte header.
    proposal
        What it answers.
    limits
        How many items are looked at.

    Raises
    ------
    MalformedRequestError
        If lengths or UIDs contradict PS3.8 9.3.3.
    OversizedRequestError
        If it has more items than ``limits`` allows.
    """
    if len(body) < ASSOCIATE_FIXED_BYTES:
        raise MalformedRequestError("the acceptance is shorter than its fixed fields")
    proposed = {context.context_id: context for context in proposal.contexts}
    picked: dict[int, str] = {}
    user = UserInformation()
    for kind, value in decode_items(body[ASSOCIATE_FIXED_BYTES:]):
        if kind == 0x21 and len(value) >= 4 and value[2] == 0 and value[0] in proposed:
            picked[value[0]] = _transfer_syntax(value[4:])
        elif kind == 0x50:
            user = UserInformation.decode(value, limits)
    asked, granted = dict(proposal.roles), dict(user.roles)
    accepted: dict[int, AcceptedContext] = {}
    for context_id, syntax in picked.items():
        context = proposed[context_id]
        if syntax not in context.transfer_syntaxes:
            continue
        # Without an answer to a role selection the default roles hold (PS3.7 D.3.3.4).
        scu, scp = answer_scu, answer_scp = True, False
        if context.abstract_syntax in granted:
            scu, scp = asked.get(context.abstract_syntax, (True, False))
            answer_scu, answer_scp = granted[context.abstract_syntax]
        accepted[context_id] = AcceptedContext(
            context_id,
            context.abstract_syntax,
            syntax,
            as_scu=scu and answer_scu,
            as_scp=scp and answer_scp,
        )
    return Acceptance(accepted, user.max_pdu_bytes)


def _transfer_syntax(data: bytes) -> str:
    for kind, value in decode_items(data):
        if kind == 0x40:
            return decode_uid(value)
    raise MalformedRequestError("an accepted context lacks its transfer syntax")


def _ae_title(title: str) -> bytes:
    text = title.strip(" ")
    if not 0 < len(text) <= 16 or not text.isascii() or not text.isprintable() or "\\" in text:
        raise ValueError("an AE title has 1 to 16 printable ASCII characters")
    return text.encode().ljust(16)


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value
