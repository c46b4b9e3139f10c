"""Compressed frames made to crash, hang or fill the memory, in decoders that may die of them."""

import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

from dicom.codestream import DecodeError
from dicom.decode_pool import DecodePool
from tests.dicom.build import wheel_file
from tests.dicom.test_pixels import RLE, encapsulated

JPEG = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
HTJ2K = "1.2.840.10008.1.2.4.201"
MEMORY = 512 << 20
GIANT = 20_000
"""400 million pixels, which an image may claim: 400 MB decoded."""

SMOOTH = (np.add.outer(np.arange(96), np.arange(96)) % 251).astype(np.uint8)
ENCODERS: dict[str, Callable[[Any], Any]] = {
    JPEG: imagecodecs.jpeg8_encode,
    JPEG_LOSSLESS: lambda values: imagecodecs.ljpeg_encode(values, bitspersample=8),
    JPEG_LS: imagecodecs.jpegls_encode,
    JPEG_2000: lambda values: imagecodecs.jpeg2k_encode(values, codecformat="j2k"),
    HTJ2K: imagecodecs.htj2k_encode,
    RLE: lambda values: struct.pack("<16I", 1, 64, *[0] * 14) + _packed(values.tobytes()),
}


def _packed(data: bytes) -> bytes:
    """Encode literal runs of PackBits."""
    parts = (data[at : at + 128] for at in range(0, len(data), 128))
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


@pytest.fixture
async def pool() -> AsyncIterator[DecodePool]:
    async with DecodePool(1, MEMORY, 2) as running:
        yield running


async def fault(pool: DecodePool, folder: Path, frame: bytes, syntax: str, side: int) -> str | None:
    """Return how decoding fails, None where it does not; another image is decoded after it."""
    path = folder / "hostile.dcm"
    path.write_bytes(encapsulated(frame, syntax, side, side).getvalue())
    code: str | None = None
    try:
        await pool.native_frame(path, 0)
    except DecodeError as error:
        code = error.code
    assert (await pool.native_frame(wheel_file("MR_small.dcm"), 0)).shape == (64, 64)
    return code


def claiming(syntax: str, side: int) -> bytes:
    """Return a small codestream whose header claims another size."""
    frame = bytearray(ENCODERS[syntax](SMOOTH))
    if syntax in (JPEG_2000, HTJ2K):
        at = frame.index(b"\xff\x51")
        struct.pack_into(">II", frame, at + 6, side, side)
        struct.pack_into(">II", frame, at + 22, side, side)
    else:
        at = next(frame.find(b"\xff" + bytes([sof])) for sof in (0xC0, 0xC3, 0xF7)
                  if frame.find(b"\xff" + bytes([sof])) >= 0)  # fmt: skip
        struct.pack_into(">HH", frame, at + 5, side, side)
    return bytes(frame)


@pytest.mark.parametrize("syntax", sorted(set(ENCODERS) - {RLE}))
async def test_a_giant_that_both_headers_claim_is_refused(
    pool: DecodePool, tmp_path: Path, syntax: str
) -> None:
    assert await fault(pool, tmp_path, claiming(syntax, 65_535), syntax, 65_535) == "too-large"
    code = await fault(pool, tmp_path, claiming(syntax, GIANT), syntax, GIANT)
    assert code in ("false-claim", "corrupt", "overrun", "crashed")


@pytest.mark.parametrize("side", [65_535, GIANT])
async def test_run_lengths_that_claim_a_giant_are_refused(
    pool: DecodePool, tmp_path: Path, side: int
) -> None:
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * 40_000
    expected = "too-large" if side == 65_535 else "false-claim"
    assert await fault(pool, tmp_path, frame, RLE, side) == expected


@pytest.mark.parametrize("kept", [0.02, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("syntax", sorted(ENCODERS))
async def test_a_cut_codestream_is_never_shown_as_if_whole(
    pool: DecodePool, tmp_path: Path, syntax: str, kept: float
) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (96, 96), dtype=np.uint8)
    frame = bytes(ENCODERS[syntax](noise))
    assert await fault(pool, tmp_path, frame, syntax, 96) is None
    code = await fault(pool, tmp_path, frame[: int(len(frame) * kept)], syntax, 96)
    assert code in ("corrupt", "false-claim")


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def endless_jpeg(side: int, scans: int) -> bytes:
    """Return a progressive JPEG whose every scan of a few bytes visits every block again."""
    blocks = (side // 8) ** 2
    one_code = bytes([1] + [0] * 15)
    bits = ("0" + "1" * 14) * -(-blocks // 32_767)
    bits += "1" * (-len(bits) % 8)
    runs = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    scan = _segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + runs.replace(b"\xff", b"\xff\0")
    return (
        b"\xff\xd8"
        + _segment(0xDB, b"\0" + bytes([1] * 64))
        + _segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\0")
        + _segment(0xC4, b"\0" + one_code + b"\0")
        + _segment(0xC4, b"\x10" + one_code + b"\xe0")
        + _segment(0xDA, b"\x01\x01\0\0\0\0")
        + bytes(blocks // 8)
        + scan * scans
        + b"\xff\xd9"
    )


async def test_a_codestream_that_keeps_its_decoder_busy_is_ended(
    pool: DecodePool, tmp_path: Path
) -> None:
    assert await fault(pool, tmp_path, endless_jpeg(1024, 2), JPEG, 1024) is None
    assert await fault(pool, tmp_path, endless_jpeg(8192, 5_000), JPEG, 8192) == "overrun"


@pytest.mark.parametrize("syntax", sorted(ENCODERS))
async def test_damaged_codestreams_end_in_a_frame_or_a_reason(
    pool: DecodePool, tmp_path: Path, syntax: str
) -> None:
    """Whatever a decoder makes of them, the next image is decoded."""
    good = bytes(ENCODERS[syntax](SMOOTH))
    random = np.random.default_rng(17)
    codes = set()
    for _ in range(40):
        frame = bytearray(good)
        for at in random.integers(0, len(frame), random.integers(1, 12)):
            frame[at] = random.integers(0, 256)
        codes.add(await fault(pool, tmp_path, bytes(frame), syntax, 96))
    assert codes <= {None, "corrupt", "false-claim", "crashed", "overrun"}
    assert codes - {None}
