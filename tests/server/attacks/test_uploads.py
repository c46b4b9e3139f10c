"""The rows of the attack table that come over HTTP as files: archives, XML, bodies without end."""

import asyncio
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.ecg.formats.xml_samples import minimum_aecg
from tests.server.attacks.conftest import REQUEST_CAP_MIB
from tests.server.attacks.installation import MIB, Attacked
from tests.support.dicom_files import ct_bytes
from tests.support.tcp import loopback_server

HEADER: Final = b"r 1 500 10\nr.dat 16 200 16 0 0 0 0 II\n"


@dataclass(frozen=True)
class Entry:
    """A file in a zip as it is written there, true or not."""

    name: str
    packed: bytes
    claimed_bytes: int
    crc: int = 0
    is_link: bool = False


def plain(name: str, content: bytes, *, is_link: bool = False) -> Entry:
    """Return an entry that is what it says."""
    engine = zlib.compressobj(wbits=-15)
    packed = engine.compress(content) + engine.flush()
    return Entry(name, packed, len(content), zlib.crc32(content), is_link)


def bomb(name: str, *, claimed_bytes: int) -> Entry:
    """Return an entry of 1 MB that becomes 1 GiB."""
    engine = zlib.compressobj(9, wbits=-15)
    mebibyte = engine.compress(bytes(MIB)) + engine.flush(zlib.Z_FULL_FLUSH)
    return Entry(name, mebibyte * 1024 + engine.flush(), claimed_bytes)


def archive(entries: Iterable[Entry]) -> bytes:
    """Return a zip, written by hand (APPNOTE 4.3): a library takes long over 200,000 entries."""
    files, directory, count = bytearray(), bytearray(), 0
    for entry in entries:
        name = entry.name.encode()
        sizes = struct.pack("<III", entry.crc, len(entry.packed), entry.claimed_bytes)
        common = struct.pack("<HHHHH", 20, 0, 8, 0, 0x21) + sizes + struct.pack("<HH", len(name), 0)
        mode = (stat.S_IFLNK | 0o777) << 16 if entry.is_link else 0
        rest = struct.pack("<HHHII", 0, 0, 0, mode, len(files))
        directory += b"PK\x01\x02" + struct.pack("<H", 0x0314) + common + rest + name
        files += b"PK\x03\x04" + common + name + entry.packed
        count = (count + 1) & 0xFFFF
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(files), 0)
    return bytes(files + directory + b"PK\x05\x06" + end)


def with_header(*entries: Entry, header: bytes = HEADER) -> bytes:
    """Return a zip of these and the header that makes a record of it."""
    return archive([plain("r.hea", header), *entries])


ZIPS: Final = {
    "1 MB that becomes 1 GB": lambda: with_header(bomb("r.dat", claimed_bytes=1 << 30)),
    "1 MB that becomes 1 GB, said to be 20 bytes": lambda: with_header(
        bomb("r.dat", claimed_bytes=20)
    ),
    "200,000 entries": lambda: with_header(*(plain(f"{n:06}", b"") for n in range(200_000))),
    "../": lambda: with_header(
        plain("../r.dat", bytes(20)), header=HEADER.replace(b"r.dat", b"../../../etc/passwd")
    ),
    "a symbolic link": lambda: with_header(plain("r.dat", b"/etc/passwd", is_link=True)),
}


def test_an_archive_by_hand_is_one() -> None:
    """Or each row below would be refused for being no zip."""
    content = with_header(plain("r.dat", b"0123456789" * 2))
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["r.hea", "r.dat"]


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ("1 MB that becomes 1 GB", 413),
        ("1 MB that becomes 1 GB, said to be 20 bytes", 400),
        ("200,000 entries", 413),
        ("../", 400),
        ("a symbolic link", 400),
    ],
)
async def test_a_zip(attacked: Attacked, row: str, status: int) -> None:
    """Refused with a reason, and nothing written outside of the spool."""
    hostile = await asyncio.to_thread(ZIPS[row])
    folder = attacked.site.settings.data_dir
    before = _files(folder, attacked)
    with attacked.bounded(attacked.web, more_mib=100 + len(hostile) // MIB):
        await _refused_as_an_ecg(attacked, hostile, status)
        await attacked.honest_person()
    assert 0 < attacked.largest_worker_mib(attacked.web) < 400
    await attacked.no_orphans()
    assert _files(folder, attacked) == before
    assert not (folder.parent / "r.dat").exists()


async def test_an_aecg_with_an_external_entity(attacked: Attacked, tmp_path: Path) -> None:
    """No file is read and no connection is made."""
    secret = tmp_path / "secret"
    secret.write_text("the secret of the host")
    called: list[object] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(writer.get_extra_info("peername"))

    async with loopback_server(listen) as port:
        for system in (f"file://{secret}", f"http://127.0.0.1:{port}/x.dtd"):
            for kind, use in (("x SYSTEM", "&x;"), ("% x SYSTEM", "")):
                doctype = f'<!DOCTYPE AnnotatedECG [<!ENTITY {kind} "{system}"> %x;]>'
                if kind.startswith("x"):
                    doctype = doctype.replace(" %x;", "")
                start = minimum_aecg().index(b"<AnnotatedECG")
                body = minimum_aecg()[start:].replace(b"</text>", use.encode() + b"</text>")
                answer = await _refused_as_an_ecg(attacked, doctype.encode() + body, 400)
                assert "the secret" not in answer
    assert called == []
    assert "the secret of the host" not in attacked.log(attacked.web)
    await attacked.honest_person()


async def test_xml_a_million_deep(attacked: Attacked) -> None:
    """Refused in bounded time and memory."""
    with attacked.bounded(attacked.web, more_mib=100, cpu_s=20):
        deep = b"<AnnotatedECG>" + b"<a>" * 1_000_000
        await _refused_as_an_ecg(attacked, deep, 400)
        await attacked.honest_person()
    assert 0 < attacked.largest_worker_mib(attacked.web) < 400


async def test_a_multipart_over_its_cap(attacked: Attacked) -> None:
    """Streamed to the spool under a cap of its own; nothing of it stays."""

    async def body() -> AsyncIterator[bytes]:
        yield b"--b\r\nContent-Type: application/dicom\r\n\r\n" + ct_bytes()
        for _ in range(REQUEST_CAP_MIB + 100):
            yield bytes(MIB)

    headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    with attacked.bounded(attacked.web, more_mib=100):
        status, sent = await attacked.answered_while_sending("/dicomweb/studies", headers, body())
        assert status == 413
        # Not before the cap, and not once everything had been taken.
        assert REQUEST_CAP_MIB <= sent // MIB + 1 < REQUEST_CAP_MIB + 100
        await attacked.honest_person()
    await attacked.no_orphans()


async def _refused_as_an_ecg(attacked: Attacked, content: bytes, status: int) -> str:
    async with attacked.asked("POST", "/api/ecgs", data=io.BytesIO(content)) as answer:
        said = await answer.text()
        assert answer.status == status, said
        assert answer.content_type == "application/problem+json"
        return said


def _files(folder: Path, attacked: Attacked) -> set[Path]:
    """Return what lies beside the spool, the store, the database and the logs."""
    own = (attacked.site.spool_dir, folder / "objects", folder / "objects-derived")
    return {
        path
        for path in folder.rglob("*")
        if path.suffix != ".log" and not any(each in path.parents for each in own)
    }
