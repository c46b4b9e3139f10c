"""What this layer asks of its user: whom to admit, and where an object's bytes go.

`PeerT` is whatever the gate knows about an admitted peer; it is handed back untouched with every
object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from dicom.dimse.user_information import UserIdentity

PeerT = TypeVar("PeerT")


@dataclass(frozen=True, slots=True)
class TlsPeer:
    """Who the peer is by its verified certificate.

    Parameters
    ----------
    subject
        Distinguished name, attributes in the certificate's order,
        ``commonName=…,organizationName=…``.
    sha256
        Fingerprint of the certificate, lower case hexadecimal.
    """

    subject: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AssociationInfo:
    """What is known of an association.

    Parameters
    ----------
    number
        Counts the associations of one server, from 1.
    calling_ae, called_ae
        Application entity titles without padding.
    peer_ip, peer_port
        Where the connection comes from.
    tls
        Verified certificate of the peer; None without TLS or without one.
    implementation_class_uid, implementation_version
        How the peer's software names itself; empty where it does not.
    """

    number: int
    calling_ae: str
    called_ae: str
    peer_ip: str
    peer_port: int
    tls: TlsPeer | None
    implementation_class_uid: str
    implementation_version: str


@dataclass(frozen=True, slots=True)
class AssociationRequest:
    """What the gate decides on.

    Parameters
    ----------
    association
        Who asks.
    proposed_contexts
        Presentation contexts proposed.
    accepted_contexts
        Presentation contexts that will be accepted if the gate admits.
    user_identity
        User identity, if the peer sent one.
    """

    association: AssociationInfo
    proposed_contexts: int
    accepted_contexts: int
    user_identity: UserIdentity | None


@dataclass(frozen=True, slots=True)
class Admission(Generic[PeerT]):
    """The gate's yes.

    Parameters
    ----------
    peer
        Handed back with every object and with the summary.
    identity_response
        Server response to a user identity that was verified (PS3.7 D.3.3.7.2), empty for a user
        name with or without a passcode; sent only where a positive response was requested. None
        where none was verified.
    """

    peer: PeerT
    identity_response: bytes | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """The gate's no (PS3.8 9.3.4): result 1 permanent, 2 transient; source; reason of that source.

    The default is "calling AE title not recognised".
    """

    result: int = 1
    source: int = 1
    reason: int = 3

    def __post_init__(self) -> None:
        """Refuse what the PDU cannot say.

        Raises
        ------
        ValueError
            If a field is none of PS3.8 Table 9-21.
        """
        if self.result not in {1, 2} or self.source not in {1, 2, 3} or not 0 < self.reason < 256:
            raise ValueError("not a rejection of PS3.8 Table 9-21")


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request for an association that was refused before the gate was asked.

    Parameters
    ----------
    peer_ip
        Where it came from.
    calling_ae
        Who it said it was; empty where it was not read so far.
    reason
        Ours, in English, without patient data.
    """

    peer_ip: str
    calling_ae: str
    reason: str


class Ending(StrEnum):
    """How an association ended."""

    RELEASED = "released"
    ABORTED_BY_PEER = "aborted_by_peer"
    CONNECTION_LOST = "connection_lost"
    ABORTED = "aborted"
    TIMED_OUT = "timed_out"
    SHUT_DOWN = "shut_down"


@dataclass(frozen=True, slots=True)
class AssociationSummary(Generic[PeerT]):
    """What happened on an admitted association.

    Parameters
    ----------
    association, peer
        Whose it was.
    ending, reason
        How it ended; the reason is ours, in English, without patient data.
    duration_s
        From admission to end.
    stored, failed
        Objects answered with success or warning, and with a failure or not at all.
    received_bytes
        Bytes of datasets received.
    """

    association: AssociationInfo
    peer: PeerT
    ending: Ending
    reason: str
    duration_s: float
    stored: int
    failed: int
    received_bytes: int


@dataclass(frozen=True, slots=True)
class Admitted(Generic[PeerT]):
    """An association that is open."""

    association: AssociationInfo
    peer: PeerT


class AssociationGate(Protocol[PeerT]):
    """Who may come in, and stay."""

    async def admit(self, request: AssociationRequest, /) -> Admission[PeerT] | Rejection:
        """Decide on a request."""

    async def request_refused(self, refused: RefusedRequest, /) -> None:
        """Hear of a request that was refused without asking."""

    async def unwelcome(self, admitted: Sequence[Admitted[PeerT]], /) -> Mapping[int, str]:
        """Return the numbers of those that may stay no longer, and why; asked now and then."""

    async def association_ended(self, summary: AssociationSummary[PeerT], /) -> None:
        """Hear, once for each admission, how it ended."""


@dataclass(frozen=True, slots=True)
class MoveOriginator:
    """Whose C-MOVE a C-STORE belongs to (PS3.7 9.1.1.1)."""

    ae_title: str
    message_id: int


@dataclass(frozen=True, slots=True)
class StoreRequest(Generic[PeerT]):
    """A C-STORE request whose dataset is about to arrive.

    The UIDs have the characters and the length of a UID and nothing else was verified: the dataset
    may say otherwise.

    Parameters
    ----------
    association, peer
        Who sends.
    sop_class_uid, sop_instance_uid
        As the command claims.
    transfer_syntax_uid
        As negotiated for the presentation context.
    message_id, priority
        Of the message; priority 0 medium, 1 high, 2 low.
    move_originator
        Where the object is sent on behalf of a C-MOVE.
    """

    association: AssociationInfo
    peer: PeerT
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    message_id: int
    priority: int
    move_originator: MoveOriginator | None


@dataclass(frozen=True, slots=True)
class StoreResult:
    """Answer to a C-STORE: a status (PS3.4 table B.2-1) and a comment the peer may read."""

    status: int
    comment: str | None = None

    def __post_init__(self) -> None:
        """Refuse a status that is not two bytes.

        Raises
        ------
        ValueError
            If it is not.
        """
        if not 0 <= self.status <= 0xFFFF:
            raise ValueError("a status has 16 bits")

    @property
    def is_stored(self) -> bool:
        """Whether the status is success or a warning."""
        return self.status == 0 or self.status & 0xF000 == 0xB000


class StoreRefusedError(Exception):
    """Raised by a `StoreHandler` that will not take an object; its dataset is drained."""

    def __init__(self, status: int, comment: str | None = None) -> None:
        super().__init__(f"refused with status {status:04X}")
        self.result = StoreResult(status, comment)


class StoreSink(Protocol):
    """Where one object goes. Exactly one of `finish` and `abort` is called, once."""

    def write(self, chunk: memoryview, /) -> None:
        """Take the next bytes of the dataset; ``chunk`` is overwritten after the return.

        An OSError is answered 0xA700 (out of resources) once the rest of the dataset was drained.
        """

    async def finish(self) -> StoreResult:
        """Make the object durable and answer; only after this returns the peer hears.

        It runs to its end when the peer goes away meanwhile, and is cancelled only when the server
        closes and its grace is over: clean up then, `abort` is not called any more.
        """

    def abort(self) -> None:
        """Throw the object away: it is incomplete."""


class StoreHandler(Protocol[PeerT]):
    """Who takes objects."""

    def begin(self, request: StoreRequest[PeerT], /) -> StoreSink:
        """Return where the object goes; raise `StoreRefusedError` or OSError not to take it."""
