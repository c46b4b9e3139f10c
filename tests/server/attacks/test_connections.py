"""The rows of the attack table that meet the DICOM port before or beside any object."""

import asyncio
import socket
import struct
import time
from contextlib import AsyncExitStack, suppress
from typing import Final

import pytest

from dicom.dimse.information_models import STUDY_ROOT_FIND
from server.audit.public import Outcome
from tests.dicom.dimse.certificates import certificate, client_context
from tests.dicom.dimse.node import (
    ABORT,
    CT,
    ECHO,
    EXPLICIT,
    IMPLICIT,
    RELEASE,
    VERIFICATION,
    RawPeer,
    associate_request,
    command,
    context_item,
    item,
    p_data,
    pdv,
    raw_peer,
)
from tests.dicom.dimse.test_tls import tls_peer
from tests.server.attacks.conftest import OBJECT_CAP_MIB
from tests.server.attacks.installation import MIB, SUCCESS, Attacked, c_store
from tests.support.node_process import DEVICE_AE, wait_until

ACCEPTED, REJECTED, ABORTED = 0x02, 0x03, 0x07
LOCAL_LIMIT_EXCEEDED: Final = b"\2\3\2"
CALLING: Final = DEVICE_AE.encode()


async def test_one_silent_tls_connection(attacked: Attacked) -> None:
    """Others are accepted, and it is dropped after 10 s."""
    since = len(attacked.log(attacked.node).encode())
    with attacked.bounded(attacked.node, more_mib=30):
        begun_s = time.monotonic()
        async with raw_peer(attacked.tls_port) as silent:
            client = client_context(certificate("CT1"))
            async with tls_peer(attacked.tls_port, client) as honest:
                await honest.associate(associate_request(calling=b"CT1"))
                assert await honest.echo() == SUCCESS
            await attacked.honest()
            assert await silent.at_end()
            assert 10 <= time.monotonic() - begun_s < 15
    await attacked.logged(attacked.node, "no connection was made from 127.0.0.1", since)


async def test_300_silent_or_half_sent_sockets(attacked: Attacked) -> None:
    """An honest device is served at once, in a handful of threads, for less than 100 MB more."""
    openings = [b"", associate_request()[:50], b"\x01\0", associate_request()[:-1]]
    before = attacked.sockets(attacked.node)
    with attacked.bounded(attacked.node, more_mib=100):
        async with AsyncExitStack() as stack:
            for index in range(300):
                peer = await stack.enter_async_context(raw_peer(attacked.site.dicom_port))
                await peer.send(openings[index % len(openings)])
            for _ in range(5):
                await attacked.honest()
            async with attacked.associated(context_item(1, VERIFICATION, IMPLICIT)) as honest:
                echoes_s = sorted([await _echoed_s(honest) for _ in range(200)])
            assert echoes_s[197] < 0.2, "the 99th percentile"
            assert attacked.threads(attacked.node) < 40
    await attacked.all_gone(attacked.node, before)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (struct.pack(">BxI", 4, 0xFFFFFFFF), "PDU length 0xFFFFFFFF"),
        (struct.pack(">BxI", 4, 100_000_000), "100 MB P-DATA after 128 KiB was agreed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_pdu_longer_than_agreed(attacked: Attacked, header: bytes, row: str) -> None:
    """A-ABORT at the first header: nothing of it is kept."""
    since = len(attacked.log(attacked.node).encode())
    with attacked.bounded(attacked.node, more_mib=20):
        async with attacked.associated(context_item(1, CT, EXPLICIT)) as peer:
            request = command(0x01, CT, instance="1.2.3", has_data_set=True)
            await peer.send(p_data(pdv(1, 3, request)) + header)
            assert (await peer.receive())[0] == ABORTED
            # It sends on all the same: read to a bound, then cut.
            with suppress(ConnectionError):
                for _ in range(20):
                    await peer.send(bytes(MIB))
            await attacked.honest()
    await attacked.logged(attacked.node, f"P_DATA_TF of {int.from_bytes(header[2:], 'big')}", since)


async def test_fragments_that_never_end(attacked: Attacked) -> None:
    """Cut at the object cap; the spool file is removed."""
    since, before = len(attacked.log(attacked.node).encode()), await _cut_off(attacked)
    piece = p_data(pdv(1, 0, bytes(128 * 1024 - 100)))
    with attacked.bounded(attacked.node, more_mib=20):
        async with attacked.associated(context_item(1, CT, EXPLICIT)) as peer:
            request = command(0x01, CT, instance="1.2.3", has_data_set=True)
            await peer.send(p_data(pdv(1, 3, request)))
            with suppress(ConnectionError):
                for _ in range((OBJECT_CAP_MIB + 4) * 8):
                    await peer.send(piece)
            with suppress(ConnectionError):
                assert (await peer.receive())[0] == ABORTED
        await attacked.logged(attacked.node, "an object is too large", since)
    await attacked.honest()
    await attacked.no_orphans()

    async def is_written_down() -> bool:
        return await _cut_off(attacked) == before + 1

    await wait_until(is_written_down, "the audit to say what it brought")


async def test_128_contexts_of_4000_syntaxes(attacked: Attacked) -> None:
    """Refused at its header, or within the cap of a request rejected, for little processor time."""
    syntaxes = b"".join(item(0x40, f"1.2.840.{i}".encode()) for i in range(4000))
    context = item(0x30, CT.encode()) + syntaxes[:65_000]
    whole = associate_request(
        b"".join(item(0x20, struct.pack("Bxxx", 2 * i + 1) + context) for i in range(128))
    )
    within = associate_request(context_item(1, CT, *[f"1.2.{i}" for i in range(4000)]) * 16)
    with attacked.bounded(attacked.node, more_mib=20, cpu_s=5):
        for request, answer in ((whole, ABORTED), (within, REJECTED)):
            for _ in range(10):
                async with raw_peer(attacked.site.dicom_port) as peer:
                    await peer.send(request[:100_000] if answer == ABORTED else request)
                    assert (await peer.receive())[0] == answer
                    with suppress(ConnectionError):
                        await peer.send(request)
        await attacked.honest()


async def test_1000_presentation_contexts(attacked: Attacked) -> None:
    """Rejected as more than we look at; a request has 128 at most (PS3.8 9.3.2.2)."""
    contexts = b"".join(context_item(2 * (i % 128) + 1, CT, IMPLICIT) for i in range(1000))
    since = len(attacked.log(attacked.node).encode())
    with attacked.bounded(attacked.node, more_mib=20, cpu_s=5):
        async with raw_peer(attacked.site.dicom_port) as peer:
            await peer.send(associate_request(contexts, calling=CALLING))
            kind, body = await peer.receive()
            # The 129th begins to repeat an identifier: either way nothing is served.
            assert (kind, body[1:]) == (REJECTED, LOCAL_LIMIT_EXCEEDED)
        await attacked.honest()
    await attacked.logged(attacked.node, "too many presentation contexts", since)
    row = await _told(attacked, "dicom.request", because="too many presentation contexts")
    assert (row["outcome"], row["source"]) == ("refused", "@127.0.0.1")


async def test_duplicate_message_ids(attacked: Attacked) -> None:
    """One after the other each is answered; a request beside one of its own number is aborted."""
    since = len(attacked.log(attacked.node).encode())
    with attacked.bounded(attacked.node, more_mib=20):
        async with attacked.associated(context_item(1, VERIFICATION, IMPLICIT)) as peer:
            await peer.send(ECHO * 100)
            for _ in range(100):
                assert await peer.receive_status() == SUCCESS
        async with raw_peer(attacked.site.dicom_port) as peer:
            contexts = context_item(1, STUDY_ROOT_FIND, IMPLICIT)
            await peer.associate(associate_request(contexts, calling=b"ASKING"))
            find = command(0x20, STUDY_ROOT_FIND, has_data_set=True)
            level = struct.pack("<HHI", 0x0008, 0x0052, 6) + b"STUDY "
            query = p_data(pdv(1, 3, find)) + p_data(pdv(1, 2, level))
            await peer.send(query + query)
            while (await peer.receive())[0] != ABORTED:
                continue
        await attacked.honest()
    await attacked.logged(attacked.node, "an association broke off", since)
    because = "a request before the last was answered"
    row = await _told(attacked, "dicom.association", ending="aborted", because=because)
    assert row["outcome"] == "failed"
    assert because in attacked.log(attacked.node, since)


CONTEXTS = context_item(1, CT, EXPLICIT)
REQUEST = associate_request(CONTEXTS, calling=CALLING)
COMMAND = p_data(pdv(1, 3, command(0x01, CT, instance="1.2.3", has_data_set=True)))
WHOLE = c_store(bytes(100), instance="1.2.3")
STATES: Final = {
    "Sta2, connected": (b"", b""),
    "Sta2, half a request": (REQUEST[:40], b""),
    "Sta3, awaiting our decision": (REQUEST, b""),
    "Sta6, idle": (REQUEST, b"wait"),
    "Sta6, half a command": (REQUEST, COMMAND[:30]),
    "Sta6, command without its data set": (REQUEST, COMMAND),
    "Sta6, half a data set": (REQUEST, WHOLE[: len(COMMAND) + 50]),
    "Sta6, awaiting a response": (REQUEST, WHOLE),
    "Sta8, release under way": (REQUEST, RELEASE),
    "Sta13, after its abort": (REQUEST, ABORT),
}


@pytest.mark.parametrize("resets", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("state", STATES)
async def test_a_peer_vanishes_in_each_state(attacked: Attacked, state: str, resets: bool) -> None:
    """Nothing of it stays, no socket, no file in the spool; once admitted, it is on record."""
    sockets = attacked.sockets(attacked.node)
    since = len(attacked.log(attacked.node).encode())
    before = len(await _ended(attacked))
    with attacked.bounded(attacked.node, more_mib=20):
        for _ in range(5):
            await _vanish(attacked, state, resets=resets)
        await attacked.honest()
        await attacked.all_gone(attacked.node, sockets)
    await attacked.no_orphans()
    if state.startswith("Sta6"):
        await attacked.logged(attacked.node, "an association broke off", since)
        # Twenty a minute of one address are written down, and the states before had theirs.
        for _ in range(20):
            rows = (await _ended(attacked))[before:]
            if any(row["ending"] == "connection_lost" for row in rows):
                return
            await asyncio.sleep(0.5)
            await _vanish(attacked, state, resets=resets)
        raise AssertionError("nobody was put on record")


async def _vanish(attacked: Attacked, state: str, *, resets: bool) -> None:
    opening, then = STATES[state]
    reader, writer = await asyncio.open_connection("127.0.0.1", attacked.site.dicom_port)
    peer = RawPeer(reader, writer)
    await peer.send(opening)
    if then:
        assert (await peer.receive())[0] == ACCEPTED
        await peer.send(then.removeprefix(b"wait"))
    if resets:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_a_query_for_everything(attacked: Attacked) -> None:
    """Its matches are cut at the bound and the last answer says so."""
    for _ in range(51):
        await attacked.honest()
    contexts = context_item(1, STUDY_ROOT_FIND, IMPLICIT)
    level = struct.pack("<HHI", 0x0008, 0x0052, 6) + b"STUDY "
    with attacked.bounded(attacked.node, more_mib=30):
        async with raw_peer(attacked.site.dicom_port) as peer:
            await peer.associate(associate_request(contexts, calling=b"ASKING"))
            find = command(0x20, STUDY_ROOT_FIND, has_data_set=True)
            await peer.send(p_data(pdv(1, 3, find)) + p_data(pdv(1, 2, level)))
            statuses = [await _command_status(peer)]
            while statuses[-1] & 0xFF00 == 0xFF00:
                statuses.append(await _command_status(peer))
        await attacked.honest()
    assert (len(statuses), statuses[-1]) == (51, 0xA700)
    await _told(attacked, "dicom.association", refused={"C_FIND_RQ A700": 1}, matches=50)


async def test_a_stranger_with_another_name_for_each_call(attacked: Attacked) -> None:
    """Refused each time, and the audit is not filled with its names."""
    since = len(attacked.log(attacked.node).encode())
    with attacked.bounded(attacked.node, more_mib=20):
        for number in range(100):
            async with raw_peer(attacked.site.dicom_port) as peer:
                await peer.send(associate_request(CONTEXTS, calling=f"STRANGER{number}".encode()))
                kind, body = await peer.receive()
                assert (kind, body[1:]) == (REJECTED, b"\1\1\3")
        await attacked.honest()
    await attacked.logged(attacked.node, "STRANGER99", since)
    told = [row["source"] for row in await attacked.audited("dicom.associate")]
    strangers = [source for source in told if source.startswith("STRANGER")]
    # Twenty a minute, and one more for every three seconds that this took.
    assert 1 <= len(strangers) < 60
    assert all(source.endswith("@127.0.0.1") for source in strangers)


async def _echoed_s(peer: RawPeer) -> float:
    """Return how long an echo's answer took."""
    begun_s = time.monotonic()
    assert await peer.echo() == SUCCESS
    return time.monotonic() - begun_s


async def _command_status(peer: RawPeer) -> int:
    """Return the status of the next response, past the data sets before it."""
    while True:
        kind, body = await peer.receive()
        assert kind == 0x04, f"PDU type {kind}"
        if body[5] & 1:
            at = body.index(struct.pack("<HHI", 0, 0x0900, 2)) + 8
            return int.from_bytes(body[at : at + 2], "little")


async def _cut_off(attacked: Attacked) -> int:
    """Return how many associations failed in their only object, at the cap or just before it."""
    return sum(
        (row["outcome"], row["stored"], row["failed"]) == (Outcome.FAILED, 0, 1)
        and row["bytes"] > (OBJECT_CAP_MIB - 1) * MIB
        for row in await attacked.audited("dicom.association")
    )


async def _told(attacked: Attacked, action: str, **facts: object) -> dict[str, object]:
    """Wait for a row of the audit that tells these facts."""
    for _ in range(200):
        for row in await attacked.audited(action):
            if facts.items() <= row.items():
                return row
        await asyncio.sleep(0.05)
    raise AssertionError(f"{action} never told {facts}: {await attacked.audited(action)}")


async def _ended(attacked: Attacked) -> list[dict[str, object]]:
    return await attacked.audited("dicom.association")
