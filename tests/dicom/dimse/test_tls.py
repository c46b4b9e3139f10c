"""DICOM TLS: who the peer is, and handshakes that never come."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dicom.dimse.limits import DimseLimits
from tests.dicom.dimse.certificates import certificate, client_context, server_context
from tests.dicom.dimse.node import (
    RELEASE,
    RawPeer,
    raw_peer,
    running_node,
    store,
    until,
)
from tests.dicom.dimse.senders import CT_FILES, run
from tests.support.peers import require_program


@asynccontextmanager
async def tls_peer(port: int, context: ssl.SSLContext) -> AsyncIterator[RawPeer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        yield RawPeer(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def test_verified_certificate_reaches_the_gate() -> None:
    client = certificate("CT1")
    async with running_node() as node:
        port = await node.server.start("127.0.0.1", 0, server_context(client))
        async with tls_peer(port, client_context(client)) as peer:
            await peer.associate()
            data = bytes(300_000)
            await peer.send(store(data))
            assert await peer.receive_status() == 0
            assert node.handler.sinks[0].data == data
            await peer.send(RELEASE)
            assert await peer.receive() == (0x06, bytes(4))
        seen = node.gate.requests[0].association.tls
        assert seen is not None
        assert seen.subject == "commonName=CT1,organizationName=Clinic"
        encoded = ssl.PEM_cert_to_DER_cert(client.certificate.read_text())
        assert seen.sha256 == hashlib.sha256(encoded).hexdigest()


async def test_peer_without_certificate_is_anonymous_where_none_is_asked_for() -> None:
    async with running_node() as node:
        port = await node.server.start("127.0.0.1", 0, server_context(None))
        async with tls_peer(port, client_context(None)) as peer:
            await peer.associate()
            assert await peer.echo() == 0
        assert node.gate.requests[0].association.tls is None


async def test_peer_with_a_strange_certificate_gets_no_association() -> None:
    async with running_node() as node:
        port = await node.server.start("127.0.0.1", 0, server_context(certificate("CT1")))
        try:
            async with tls_peer(port, client_context(certificate("STRANGER"))) as peer:
                assert await peer.at_end()
        except (ssl.SSLError, ConnectionError):
            pass  # TLS 1.3 tells the client late, TLS 1.2 at once
        assert node.gate.requests == []
        await until(lambda: node.server.stats().pending_connections == 0)


async def test_silent_handshake_is_dropped_and_delays_nobody() -> None:
    async with running_node(DimseLimits(tls_handshake_s=1.0)) as node:
        port = await node.server.start("127.0.0.1", 0, server_context(None))
        async with raw_peer(port) as silent, raw_peer(port) as garbled:
            await garbled.send(b"GET / HTTP/1.1\r\n\r\n")
            await until(lambda: node.server.stats().pending_connections >= 1)
            async with tls_peer(port, client_context(None)) as honest:
                await honest.associate()
                assert await honest.echo() == 0
            assert await silent.at_end()
            await until(lambda: node.server.stats().pending_connections == 0)


async def test_storescu_over_tls_is_stored() -> None:
    program = require_program("storescu")
    own = certificate("node")
    async with running_node() as node:
        port = await node.server.start("127.0.0.1", 0, server_context(None))
        code, output = await run(
            program,
            *("+tla", "+cf", own.certificate, "-v", "127.0.0.1", str(port)),
            CT_FILES[0].path,
        )
        assert code == 0, output
        assert node.server.stats().objects_stored == 1
