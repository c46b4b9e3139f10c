"""The demonstration on the LAN: OpenSSL and curl trust its authority and get in over TLS."""

import asyncio
import base64
import hashlib
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.demo import Demo, running_demo
from tests.support.peers import missing, require_program
from tests.support.playwright import BROWSERS, run_spec


def lan_address() -> str:
    """Return an address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; it picks the address we would send from.
            probe.connect(("198.51.100.1", 9))
        except OSError:
            missing("a network address")
        address: str = probe.getsockname()[0]
    if address.startswith("127."):
        missing("a network address other than loopback")
    return address


def run(*command: str | Path, stdin: str = "") -> str:
    """Run a foreign program to its good end."""
    done = subprocess.run(
        command, input=stdin, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("browser", BROWSERS)
async def test_a_browser_on_the_lan_has_a_camera(tmp_path: Path, browser: str) -> None:
    async with running_demo(tmp_path / "data", lan_host=lan_address()) as demo:
        served = x509.load_pem_x509_certificate(
            (demo.data_dir / "demo-tls" / "server.crt").read_bytes()
        )
        key = served.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
        await run_spec("lan.spec.ts", browser, demo, {"E2E_TRUSTED_KEY": digest})


async def test_the_lan_is_served_over_tls_alone(tmp_path: Path) -> None:
    openssl, curl = require_program("openssl"), require_program("curl")
    host = lan_address()
    async with running_demo(tmp_path / "data", lan_host=host) as demo:
        authority = demo.data_dir / "demo-tls" / "ca.crt"

        def strangers_get_in() -> None:
            port = urlsplit(demo.http).port
            run(
                openssl, "s_client", "-connect", f"{host}:{port}", "-CAfile", authority,
                "-verify_ip", host, "-verify_return_error", "-brief",
            )  # fmt: skip
            trusting = (curl, "--silent", "--show-error", "--cacert", authority)
            headers = run(*trusting, "-D", "-", "-o", "/dev/null", f"{demo.http}/").lower()
            assert " 200" in headers.splitlines()[0]
            # A browser that waved the certificate through would be locked out for a year.
            assert "strict-transport-security" not in headers
            assert "ready" in run(*trusting, f"https://localhost:{port}/readyz")
            sign_in(trusting, demo)

        await asyncio.to_thread(strangers_get_in)
        for port in (demo.dicom_port, demo.media_port):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(host, port)
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()


def sign_in(trusting: tuple[str | Path, ...], demo: Demo) -> None:
    """Sign in as the page would; the cookie is one that browsers bind to this host."""
    body = f'{{"login": "county", "password": "{demo.logins()["county"]}"}}'
    answer = run(
        *trusting, "--include", "--json", "@-", "--header", f"Origin: {demo.http}",
        f"{demo.http}/api/session", stdin=body,
    )  # fmt: skip
    (cookie,) = (line for line in answer.splitlines() if line.lower().startswith("set-cookie:"))
    assert "__Host-lianzhen=" in cookie
    assert "Secure" in cookie
