"""Who a TLS peer is, from the certificate the handshake verified."""

import asyncio
import hashlib
import ssl

from dicom.dimse.callbacks import TlsPeer


def tls_peer(transport: asyncio.BaseTransport) -> TlsPeer | None:
    """Return the peer's verified certificate, None without TLS or without a certificate."""
    connection = transport.get_extra_info("ssl_object")
    if not isinstance(connection, ssl.SSLObject):
        return None
    encoded = connection.getpeercert(binary_form=True)
    described = connection.getpeercert()
    if not encoded or not described:
        return None
    names = described.get("subject", ())
    return TlsPeer(subject=_subject(names), sha256=hashlib.sha256(encoded).hexdigest())


def _subject(names: object) -> str:
    if not isinstance(names, tuple):
        return ""
    return ",".join(f"{key}={value}" for relative in names for key, value in relative)
