"""Whom we call, and why a call may fail."""

import ssl as ssl_module
from dataclasses import dataclass
from typing import Final


class ScuError(Exception):
    """An operation of ours that failed. Where nothing else is said, the association is gone.

    ::

        ScuError
        ├── UnreachableError      no connection, or no TLS
        ├── RejectedError         the peer does not want the association
        ├── NotAcceptedError      no presentation context for it; the association lives on
        ├── RefusedError          the peer answered with a failure; the association lives on
        ├── PeerTimeoutError      nothing came, or went, in time
        └── AssociationLostError  aborted, closed, or the peer broke the protocol
    """


class UnreachableError(ScuError):
    """No connection, or no TLS."""


class RejectedError(ScuError):
    """The peer does not want the association (PS3.8 Table 9-21)."""

    def __init__(self, result: int, source: int, reason: int) -> None:
        words = _REJECTIONS.get((source, reason), f"source {source}, reason {reason}")
        kind = "for now" if result == 2 else "for good"
        super().__init__(f"the association was rejected {kind}: {words}")
        self.result, self.source, self.reason = result, source, reason


_REJECTIONS: Final = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognised",
    (1, 7): "called AE title not recognised",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}


class NotAcceptedError(ScuError):
    """The peer accepted no presentation context for an operation."""


class RefusedError(ScuError):
    """The peer answered with a failure."""

    def __init__(self, status: int, comment: str | None) -> None:
        super().__init__(f"the peer answered with status {status:04X}: {comment or 'no comment'}")
        self.status = status
        self.comment = comment


class PeerTimeoutError(ScuError):
    """The peer did not answer, or did not read, in time."""


class AssociationLostError(ScuError):
    """The association ended before the answer."""


@dataclass(frozen=True, slots=True)
class PeerAddress:
    """Whom to call, and as whom.

    Parameters
    ----------
    host, port
        Where the peer listens.
    called_ae, calling_ae
        Application entity titles.
    ssl
        Context of a DICOM TLS connection; None for none.
    """

    host: str
    port: int
    called_ae: str
    calling_ae: str
    ssl: ssl_module.SSLContext | None = None
