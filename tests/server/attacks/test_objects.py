"""The rows of the attack table that come inside of an object, by C-STORE and by STOW-RS."""

import struct
import zlib
from io import BytesIO
from typing import Final

import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid

from tests.dicom.build import (
    EXPLICIT,
    ITEM_END,
    SEQUENCE_END,
    element,
    identity,
    item,
    meta,
)
from tests.server.attacks.installation import SUCCESS, Attacked, path_of
from tests.support.dicom_files import ct_bytes

OUT_OF_RESOURCES, MISMATCH, CANNOT_UNDERSTAND = 0xA700, 0xA900, 0xC000
INVALID_SOP_INSTANCE: Final = 0x0117
RLE: Final = "1.2.840.10008.1.2.5"
PIXELS: Final = 0x7FE00010


def data_set_of(data: bytes) -> bytes:
    """Return the data set of a file, without its meta information."""
    length = dcmread(BytesIO(data)).file_meta.FileMetaInformationGroupLength
    return data[132 + 12 + length :]


async def refused(
    attacked: Attacked, data_set: bytes, uid: str, status: int, *, syntax: str = EXPLICIT
) -> None:
    """Send it by C-STORE and by STOW-RS, and find it in the quarantine and on record."""
    since = len(attacked.log(attacked.node).encode())
    assert await attacked.store(data_set, instance=uid, syntax=syntax) == status
    await attacked.logged(attacked.node, "an object was refused", since)
    answered, body = await attacked.stow(meta(syntax) + data_set)
    assert answered == 409
    assert "00081199" not in body, "nothing of it may be called stored"
    assert await attacked.quarantined(uid) is not None
    rows = await attacked.audited("intake.quarantine")
    assert rows[-1]["outcome"] == "refused"
    await attacked.honest()


async def test_a_deflate_bomb(attacked: Attacked) -> None:
    """1 MB that becomes 1 GB: out of resources, for less than 200 MB."""
    uid = generate_uid()
    engine = zlib.compressobj(9, wbits=-15)
    head = b"".join(identity(instance=uid)) + element(0x00420011, "OB", b"", 1 << 30)
    packed = engine.compress(head) + engine.flush(zlib.Z_FULL_FLUSH)
    mebibyte = engine.compress(bytes(1 << 20)) + engine.flush(zlib.Z_FULL_FLUSH)
    packed += mebibyte * 1024 + engine.flush()
    with (
        attacked.bounded(attacked.node, more_mib=200),
        attacked.bounded(attacked.web, more_mib=200),
    ):
        await refused(
            attacked, packed, uid, OUT_OF_RESOURCES, syntax=DeflatedExplicitVRLittleEndian
        )


def _deep(count: int) -> bytes:
    opening = element(0x00081115, "SQ", b"", 0xFFFFFFFF) + item(b"", length=0xFFFFFFFF)
    return opening * count + (ITEM_END + SEQUENCE_END) * count


@pytest.mark.parametrize("row", ["sequences 10,000 deep", "300,000 tiny elements"])
async def test_structure_without_end(attacked: Attacked, row: str) -> None:
    """An error of the class 0xC000, in bounded time and memory."""
    uid = generate_uid()
    if row.startswith("sequences"):
        hostile = _deep(10_000)
    else:
        hostile = b"".join(element(0x00100020 + (n << 16), "LO", b"") for n in range(60_000)) * 5
    data_set = b"".join(identity(instance=uid)) + hostile
    with (
        attacked.bounded(attacked.node, more_mib=100, cpu_s=20),
        attacked.bounded(attacked.web, more_mib=100, cpu_s=20),
    ):
        await refused(attacked, data_set, uid, CANNOT_UNDERSTAND)


@pytest.mark.parametrize("row", ["element beyond the bytes", "truncated pixel data"])
async def test_less_than_it_claims(attacked: Attacked, row: str) -> None:
    """Quarantined, and never a success."""
    uid = generate_uid()
    whole = data_set_of(ct_bytes(SOPInstanceUID=uid, StudyInstanceUID=generate_uid()))
    if row.startswith("element"):
        hostile = whole + element(0xFFFCFFFC, "OB", b"ab", 1_000_000)
    else:
        at = whole.index(struct.pack("<HH", PIXELS >> 16, PIXELS & 0xFFFF))
        hostile = whole[:at] + element(PIXELS, "OW", bytes(100))
    with attacked.bounded(attacked.node, more_mib=50):
        await refused(attacked, hostile, uid, CANNOT_UNDERSTAND)


async def test_run_lengths_that_claim_65535_squared(attacked: Attacked) -> None:
    """Refused before a decoder sees it; the process lives and others read on."""
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * 40_000
    size = struct.pack("<H", 65535)
    uid = generate_uid()
    data = meta(RLE) + b"".join(
        [
            *identity(instance=uid, study=generate_uid(), series=generate_uid())[:2],
            element(0x00080060, "CS", b"OT"),
            *identity(instance=uid, study=generate_uid(), series=generate_uid())[2:],
            element(0x00280002, "US", b"\1\0"),
            element(0x00280004, "CS", b"MONOCHROME2 "),
            element(0x00280010, "US", size),
            element(0x00280011, "US", size),
            element(0x00280100, "US", b"\x08\0"),
            element(0x00280101, "US", b"\x08\0"),
            element(0x00280102, "US", b"\x07\0"),
            element(0x00280103, "US", b"\0\0"),
            element(PIXELS, "OB", item(b"") + item(frame) + SEQUENCE_END, 0xFFFFFFFF),
        ]
    )
    with attacked.bounded(attacked.web, more_mib=100):
        await attacked.stow(data)
        path = f"{path_of(data)}/rendered"
        async with attacked.asked("GET", path, who="reader") as answer:
            assert 400 <= answer.status < 500
            assert (await answer.json())["code"] == "unrenderable-too-large"
        await attacked.honest_person()
    assert 0 < attacked.largest_worker_mib(attacked.web) < 400


async def test_gb18030_under_iso_ir_6(attacked: Attacked) -> None:
    """Shown and found as it was meant; the bytes stay as they came."""
    uid, study = generate_uid(), generate_uid()
    plain = ct_bytes(
        SOPInstanceUID=uid, StudyInstanceUID=study, SpecificCharacterSet="ISO_IR 6",
        PatientName="QQQQ^QQQQ",
    )  # fmt: skip
    hostile = data_set_of(plain).replace(b"QQQQ^QQQQ", "欧阳^建国".encode("gb18030"))
    assert await attacked.store(hostile, instance=uid) == SUCCESS
    url = f"/dicomweb/studies?StudyInstanceUID={study}"
    async with attacked.asked("GET", url, who="reader") as answer:
        (found,) = await answer.json()
    assert found["00100010"]["Value"][0]["Alphabetic"] == "欧阳^建国"
    async with attacked.asked("GET", path_of(plain), who="reader") as answer:
        assert hostile in await answer.read()
    rows = await attacked.audited("dicom.association")
    assert any(row["charset_repairs"] for row in rows)
    await attacked.honest()


@pytest.mark.parametrize("preamble", [b"MZ\x90\0", b"<html><script>alert(1)</script>"])
async def test_a_polyglot_preamble(attacked: Attacked, preamble: bytes) -> None:
    """Stored as is, served as an attachment that nobody sniffs, with its preamble zeroed."""
    plain = ct_bytes(SOPInstanceUID=generate_uid(), StudyInstanceUID=generate_uid())
    hostile = preamble + plain[len(preamble) :]
    status, _ = await attacked.stow(hostile)
    assert status == 200
    async with attacked.asked("GET", path_of(plain), who="reader") as answer:
        body = await answer.read()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == "attachment"
    assert preamble not in body
    assert hostile[128:] in body
    await attacked.honest_person()


@pytest.mark.parametrize(
    "uid", ["../../../../tmp/attacked", "1.2.3\0.4", "1." + "2" * 64, "1.2.3/..", "%2e%2e%2f"]
)
async def test_a_uid_that_is_a_path(attacked: Attacked, uid: str) -> None:
    """Refused as no UID, in the command, in the data set and in an address; never a path."""
    honest, own = generate_uid(), {"study": generate_uid(), "series": generate_uid()}
    assert await attacked.store(b"".join(identity()), instance=uid) == INVALID_SOP_INSTANCE
    for place in ("instance", "study", "series"):
        named = {"instance": honest, **own, place: uid}
        data_set = b"".join(identity(**named))
        status = await attacked.store(data_set, instance=honest)
        assert status in {CANNOT_UNDERSTAND, MISMATCH}
        answered, body = await attacked.stow(meta() + data_set)
        assert (answered, "00081199" in body) == (409, False)
    quoted = uid.replace("/", "%2F").replace("\0", "%00")
    async with attacked.asked("GET", f"/dicomweb/studies/{quoted}", who="reader") as answer:
        assert answer.status in {400, 404}
    names = {path.name for path in attacked.site.settings.data_dir.rglob("*")}
    assert not any("attacked" in name or ".." in name for name in names)
    await attacked.honest()


async def test_another_uid_in_the_command_than_in_the_data_set(attacked: Attacked) -> None:
    """0xA900: data set does not match SOP class, or instance."""
    uid = generate_uid()
    whole = data_set_of(ct_bytes(SOPInstanceUID=generate_uid(), StudyInstanceUID=generate_uid()))
    assert await attacked.store(whole, instance=uid) == MISMATCH
    mr = "1.2.840.10008.5.1.4.1.1.4"
    assert await attacked.store(whole, instance=uid, sop_class=mr) == MISMATCH
    assert await attacked.quarantined(uid) == "uid-mismatch"
    await attacked.honest()
