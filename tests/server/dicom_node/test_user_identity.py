"""User identity (PS3.7 D.3.3.7): a device that must say who it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from pynetdicom import AE
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from server.dicom_node.public import DeviceChange, NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.node import dimse_server
from server.services import build_services, running
from tests.dicom.dimse.senders import run
from tests.server.dicom_node.test_budgets import rejection
from tests.server.dicom_node.test_node import Node, audited, until_audited
from tests.support.application import settings_for
from tests.support.dicom_files import sample
from tests.support.peers import require_program

ORG = "qinghe"
PASSCODE = "通行口令 of the CT"
VERIFICATION = "1.2.840.10008.1.1"
PERMANENT, TRANSIENT = (1, 1, 1), (2, 3, 2)
Answer = tuple[bool | None, tuple[int, int, int] | None]
"""Whether the user was confirmed, None where there is no association; how it was rejected."""


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[Node]:
    settings = settings_for(tmp_path, database_url)
    services = build_services(settings, role="node")
    async with running(services):
        here = await services.institutions.create(
            NewInstitution(ORG, "township1", "township1", "township1", Level.TOWNSHIP)
        )
        register = services.devices.register
        await register(NewDevice(ORG, here, "CT1", username="ct1", passcode=PASSCODE))
        await register(NewDevice(ORG, here, "NAMED", username="somebody"))
        await register(NewDevice(ORG, here, "FREE"))
        server = dimse_server(services)
        yield Node(services, await server.start("127.0.0.1", 0), {"township1": here})
        await server.close(1)


def _identity(
    kind: int, primary: bytes, secondary: bytes = b"", *, confirm: bool = True
) -> UserIdentityNegotiation:
    identity = UserIdentityNegotiation()
    identity.user_identity_type = kind
    identity.positive_response_requested = confirm
    identity.primary_field = primary
    if kind == 2:
        identity.secondary_field = secondary
    return identity


def _associate(port: int, ae_title: str, identity: UserIdentityNegotiation | None) -> Answer:
    entity = AE(ae_title=ae_title)
    entity.add_requested_context(VERIFICATION)
    association = entity.associate(
        "127.0.0.1", port, ext_neg=[] if identity is None else [identity]
    )
    if not association.is_established:
        return None, rejection(association)
    try:
        assert association.send_c_echo().Status == 0
        return association.acceptor.user_identity is not None, None
    finally:
        association.release()


async def ask(node: Node, ae_title: str, identity: UserIdentityNegotiation | None = None) -> Answer:
    return await asyncio.to_thread(_associate, node.port, ae_title, identity)


async def test_the_right_passcode_is_confirmed_where_that_is_asked_for(node: Node) -> None:
    right = PASSCODE.encode()
    for _ in range(2):  # the second is believed without the work of the first
        assert await ask(node, "CT1", _identity(2, b"ct1", right)) == (True, None)
    assert await ask(node, "CT1", _identity(2, b"ct1", right, confirm=False)) == (False, None)


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(None, id="none"),
        pytest.param(_identity(1, b"ct1"), id="without its passcode"),
        pytest.param(_identity(2, b"ct1", b"wrong"), id="a wrong passcode"),
        pytest.param(_identity(2, b"ct2", PASSCODE.encode()), id="another user"),
        pytest.param(_identity(2, b"ct1", b"\xff\xfe"), id="no text"),
        pytest.param(_identity(2, b"ct1", b"x" * 60_000), id="60,000 bytes"),
        pytest.param(_identity(2, b"x" * 60_000, PASSCODE.encode()), id="a long name"),
        pytest.param(_identity(3, b"ticket"), id="Kerberos"),
        pytest.param(_identity(4, b"<Assertion/>"), id="SAML"),
        pytest.param(_identity(5, b"e30.e30."), id="JWT"),
    ],
)
async def test_anything_else_is_rejected_and_audited(
    node: Node, identity: UserIdentityNegotiation | None
) -> None:
    assert await ask(node, "CT1", identity) == (None, PERMANENT)
    row = await until_audited(node, "dicom.associate")
    assert (row.outcome, row.source) == ("refused", "CT1@127.0.0.1")
    assert orjson.loads(row.detail)["because"]
    # A device beside it is served.
    assert await ask(node, "FREE") == (False, None)


async def test_who_guesses_is_throttled_and_the_device_itself_is_not_shut_out_for_long(
    node: Node,
) -> None:
    right = _identity(2, b"ct1", PASSCODE.encode())
    assert await ask(node, "CT1", right) == (True, None)
    most = node.services.settings.identity.attempts_per_login
    answers = [await ask(node, "CT1", _identity(2, b"ct1", b"guess")) for _ in range(most + 1)]
    assert answers == [(None, PERMANENT)] * most + [(None, TRANSIENT)]
    # Whoever has shown it lately goes on working while somebody guesses.
    assert await ask(node, "CT1", right) == (True, None)
    reasons = {
        orjson.loads(row.detail)["because"] for row in await audited(node, "dicom.associate")
    }
    assert "wrong user name or passcode" in reasons


async def test_a_name_alone_suffices_where_only_that_is_asked_for(node: Node) -> None:
    assert await ask(node, "NAMED", _identity(1, b"somebody")) == (True, None)
    assert await ask(node, "NAMED", _identity(2, b"somebody", b"anything")) == (True, None)
    assert await ask(node, "NAMED", _identity(1, b"else")) == (None, PERMANENT)


async def test_nothing_is_confirmed_that_was_not_looked_at(node: Node) -> None:
    assert await ask(node, "FREE", _identity(2, b"whoever", b"whatever")) == (False, None)
    # And a ticket that nobody looks at is not taken for one that was.
    assert await ask(node, "FREE", _identity(3, b"ticket")) == (None, PERMANENT)


async def test_a_new_passcode_takes_the_place_of_the_old(node: Node) -> None:
    old = _identity(2, b"ct1", PASSCODE.encode())
    assert await ask(node, "CT1", old) == (True, None)
    (device,) = [
        each for each in await node.services.devices.registered(ORG) if each.ae_title == "CT1"
    ]
    assert device.has_passcode
    change = DeviceChange(passcode="another passcode")
    await node.services.devices.change(ORG, device.id, change)
    async with asyncio.timeout(30):
        while await ask(node, "CT1", old) != (None, PERMANENT):  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.2)
    assert await ask(node, "CT1", _identity(2, b"ct1", b"another passcode")) == (True, None)
    (row,) = await audited(node, "device.change")
    assert orjson.loads(row.detail) == {"passcode": True}
    await node.services.devices.change(ORG, device.id, DeviceChange(username=""))
    async with asyncio.timeout(30):
        while await ask(node, "CT1") != (False, None):  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.2)


async def test_storescu_says_who_it_is(node: Node) -> None:
    program = require_program("storescu")
    there = ("127.0.0.1", str(node.port), sample("CT_small.dcm"))
    code, output = await run(
        program, "-aet", "CT1", "-usr", "ct1", "-pwd", PASSCODE, "-rsp", *there
    )
    assert code == 0, output
    code, _ = await run(program, "-aet", "CT1", "-usr", "ct1", "-pwd", "wrong", *there)
    assert code != 0
