"""Throw-away certificates for TLS tests, made with OpenSSL."""

import atexit
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.support.peers import require_program


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate and its key."""

    certificate: Path
    key: Path


@cache
def certificate(common_name: str) -> Certificate:
    """Return a self-signed certificate for 127.0.0.1."""
    openssl = require_program("openssl")
    folder = Path(mkdtemp(prefix="dimse-tls-"))
    atexit.register(shutil.rmtree, folder)
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={common_name}/O=Clinic"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", made.key, "-out", made.certificate),
        ],
        check=True,
        capture_output=True,
    )
    return made


def server_context(client: Certificate | None) -> ssl.SSLContext:
    """Return the node's context; with ``client``, peers must show that certificate."""
    own = certificate("node")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.certificate, own.key)
    if client is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client.certificate)
    return context


def client_context(client: Certificate | None) -> ssl.SSLContext:
    """Return a peer's context, which trusts the node."""
    context = ssl.create_default_context(cafile=certificate("node").certificate)
    if client is not None:
        context.load_cert_chain(client.certificate, client.key)
    return context
