"""Which presentation contexts an association gets, computed once for each distinct request.

The rules are pynetdicom's `negotiate_as_acceptor`; the lists of SOP classes and transfer syntaxes
come from pydicom's dictionary and pynetdicom, so a newer dictionary brings newer storage classes by
itself.

References
----------
DICOM PS3.8 sections 9.3.2 and 9.3.3, PS3.7 annex D.3.3, PS3.4 annexes A and B.
"""

import hashlib
import struct
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydicom._uid_dict import UID_dictionary  # the only place with kinds and retired names
from pydicom.uid import UID, AllTransferSyntaxes
from pynetdicom.pdu import A_ASSOCIATE_AC
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    AsynchronousOperationsWindowNegotiation,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SOPClassExtendedNegotiation,
)
from pynetdicom.presentation import (
    AllStoragePresentationContexts,
    PresentationContext,
    build_context,
    negotiate_as_acceptor,
)

from dicom.dimse.command import CommandField
from dicom.dimse.extended import agreed_on
from dicom.dimse.information_models import GET_SOP_CLASSES, MOVE_SOP_CLASSES, QUERY_SOP_CLASSES
from dicom.dimse.limits import DimseLimits
from dicom.dimse.normalized import NormalizedSopClass
from dicom.dimse.pdu import (
    ASSOCIATE_FIXED_BYTES,
    AssociateRequest,
    ProposedContext,
    decode_associate_request,
)
from dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, is_encapsulated

APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
VERIFICATION: Final = "1.2.840.10008.1.1"

_NOT_FOR_STORING: Final = frozenset(
    {
        "1.2.840.10008.1.3.10",  # Media Storage Directory: a file set's index, never sent
        "1.2.840.10008.1.20.1",  # Storage Commitment Push Model
        "1.2.840.10008.1.20.2",  # Storage Commitment Pull Model
    }
)

_NOT_A_DATASET: Final = frozenset(
    {
        # JPIP: the pixels stay behind at an address of the sender's choosing.
        "1.2.840.10008.1.2.4.94",
        "1.2.840.10008.1.2.4.95",
        "1.2.840.10008.1.2.4.204",
        "1.2.840.10008.1.2.4.205",
        # MIME, XML and Papyrus encodings, retired.
        "1.2.840.10008.1.2.6.1",
        "1.2.840.10008.1.2.6.2",
        "1.2.840.10008.1.20",
    }
)

_PREFERRED: Final = (
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2",  # Implicit VR Little Endian
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless SV1
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.201",  # HTJ2K Lossless
    "1.2.840.10008.1.2.4.202",  # HTJ2K Lossless RPCL
    "1.2.840.10008.1.2.4.110",  # JPEG XL Lossless
    "1.2.840.10008.1.2.5",  # RLE
    "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian
)
"""Where a context offers several, the sender converts to our pick: lossy only if it must."""


def storage_sop_classes() -> frozenset[str]:
    """Return every storage SOP class pydicom's dictionary or pynetdicom knows, retired ones too."""
    named = {
        uid
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and "Storage" in name
    }
    known = {str(context.abstract_syntax) for context in AllStoragePresentationContexts}
    return frozenset((named | known) - _NOT_FOR_STORING)


def storage_transfer_syntaxes() -> tuple[str, ...]:
    """Return the transfer syntaxes a stored object may come in, the preferred ones first."""
    named = {uid for uid, (_, kind, *_) in UID_dictionary.items() if kind == "Transfer Syntax"}
    known = named | {str(uid) for uid in AllTransferSyntaxes}
    others = sorted(known - _NOT_A_DATASET - set(_PREFERRED))
    return (*_PREFERRED, *others)


@dataclass(frozen=True, slots=True)
class AcceptedContext:
    """A presentation context in use, and our roles on it (PS3.7 D.3.3.4)."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    as_scu: bool = False
    as_scp: bool = True
    agreed: bytes = b""
    """Service class application information we answered (see `dicom.dimse.extended`)."""


@dataclass(frozen=True, slots=True)
class Negotiation:
    """What a request says and what we answer.

    Parameters
    ----------
    request
        The request; its AE titles are those of the request computed first, not of a later one.
    accepted
        Context identifier to accepted context.
    acceptance
        Items of the A-ASSOCIATE-AC PDU.
    """

    request: AssociateRequest
    accepted: Mapping[int, AcceptedContext]
    acceptance: bytes

    def encode_acceptance(self, body: bytes, identity_response: bytes | None) -> bytes:
        """Return the A-ASSOCIATE-AC PDU for a request with this outcome.

        Parameters
        ----------
        body
            Body of the request; its AE titles are sent back (PS3.8 Table 9-17).
        identity_response
            User identity response, None not to send one.
        """
        items = self.acceptance
        if identity_response is not None:
            # The user information item comes last; PS3.7 Table D.3-15 is added to it and its
            # length.
            start = _last_item(items)
            response = struct.pack(">H", len(identity_response)) + identity_response
            user = items[start + 4 :] + struct.pack(">BxH", 0x59, len(response)) + response
            items = items[:start] + struct.pack(">BxH", 0x50, len(user)) + user
        fixed = struct.pack(">HH", 1, 0) + body[4:ASSOCIATE_FIXED_BYTES]
        return struct.pack(">BxI", 0x02, len(fixed) + len(items)) + fixed + items


def _last_item(items: bytes) -> int:
    offset = 0
    while True:
        following = offset + 4 + int.from_bytes(items[offset + 2 : offset + 4], "big")
        if following >= len(items):
            return offset
        offset = following


class Negotiator:
    """Negotiates, and remembers the outcome of the latest distinct requests.

    A device sends the same request all its life, so the outcome is found by a digest of the request
    without its AE titles. A request with a user identity is never remembered: it carries a secret.

    Parameters
    ----------
    limits
        Bounds of a request, and how many outcomes are remembered.
    extra_sop_classes
        Private SOP classes stored besides the standard ones.
    serves_queries
        Whether information models are searched.
    serves_retrieval
        Whether objects are retrieved from them; for C-GET, peers may be SCP of storage then.
    normalized
        SOP classes of normalised objects served; peers may be SCP of those that report events.
    """

    def __init__(
        self,
        limits: DimseLimits,
        extra_sop_classes: Iterable[str] = (),
        *,
        serves_queries: bool = False,
        serves_retrieval: bool = False,
        normalized: Iterable[NormalizedSopClass] = (),
    ) -> None:
        self._limits = limits
        self.storage = storage_sop_classes() | frozenset(extra_sop_classes)
        self.query = QUERY_SOP_CLASSES if serves_queries else frozenset()
        self.move = MOVE_SOP_CLASSES if serves_retrieval else frozenset()
        self.get = GET_SOP_CLASSES if serves_retrieval else frozenset()
        self.normalized = {each.abstract_syntax: each for each in normalized}
        self._served = self.storage | self.query | self.move | self.get | {VERIFICATION}
        self._served |= self.normalized.keys()
        self._storage_ranks = _ranks(storage_transfer_syntaxes())
        self._message_ranks = _ranks(_PREFERRED[:2])
        self._remembered: OrderedDict[bytes, Negotiation] = OrderedDict()

    def negotiate(self, body: bytes) -> Negotiation:
        """Return the outcome for the body of an A-ASSOCIATE-RQ PDU.

        Raises
        ------
        MalformedRequestError
            If its bytes contradict PS3.8 9.3.2.
        OversizedRequestError
            If it exceeds the limits.
        """
        digest = hashlib.sha256(body[:4] + body[ASSOCIATE_FIXED_BYTES:]).digest()
        found = self._remembered.get(digest)
        if found is not None:
            self._remembered.move_to_end(digest)
            return found
        request = decode_associate_request(body, self._limits)
        outcome = self._negotiate(request)
        if request.user_identity is None:
            self._remembered[digest] = outcome
            if len(self._remembered) > self._limits.negotiation_cache_entries:
                self._remembered.popitem(last=False)
        return outcome

    def _negotiate(self, request: AssociateRequest) -> Negotiation:
        proposed: list[PresentationContext] = []
        supported: dict[str, set[str]] = {}
        roles = dict(request.roles)
        for context in request.contexts:
            _, is_scp = roles.get(context.abstract_syntax, (True, False))
            syntax = self._pick(context, we_send=is_scp and bool(self.get))
            proposed.append(
                build_context(context.abstract_syntax, syntax or context.transfer_syntaxes[0])
            )
            proposed[-1].context_id = context.context_id
            if context.abstract_syntax in self._served:
                supported.setdefault(context.abstract_syntax, set()).update({syntax} - {""})
        results, granted = negotiate_as_acceptor(
            proposed,
            [self._context(uid, sorted(syntaxes)) for uid, syntaxes in supported.items()],
            {UID(uid): role for uid, role in roles.items()},
        )
        answer = A_ASSOCIATE()
        answer.application_context_name = UID(APPLICATION_CONTEXT)
        # Placeholders: the fixed fields of the PDU are made anew from each request.
        answer.calling_ae_title = answer.called_ae_title = "PLACEHOLDER"
        answer.result = 0
        answer.presentation_context_definition_results_list = results
        length = MaximumLengthNotification()
        length.maximum_length_received = self._limits.max_pdu_bytes
        class_uid = ImplementationClassUIDNotification()
        class_uid.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
        version = ImplementationVersionNameNotification()
        version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        answer.user_information = [length, class_uid, version, *granted]
        if request.operations_window is not None:
            # One at a time, whatever was asked (PS3.7 D.3.3.3.2).
            window = AsynchronousOperationsWindowNegotiation()
            window.maximum_number_operations_invoked = 1
            window.maximum_number_operations_performed = 1
            answer.user_information.append(window)
        agreed = self._agreed(request, results)
        for sop_class, information in agreed.items():
            extended = SOPClassExtendedNegotiation()
            extended.sop_class_uid = UID(sop_class)
            extended.service_class_application_information = information
            answer.user_information.append(extended)
        accepted = {
            context.context_id: AcceptedContext(
                context.context_id,
                str(context.abstract_syntax),
                str(context.transfer_syntax[0]),
                as_scu=bool(context.as_scu),
                as_scp=bool(context.as_scp),
                agreed=agreed.get(str(context.abstract_syntax), b""),
            )
            for context in results
            if context.result == 0 and context.context_id is not None
        }
        encoded = A_ASSOCIATE_AC(answer).encode()
        return Negotiation(request, accepted, encoded[6 + ASSOCIATE_FIXED_BYTES :])

    def _agreed(
        self, request: AssociateRequest, results: Iterable[PresentationContext]
    ) -> dict[str, bytes]:
        """Return what is agreed on for each SOP class that was accepted and asked about."""
        accepted = {str(context.abstract_syntax) for context in results if context.result == 0}
        answers = {
            sop_class: agreed_on(sop_class, asked, is_storage=sop_class in self.storage)
            for sop_class, asked in request.extended
            if sop_class in accepted
        }
        return {sop_class: each for sop_class, each in answers.items() if each is not None}

    def _context(self, abstract_syntax: str, transfer_syntaxes: list[str]) -> PresentationContext:
        """Return a context we serve, with the roles the requestor may have (PS3.7 D.3.3.4)."""
        context = build_context(abstract_syntax, transfer_syntaxes)
        context.scu_role = True
        context.scp_role = bool(self.get) and abstract_syntax in self.storage
        if normalized := self.normalized.get(abstract_syntax):
            context.scp_role = CommandField.N_EVENT_REPORT_RQ in normalized.operations
        return context

    def _pick(self, context: ProposedContext, *, we_send: bool) -> str:
        """Return the transfer syntax we like best of those proposed, empty where we take none.

        Where we send, objects go out as they are stored: a peer that names a compressed syntax
        first wants what is stored so.

        pynetdicom would pick the same, after it built an object of each: a request of 128 contexts
        with every transfer syntax took a quarter of a second.
        """
        is_storage = context.abstract_syntax in self.storage
        ranks = self._storage_ranks if is_storage else self._message_ranks
        first = context.transfer_syntaxes[0]
        if we_send and is_storage and first in ranks and is_encapsulated(first):
            return first
        known = [uid for uid in context.transfer_syntaxes if uid in ranks]
        return min(known, key=ranks.__getitem__, default="")


def _ranks(syntaxes: Sequence[str]) -> dict[str, int]:
    return {uid: rank for rank, uid in enumerate(syntaxes)}
