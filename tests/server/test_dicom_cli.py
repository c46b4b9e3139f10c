"""``lianzhen dicom`` against a real archive, DCMTK's, and against nodes that refuse."""

import asyncio
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]  # made at import
from typer.testing import CliRunner

from server.dicom_cli import app
from tests.dicom.dimse.acceptors import dcmqrscp, pynetdicom_scp, storescp
from tests.dicom.dimse.certificates import certificate, server_context
from tests.dicom.dimse.node import running_node
from tests.dicom.dimse.test_scu import stored_in
from tests.support.dicom_files import ct_bytes, ct_series, sample
from tests.support.orthanc import orthanc
from tests.support.ports import free_port


async def run(*arguments: object, **settings: Path) -> tuple[int, str, str]:
    """Run the command, and return exit code, output and complaints."""
    ours = {f"LIANZHEN_DICOM__{name.upper()}": str(value) for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "dicom", *map(str, arguments),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **ours},
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[int]:
    folder = tmp_path / "archive"
    folder.mkdir()
    # It takes JPEG 2000 where it prefers it, and what is not compressed always.
    async with dcmqrscp(folder, "+xw") as port:
        yield port


def written(folder: Path, *files: bytes) -> Path:
    folder.mkdir()
    for number, data in enumerate(files):
        (folder / f"{number}.dcm").write_bytes(data)
    return folder


def pixels(folder: Path) -> dict[str, bytes]:
    """Return what an archive may not change: dcmqrscp drops the padding behind a data set."""
    files = map(dcmread, folder.iterdir())
    return {str(ds.SOPInstanceUID): bytes(ds.PixelData) for ds in files}


AT = ("--called", "ARCHIVE", "127.0.0.1")


async def test_a_folder_is_sent_found_and_got_back_as_it_was(tmp_path: Path, archive: int) -> None:
    sent = written(tmp_path / "sent", *ct_series(3), sample("JPEG2000.dcm").read_bytes())
    assert await run("echo", *AT, archive) == (0, f"127.0.0.1:{archive} answers\n", "")
    code, out, err = await run("send", *AT, archive, sent)
    assert (code, out, err) == (0, "4 sent, 0 not\n", "")
    code, out, err = await run(
        "find", *AT, archive, "PatientID=1CT1", "StudyInstanceUID", "PatientName"
    )
    assert (code, err) == (0, "")
    (study,) = map(json.loads, out.splitlines())
    (uid,) = study["0020000D"]["Value"]
    assert study["00100010"]["Value"] == [{"Alphabetic": "CompressedSamples^CT1"}]
    got = tmp_path / "got"
    code, out, err = await run("get", *AT, archive, "--out", got, f"StudyInstanceUID={uid}")
    assert (code, out, err) == (0, f"3 objects in {got}\n", "")
    assert pixels(got) == {
        sop_uid: data for sop_uid, data in pixels(sent).items() if sop_uid in pixels(got)
    }
    assert len(pixels(got)) == 3


async def test_compressed_objects_come_as_they_are_stored_where_asked(
    tmp_path: Path, archive: int
) -> None:
    path = sample("JPEG2000.dcm")
    ds = dcmread(path, stop_before_pixels=True)
    assert (await run("send", *AT, archive, path))[0] == 0
    code, out, err = await run(
        "get", *AT, archive, "--out", tmp_path / "got", "--syntax",
        ds.file_meta.TransferSyntaxUID, "--level", "SERIES",
        f"StudyInstanceUID={ds.StudyInstanceUID}", f"SeriesInstanceUID={ds.SeriesInstanceUID}",
    )  # fmt: skip
    assert code == 0, err
    assert list(stored_in(tmp_path / "got")) == [ds.SOPInstanceUID], out


async def test_an_archive_moves_to_a_third_node(tmp_path: Path) -> None:
    third, folder = tmp_path / "third", tmp_path / "archive"
    third.mkdir()
    folder.mkdir()
    sent = written(tmp_path / "sent", *ct_series(3))
    study = f"StudyInstanceUID={dcmread(sent / '0.dcm').StudyInstanceUID}"
    async with (
        storescp(third, "--bit-preserving") as port,
        dcmqrscp(folder, hosts={"THIRD": port}) as archive,
    ):
        assert (await run("send", *AT, archive, sent))[0] == 0
        moved = await run("move", *AT, archive, "--to", "THIRD", study)
        assert moved == (0, "3 objects sent to THIRD\n", "")
        code, _, err = await run("move", *AT, archive, "--to", "NOBODY", study)
        assert code == 1
        assert err.startswith("lianzhen: the peer answered with status A801")
    assert pixels(third) == pixels(sent)


async def test_orthanc_is_asked_sent_to_and_moves(tmp_path: Path) -> None:
    third = tmp_path / "third"
    third.mkdir()
    sent = written(tmp_path / "sent", *ct_series(3))
    study = f"StudyInstanceUID={dcmread(sent / '0.dcm').StudyInstanceUID}"
    async with (
        storescp(third) as port,
        orthanc(tmp_path, knows={"third": ("THIRD", port)}) as there,
    ):
        at = ("--called", "ORTHANC", "127.0.0.1", there.dicom_port)
        assert (await run("echo", *at))[0] == 0
        assert await run("send", *at, sent) == (0, "3 sent, 0 not\n", "")
        code, out, err = await run("find", *at, study, "PatientID", "--level", "STUDY")
        assert (code, err) == (0, "")
        assert json.loads(out)["00100020"]["Value"] == ["1CT1"]
        got = tmp_path / "got"
        assert await run("get", *at, "--out", got, study) == (0, f"3 objects in {got}\n", "")
        assert await run("move", *at, "--to", "THIRD", study) == (
            0, "3 objects sent to THIRD\n", "",
        )  # fmt: skip
    assert pixels(got) == pixels(third) == pixels(sent)


async def test_what_is_refused_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    sent = written(tmp_path / "sent", *ct_series(2), b"no DICOM", ct_bytes(), *ct_series(1))
    (sent / "5.dcm").write_bytes(sample("MR_small.dcm").read_bytes())
    count = 0

    def store(event: evt.Event) -> int:
        nonlocal count
        count += 1
        if count == 2:
            event.assoc.abort()
        return 0xA700 if count == 1 else 0

    entity = AE()
    entity.add_supported_context(CTImageStorage)
    with pynetdicom_scp(entity, [(evt.EVT_C_STORE, store)]) as port:
        code, out, err = await run("send", "127.0.0.1", port, sent)
    assert (code, out) == (1, "2 sent, 4 not\n")
    complaints = dict(line.split(": ", 1) for line in err.splitlines())
    assert {Path(name).name: why.split(":")[0] for name, why in complaints.items()} == {
        "2.dcm": "not-dicom",
        "0.dcm": "status A700",
        "1.dcm": "the peer aborted the association",
        "5.dcm": "the peer does not take 1.2.840.10008.5.1.4.1.1.4 in transfer syntax "
        "1.2.840.10008.1.2.1",
    }


async def test_a_node_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    port = free_port()
    for command in (
        ["echo", "127.0.0.1", port],
        ["send", "127.0.0.1", port, sample("CT_small.dcm")],
        ["find", "127.0.0.1", port, "PatientID"],
        ["get", "127.0.0.1", port, "--out", tmp_path, "StudyInstanceUID=1.2.3"],
        ["move", "127.0.0.1", port, "--to", "THIRD", "StudyInstanceUID=1.2.3"],
    ):
        code, _, err = await run(*command)
        assert (code, err.count("\n")) == (1, 1), err
        assert err.startswith(f"lianzhen: 127.0.0.1:{port} cannot be reached: ")


async def test_a_node_over_tls_is_verified_and_sees_our_certificate() -> None:
    own, theirs = certificate("lianzhen"), certificate("node")
    ours = {"tls_certificate": own.certificate, "tls_key": own.key}
    async with running_node() as node:
        port = await node.server.start("127.0.0.1", 0, server_context(own))
        echo = ("echo", "--tls", "127.0.0.1", port)
        code, _, err = await run(*echo, tls_server_ca=theirs.certificate, **ours)
        assert (code, err) == (0, "")
        code, _, err = await run(*echo, tls_server_ca=own.certificate, **ours)
        assert (code, err.count("\n")) == (1, 1)
        assert "certificate verify failed" in err


async def test_a_node_with_weak_suites_alone_is_not_called() -> None:
    weak = server_context(None)
    # Forward secret, but not authenticated encryption: OpenSSL itself still offers it.
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    async with running_node() as node:
        port = await node.server.start("127.0.0.1", 0, weak)
        echo = ("echo", "--tls", "127.0.0.1", port)
        code, _, err = await run(*echo, tls_server_ca=certificate("node").certificate)
    assert (code, err.count("\n")) == (1, 1)
    assert f"127.0.0.1:{port} cannot be reached" in err


async def test_a_node_that_hangs_up_in_the_handshake_is_told_from_a_silent_one() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        code, _, err = await run("echo", "--tls", "127.0.0.1", port)
    assert code == 1
    assert err == f"lianzhen: 127.0.0.1:{port} cannot be reached: it closed the connection\n"


async def test_a_search_stops_at_its_bound_and_cancels(tmp_path: Path) -> None:
    async with running_node() as node:
        wanted = dcmread(sample("CT_small.dcm"), stop_before_pixels=True)[0x00100010:0x00100011]
        node.finder.matches = iter(lambda: wanted, None)
        code, out, err = await run("find", "--most", "5", "127.0.0.1", node.port, "PatientName")
        assert (code, len(out.splitlines())) == (0, 5)
        assert err == "lianzhen: stopped after 5 matches\n"
        assert node.finder.closed == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["find", "127.0.0.1", "104", "NoSuchKeyword=1"],
        ["find", "127.0.0.1", "104", "--level", "WARD", "PatientID"],
        ["get", "127.0.0.1", "104", "StudyInstanceUID=1.2"],
        ["move", "127.0.0.1", "104", "StudyInstanceUID=1.2"],
        ["get", "127.0.0.1", "104", "--out", "x", "--syntax", "JPEG", "StudyInstanceUID=1.2"],
        ["echo", "127.0.0.1", "99999"],
        ["send", "127.0.0.1", "104"],
    ],
)
def test_wrong_usage_is_exit_two(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
