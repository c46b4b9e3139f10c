"""The conformance statement says what the node negotiates, and all of it."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from pydicom._uid_dict import UID_dictionary
from pynetdicom import AE, build_context
from typer.testing import CliRunner

from dicom.dimse.command import Status
from dicom.dimse.server import DimseServer
from server.core.settings import DicomSettings
from server.dicom_cli import app as cli
from server.dicom_node.bounds import dimse_limits
from server.dicom_node.conformance import sections, written_anew
from server.dicom_node.node import UID_CONFLICT, Visit
from server.dicom_node.public import NewDevice
from server.dicom_node.statuses import ANSWERS, NEVER_ANSWERED
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.node import dimse_server
from server.services import build_services, running
from tests.dicom.dimse.node import (
    associate_request,
    command,
    context_item,
    p_data,
    pdv,
    raw_peer,
)
from tests.support.application import settings_for

STATEMENT = Path(__file__).parents[3] / "dicom" / "README.md"
FORWARDABLE = "1.2.840.10008.1.2"
CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[tuple[DimseServer[Visit], int]]:
    services = build_services(settings_for(tmp_path, database_url), role="node")
    async with running(services):
        home = await services.institutions.create(
            NewInstitution("qinghe", "county", "县医院", "county", Level.COUNTY)
        )
        await services.devices.register(NewDevice("qinghe", home, "PROBE"))
        server = dimse_server(services)
        yield server, await server.start("127.0.0.1", 0)
        await server.close(1)


def _section(name: str) -> list[str]:
    """Return the UIDs of a table of the statement."""
    found = re.search(f"<!-- begin {name} -->(.*?)<!-- end", STATEMENT.read_text(), re.DOTALL)
    assert found is not None
    return re.findall(r"\| (1\.2\.840\.[0-9.]+) \|", found[1])


def _accepted(port: int, uids: Sequence[str]) -> set[str]:
    """Return which SOP classes are accepted, proposed a hundred at a time."""
    accepted: set[str] = set()
    for start in range(0, len(uids), 100):
        entity = AE(ae_title="PROBE")
        for uid in uids[start : start + 100]:
            entity.add_requested_context(uid, FORWARDABLE)
        association = entity.associate("127.0.0.1", port)
        accepted |= {str(each.abstract_syntax) for each in association.accepted_contexts}
        if association.is_established:
            association.release()
    return accepted


def _agreed(port: int, syntaxes: Sequence[str]) -> list[str]:
    """Return which transfer syntaxes are accepted, each proposed in a context of its own."""
    entity = AE(ae_title="PROBE")
    entity.requested_contexts = [build_context(CT, each) for each in syntaxes]
    association = entity.associate("127.0.0.1", port)
    agreed = [str(each.transfer_syntax[0]) for each in association.accepted_contexts]
    if association.is_established:
        association.release()
    return agreed


async def test_a_node_negotiates_what_the_statement_says_and_nothing_else(
    node: tuple[DimseServer[Visit], int],
) -> None:
    server, port = node
    limits = dimse_limits(DicomSettings())
    text = STATEMENT.read_text()
    assert text == written_anew(text, sections(server.negotiator, limits)), (
        "lianzhen dicom conformance"
    )
    said = [*_section("services"), *_section("storage")]
    assert len(said) > 150
    assert await asyncio.to_thread(_accepted, port, said) == set(said)
    others = sorted(UID_dictionary.keys() - set(said))
    assert len(others) > 200
    assert await asyncio.to_thread(_accepted, port, others) == set()


async def test_each_transfer_syntax_of_the_statement_is_negotiated_and_no_other(
    node: tuple[DimseServer[Visit], int],
) -> None:
    _, port = node
    said = _section("syntaxes")
    assert len(said) > 50
    assert await asyncio.to_thread(_agreed, port, said) == said
    others = [uid for uid, (_, kind, *_) in UID_dictionary.items() if kind == "Transfer Syntax"]
    others = sorted(set(others) - set(said))
    assert others
    assert await asyncio.to_thread(_agreed, port, others) == []


def test_the_command_writes_the_tables_anew(tmp_path: Path) -> None:
    copy = tmp_path / "statement.md"
    emptied = re.sub(
        r"(<!-- begin \S+ -->\n).*?(<!-- end)", r"\1\2", STATEMENT.read_text(), flags=re.DOTALL
    )
    copy.write_text(emptied)
    assert CliRunner().invoke(cli, ["conformance", str(copy)]).exit_code == 0
    assert copy.read_text() == STATEMENT.read_text()
    missing = CliRunner().invoke(cli, ["conformance", str(tmp_path / "none.md")])
    assert missing.exit_code == 1


def test_every_status_known_by_name_is_told_or_never_answered() -> None:
    told = {status for answers in ANSWERS.values() for status in answers}
    assert told & NEVER_ANSWERED == set()
    assert told | NEVER_ANSWERED == {*Status, UID_CONFLICT}


@pytest.mark.parametrize(
    ("request_pdu", "service"),
    [
        (command(0x01, CT, instance="1.2.x", has_data_set=False), "C-STORE"),
        (command(0x01, CT, instance="1.2.3", has_data_set=False), "C-STORE"),
        (command(0x01, "1.2.3", instance="1.2.3", has_data_set=False), "C-STORE"),
        (command(0x20, CT, has_data_set=False), "C-FIND"),
    ],
)
async def test_a_request_that_is_none_hears_a_status_of_the_statement(
    node: tuple[DimseServer[Visit], int], request_pdu: bytes, service: str
) -> None:
    async with raw_peer(node[1]) as peer:
        await peer.associate(associate_request(context_item(1, CT, FORWARDABLE), calling=b"PROBE"))
        await peer.send(p_data(pdv(1, 3, request_pdu)))
        status = await peer.receive_status()
    assert status != Status.SUCCESS
    assert f"| {service} | {status:04X} |" in STATEMENT.read_text()


def test_no_status_is_answered_that_the_statement_calls_never_answered() -> None:
    sources = [
        path.read_text()
        for folder in ("dicom", "server")
        for path in (STATEMENT.parents[1] / folder).rglob("*.py")
        if path.name != "statuses.py"
    ]
    for status in NEVER_ANSWERED:
        assert not any(f"Status.{status.name}" in source for source in sources), status.name
