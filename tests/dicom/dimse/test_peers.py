"""Real peers: DCMTK's command line and pynetdicom as senders, ours as the receiver."""

import asyncio

import pytest
from pydicom import dcmread
from pynetdicom import AE, build_role
from pynetdicom.presentation import (
    AllStoragePresentationContexts,
    PresentationContext,
    build_context,
)
from pynetdicom.sop_class import CTImageStorage, Verification  # type: ignore[attr-defined]  # made at import

from dicom.dimse.callbacks import Rejection
from tests.dicom.dimse.node import running_node
from tests.dicom.dimse.senders import CT_FILES, SAMPLES, Sample, run
from tests.support.peers import require_program


async def test_echoscu_is_answered() -> None:
    program = require_program("echoscu")
    async with running_node() as node:
        code, output = await run(program, "-v", "127.0.0.1", str(node.port))
        assert code == 0, output
        assert node.server.stats().echoes == 1


async def test_echoscu_of_a_stranger_is_rejected() -> None:
    program = require_program("echoscu")
    async with running_node() as node:
        node.gate.decision = Rejection()
        code, output = await run(program, "-aet", "STRANGER", "127.0.0.1", str(node.port))
        assert code != 0
        assert "Calling AE Title Not Recognized" in output


async def test_every_context_of_echoscu_and_every_repetition_is_answered() -> None:
    program = require_program("echoscu")
    async with running_node() as node:
        code, output = await run(
            program, "-ppc", "127", "--repeat", "50", "127.0.0.1", str(node.port)
        )
        assert code == 0, output
        assert node.server.stats().echoes == 50


@pytest.mark.parametrize("nodelay", [True, False])
@pytest.mark.parametrize("count", [1, 2])
async def test_dcmsend_files_arrive_unchanged(count: int, nodelay: bool) -> None:
    program = require_program("dcmsend")
    sent = CT_FILES[:count]
    async with running_node() as node:
        code, output = await run(
            program,
            "-v",
            "127.0.0.1",
            str(node.port),
            *[each.path for each in sent],
            nodelay=nodelay,
        )
        assert code == 0, output
        received = {sink.request.sop_instance_uid: bytes(sink.data) for sink in node.handler.sinks}
        assert received.keys() == {each.sop_instance for each in sent}
        # DCMTK writes the dataset anew, so length encodings may differ; pixels may not.
        for each in sent:
            pixels = dcmread(each.path).PixelData
            assert pixels in received[each.sop_instance]


@pytest.mark.parametrize("max_pdu", ["4096", "131072"])
async def test_storescu_files_arrive_whole(max_pdu: str) -> None:
    program = require_program("storescu")
    sent = CT_FILES
    async with running_node() as node:
        code, output = await run(
            program,
            *("--max-send-pdu", max_pdu, "127.0.0.1", str(node.port)),
            *[each.path for each in sent],
        )
        assert code == 0, output
        assert node.server.stats().objects_stored == len(sent)


async def test_aborting_echoscu_ends_the_association() -> None:
    program = require_program("echoscu")
    async with running_node() as node:
        await run(program, "--abort", "127.0.0.1", str(node.port))
        summary = await node.summary()
        assert summary.ending == "aborted_by_peer"


def send_sample(port: int, sample: Sample) -> int:
    """Send the dataset of a file by pynetdicom, byte by byte as it is, and return the status."""
    ae = AE(ae_title="PYNETDICOM")
    ae.add_requested_context(sample.sop_class, sample.transfer_syntax)
    association = ae.associate("127.0.0.1", port)
    assert association.is_established
    try:
        status = association.send_c_store(sample.path)
    finally:
        association.release()
    return int(status.Status)


@pytest.fixture
def chunked_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pynetdicom send a file's dataset from disk without decoding it."""
    monkeypatch.setattr("pynetdicom._config.STORE_SEND_CHUNKED_DATASET", True)


@pytest.mark.usefixtures("chunked_sending")
async def test_every_file_of_pydicom_arrives_byte_for_byte() -> None:
    assert len(SAMPLES) > 50
    assert len({each.transfer_syntax for each in SAMPLES}) >= 10
    async with running_node() as node:
        for sample in SAMPLES:
            status = await asyncio.to_thread(send_sample, node.port, sample)
            assert status == 0, sample.path.name
            sink = node.handler.sinks[-1]
            assert sink.data == sample.dataset, sample.path.name
            assert sink.request.sop_class_uid == sample.sop_class
            assert sink.request.transfer_syntax_uid == sample.transfer_syntax
            node.handler.sinks.clear()


def contexts_accepted(port: int, contexts: list[PresentationContext]) -> set[str]:
    ae = AE()
    for start in range(0, len(contexts), 128):
        ae.requested_contexts = contexts[start : start + 128]
    association = ae.associate("127.0.0.1", port)
    accepted = {str(each.abstract_syntax) for each in association.accepted_contexts}
    association.release()
    return accepted


async def test_pynetdicom_gets_every_storage_class() -> None:
    uids = [str(each.abstract_syntax) for each in AllStoragePresentationContexts]
    async with running_node() as node:
        for start in range(0, len(uids), 128):
            part = uids[start : start + 128]
            accepted = await asyncio.to_thread(
                contexts_accepted, node.port, [build_context(uid) for uid in part]
            )
            assert accepted == set(part)


def role_negotiated(port: int) -> tuple[bool | None, bool | None]:
    ae = AE()
    ae.add_requested_context(CTImageStorage)
    association = ae.associate(
        "127.0.0.1", port, ext_neg=[build_role(CTImageStorage, scu_role=True, scp_role=True)]
    )
    (context,) = association.accepted_contexts
    association.release()
    return context.as_scu, context.as_scp


async def test_pynetdicom_proposing_both_roles_stays_scu() -> None:
    async with running_node() as node:
        assert await asyncio.to_thread(role_negotiated, node.port) == (True, False)


def echo_twice(port: int) -> list[int]:
    ae = AE()
    ae.add_requested_context(Verification)
    association = ae.associate("127.0.0.1", port)
    statuses = [int(association.send_c_echo().Status) for _ in range(2)]
    association.release()
    return statuses


async def test_pynetdicom_echoes() -> None:
    async with running_node() as node:
        assert await asyncio.to_thread(echo_twice, node.port) == [0, 0]
