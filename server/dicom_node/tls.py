"""DICOM TLS (PS3.15 B.12, BCP 195): of who calls, of the node, and files replaced meanwhile."""

import ssl
from pathlib import Path

import structlog

from server.core.settings import DicomSettings

_log = structlog.get_logger(__name__)

# RFC 9325, 4.2: of TLS 1.2, only what is forward secret and authenticated.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def calling_context(settings: DicomSettings) -> ssl.SSLContext:
    """Make the context of calls: who is called is verified, and sees our certificate if any.

    Raises
    ------
    OSError
        If a certificate, a key or the authorities cannot be read, or do not belong together.
    """
    context = _profiled(ssl.create_default_context(cafile=settings.tls_server_ca))
    if settings.tls_certificate is not None:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return context


def tls_context(settings: DicomSettings) -> ssl.SSLContext:
    """Make the context of the TLS port: TLS 1.2 or newer and a client certificate.

    Raises
    ------
    ValueError
        If a certificate, a key or the clients' authorities are not given.
    OSError
        If one of them cannot be read, or they do not belong together.
    """
    if not (settings.tls_certificate and settings.tls_key and settings.tls_client_ca):
        raise ValueError("the TLS port needs tls_certificate, tls_key and tls_client_ca")
    context = _profiled(
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=settings.tls_client_ca)
    )
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _profiled(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return it with what both ends of ours agree to."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


class NodeTls:
    """The TLS port's context, made anew for new connections once one of its files is another.

    Where the new files cannot be used, half written or not belonging together, the old context
    goes on until they change again.
    """

    def __init__(self, settings: DicomSettings) -> None:
        self._settings = settings
        self._files = [
            Path(each)
            for each in (settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
            if each is not None
        ]
        self._stamps = self._stamped()
        self._context = tls_context(settings)

    def context(self) -> ssl.SSLContext:
        """Return the context for the next connection."""
        stamps = self._stamped()
        if stamps != self._stamps:
            self._stamps = stamps
            try:
                self._context = tls_context(self._settings)
            except OSError as error:
                _log.error("new TLS files cannot be used", because=error.strerror or str(error))
            else:
                _log.info("TLS files were read anew")
        return self._context

    def _stamped(self) -> list[tuple[int, int, int] | None]:
        stamps: list[tuple[int, int, int] | None] = []
        for path in self._files:
            try:
                found = path.stat()
            except OSError:
                stamps.append(None)
            else:
                stamps.append((found.st_ino, found.st_size, found.st_mtime_ns))
        return stamps
