"""Allow-lists of address and certificate: who is let in, and how a change holds at once."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from server.core.errors import Conflict, InvalidInput, NotFound
from server.core.settings import DicomSettings
from server.dicom_node.allow_list import AllowedDevice, Caller, Objection
from server.dicom_node.budgets import DeviceBudget
from server.dicom_node.public import DeviceChange, NewDevice, NodeTls
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.node import dimse_server
from server.services import build_services, running
from tests.dicom.dimse.certificates import Certificate, certificate, client_context
from tests.dicom.dimse.node import CT, EXPLICIT, RawPeer, associate_request, context_item, raw_peer
from tests.dicom.dimse.senders import run
from tests.dicom.dimse.test_tls import tls_peer
from tests.server.dicom_node.test_node import Node, audited, send, until_audited
from tests.support.application import settings_for
from tests.support.dicom_files import ct_bytes, sample
from tests.support.peers import require_program

ORG = "qinghe"
SHOWN = "commonName=CT1,organizationName=Clinic"
OTHER = "f" * 64


def fingerprint(of: Certificate) -> str:
    encoded = ssl.PEM_cert_to_DER_cert(of.certificate.read_text())
    return hashlib.sha256(encoded).hexdigest()


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[Node]:
    """A node with a plain and a TLS port that trusts the authorities of CT1 and CT2."""
    trusted = tmp_path / "authorities.pem"
    trusted.write_text(
        "".join(certificate(name).certificate.read_text() for name in ("CT1", "CT2"))
    )
    own = certificate("node")
    settings = settings_for(tmp_path, database_url).model_copy(
        update={
            "dicom": DicomSettings(
                port=0, tls_port=0, tls_certificate=own.certificate, tls_key=own.key,
                tls_client_ca=trusted,
            )
        }
    )  # fmt: skip
    services = build_services(settings, role="node")
    async with running(services):
        here = await services.institutions.create(
            NewInstitution(ORG, "township1", "township1", "township1", Level.TOWNSHIP)
        )
        server = dimse_server(services)
        ports = [
            await server.start("127.0.0.1", 0),
            await server.start("127.0.0.1", 0, NodeTls(services.settings.dicom).context),
        ]
        yield Node(services, ports[0], {"township1": here, "tls": str(ports[1])})
        await server.close(1)


async def register(node: Node, ae_title: str, **fields: object) -> str:
    new = NewDevice(ORG, node.institutions["township1"], ae_title)
    return await node.services.devices.register(replace(new, **fields))  # type: ignore[arg-type]  # its own fields


@asynccontextmanager
async def associating(
    node: Node, ae_title: str, shown: Certificate | None = None
) -> AsyncIterator[tuple[RawPeer, int]]:
    """Ask for an association, over TLS where a certificate is shown; say how it was answered."""
    request = associate_request(context_item(1, CT, EXPLICIT), calling=ae_title.encode())
    opened = (
        raw_peer(node.port)
        if shown is None
        else tls_peer(int(node.institutions["tls"]), client_context(shown))
    )
    async with opened as peer:
        await peer.send(request)
        yield peer, (await peer.receive())[0]


async def answered(node: Node, ae_title: str, shown: Certificate | None = None) -> bool:
    async with associating(node, ae_title, shown) as (_, kind):
        return kind == 0x02


async def until_answered(node: Node, ae_title: str, *, accepted: bool) -> None:
    async with asyncio.timeout(30):
        while await answered(node, ae_title) is not accepted:  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.1)


DEVICE = AllowedDevice(
    id="d", org=ORG, institution_id="i", networks=(), certificate_subject=None,
    certificates_sha256=frozenset(), user=None, budget=DeviceBudget(), may_query=False,
    may_see_worklist=False, charset=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "sha256", "caller", "objection"),
    [
        (None, (), Caller("A", "10.0.0.1", None, uses_tls=False), None),
        (None, (), Caller("A", "10.0.0.1", SHOWN, uses_tls=True), Objection.CERTIFICATE),
        (SHOWN, (), Caller("A", "10.0.0.1", None, uses_tls=False), Objection.CERTIFICATE),
        (SHOWN, (), Caller("A", "10.0.0.1", SHOWN, uses_tls=True), None),
        (SHOWN, (), Caller("A", "10.0.0.1", "commonName=X", uses_tls=True), Objection.CERTIFICATE),
        (None, (OTHER,), Caller("A", "10.0.0.1", None, uses_tls=False), Objection.CERTIFICATE),
        (None, (OTHER,), Caller("A", "10.0.0.1", SHOWN, True, OTHER), None),
        (None, ("a" * 64, OTHER), Caller("A", "10.0.0.1", SHOWN, True, OTHER), None),
        (None, ("a" * 64,), Caller("A", "10.0.0.1", SHOWN, True, OTHER), Objection.CERTIFICATE),
        (SHOWN, ("a" * 64,), Caller("A", "10.0.0.1", SHOWN, True, OTHER), Objection.CERTIFICATE),
        ("commonName=X", (OTHER,), Caller("A", "10.0.0.1", SHOWN, True, OTHER),
         Objection.CERTIFICATE),
    ],
)  # fmt: skip
def test_a_device_shows_the_certificate_it_is_bound_to_and_comes_no_other_way(
    subject: str | None, sha256: tuple[str, ...], caller: Caller, objection: Objection | None
) -> None:
    device = replace(DEVICE, certificate_subject=subject, certificates_sha256=frozenset(sha256))
    assert device.objection(caller) == objection


async def test_certificates_are_bound_to_title_and_institution(node: Node) -> None:
    ct1, ct2 = certificate("CT1"), certificate("CT2")
    await register(node, "CT1", certificates_sha256=(fingerprint(ct1).upper(),))
    await register(node, "CT2", certificate_subject="commonName=CT2,organizationName=Clinic")
    await register(node, "PLAIN")
    assert await answered(node, "CT1", ct1)
    assert await answered(node, "CT2", ct2)
    # Nobody lends a certificate to another, and none of them comes without.
    assert not await answered(node, "CT1", ct2)
    assert not await answered(node, "CT2", ct1)
    assert not await answered(node, "CT1")
    assert not await answered(node, "PLAIN", ct1)
    assert await answered(node, "PLAIN")


async def test_storescu_stores_over_tls_with_its_certificate(node: Node) -> None:
    program = require_program("storescu")
    ct1, own = certificate("CT1"), certificate("node")
    await register(node, "CT1", certificates_sha256=(fingerprint(ct1),))
    command = (
        program, "-aet", "CT1", "+tls", ct1.key, ct1.certificate, "+cf", own.certificate,
        "127.0.0.1", node.institutions["tls"], sample("CT_small.dcm"),
    )  # fmt: skip
    code, output = await run(*command)
    assert code == 0, output
    row = await until_audited(node, "dicom.association")
    assert row.institution_id == node.institutions["township1"]


@pytest.mark.parametrize(
    "weakness",
    [("-tls1_1",), ("-tls1_2", "-cipher", "AES128-SHA256"), ("-tls1_2", "-cipher", "DHE")],
)
async def test_old_and_weak_tls_is_refused(node: Node, weakness: tuple[str, ...]) -> None:
    program = require_program("openssl")
    ct1 = certificate("CT1")
    there = f"127.0.0.1:{node.institutions['tls']}"
    shown = ("-cert", ct1.certificate, "-key", ct1.key)
    code, output = await run(program, "s_client", "-connect", there, *shown, *weakness)
    assert code != 0, output


async def test_a_change_holds_for_new_associations_without_a_restart(node: Node) -> None:
    device_id = await register(node, "CT1", networks=("127.0.0.0/8",))
    change = node.services.devices.change
    assert await answered(node, "CT1")
    await change(ORG, device_id, DeviceChange(networks=("10.1.0.0/16", "10.2.3.4")))
    await until_answered(node, "CT1", accepted=False)
    await change(ORG, device_id, DeviceChange(networks=()))
    await until_answered(node, "CT1", accepted=True)
    await change(ORG, device_id, DeviceChange(is_enabled=False))
    await until_answered(node, "CT1", accepted=False)
    await change(ORG, device_id, DeviceChange(is_enabled=True))
    await until_answered(node, "CT1", accepted=True)
    told = [orjson.loads(row.detail) for row in await audited(node, "device.change")]
    assert {"networks": "10.1.0.0/16,10.2.3.4/32"} in told
    assert {"disabled_at": True} in told


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (DeviceChange(is_enabled=False), "it was switched off"),
        (DeviceChange(networks=("10.0.0.0/8",)), "it calls from another address"),
        (DeviceChange(certificates_sha256=(OTHER,)), "it does not show its certificate"),
        (DeviceChange(username="ct1"), "its user or passcode was changed"),
    ],
)
async def test_an_association_of_a_device_that_may_not_stay_is_ended(
    node: Node, change: DeviceChange, because: str
) -> None:
    device_id = await register(node, "CT1")
    await register(node, "OTHER")
    async with (
        associating(node, "CT1") as (revoked, kind),
        associating(node, "OTHER") as (other, other_kind),
    ):
        assert (kind, other_kind) == (0x02, 0x02)
        await node.services.devices.change(ORG, device_id, change)
        assert (await revoked.receive())[0] == 0x07
        row = await until_audited(node, "dicom.dismiss")
        assert orjson.loads(row.detail) == {"because": because}
        assert row.actor_id == device_id
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await other.receive()
    assert await send(node, ct_bytes(), ae_title="OTHER") == [0]


async def test_bad_changes_are_refused_and_change_nothing(node: Node) -> None:
    change = node.services.devices.change
    device_id = await register(node, "CT1", networks=("127.0.0.1",))
    await register(node, "CT1", networks=("127.0.0.2",))
    for bad in (
        DeviceChange(),
        DeviceChange(networks=("nowhere",)),
        DeviceChange(networks=tuple(f"10.0.0.{n}" for n in range(30))),
        DeviceChange(certificates_sha256=("12:34",)),
        DeviceChange(certificates_sha256=tuple(f"{n:064x}" for n in range(9))),
        DeviceChange(username="x" * 65),
        DeviceChange(username="ct\x1b1"),
        DeviceChange(passcode="long enough, and nobody's"),
        DeviceChange(username="ct1", passcode="short"),
        DeviceChange(objects_per_minute=-1),
    ):
        with pytest.raises(InvalidInput):
            await change(ORG, device_id, bad)
    with pytest.raises(Conflict):
        await change(ORG, device_id, DeviceChange(networks=("127.0.0.2",)))
    with pytest.raises(NotFound):
        await change("another community", device_id, DeviceChange(is_enabled=False))
    (shown, _) = await node.services.devices.registered(ORG)
    assert (shown.username, shown.disabled_at) == (None, None)
    assert await audited(node, "device.change") == []


async def test_authorities_and_certificates_are_replaced_without_a_restart(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    ct1, ct2 = certificate("CT1"), certificate("CT2")
    await register(node, "CT1", certificates_sha256=(fingerprint(ct1),))
    await register(node, "CT2", certificates_sha256=(fingerprint(ct2),))
    dicom = node.services.settings.dicom
    assert dicom.tls_client_ca is not None
    assert await answered(node, "CT1", ct1)

    # Half a file, as one that is being written: the old goes on.
    dicom.tls_client_ca.write_text(ct2.certificate.read_text()[:100])
    assert await answered(node, "CT1", ct1)
    assert "new TLS files cannot be used" in capsys.readouterr().out

    dicom.tls_client_ca.write_text(ct2.certificate.read_text())
    assert await answered(node, "CT2", ct2)
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        await answered(node, "CT1", ct1)
