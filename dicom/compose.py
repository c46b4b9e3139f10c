"""Part 10 files out of a description and the long values that came beside it (PS3.18 10.5)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from dicom.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    NATIVE_TRANSFER_SYNTAXES,
    TRANSFER_SYNTAXES,
    is_encapsulated,
)
from dicom.web.json_reader import Described, JsonError, Reference
from dicom.writer import (
    ITEM,
    LONGEST_VALUE,
    SEQUENCE_END,
    LongValue,
    write_elements,
    write_opening,
)

_PIXEL_DATA: Final = (0x7FE00010,)
_BLOCK: Final = 1 << 20
_LEAST_BYTES: Final = 4096
"""What opening a file counts as, so that many references to many empty ones are bounded, too."""
_JPEG: Final = "1.2.840.10008.1.2.4."
_BY_MEDIA_TYPE: Final = {
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/jls": f"{_JPEG}80",
    "image/jp2": f"{_JPEG}90",
    "image/jpx": f"{_JPEG}92",
    "image/jphc": f"{_JPEG}201",
    "image/jxl": f"{_JPEG}110",
    "video/mpeg": f"{_JPEG}100",
    "video/mp4": f"{_JPEG}102",
    "video/h265": f"{_JPEG}107",
}
"""What a media type means that names no transfer syntax (PS3.18 Tables 8.7.3-2 to 8.7.3-5)."""
_BY_FRAME_HEADER: Final = {0xC0: f"{_JPEG}50", 0xC1: f"{_JPEG}51", 0xC3: f"{_JPEG}70"}


@dataclass(frozen=True, slots=True)
class Arrived:
    """The bytes of a value, as they came.

    Parameters
    ----------
    paths
        Files; several are frames, in their order.
    size
        Of all of them, in bytes.
    media_type
        For example ``image/jls``, in lower case.
    transfer_syntax_uid
        Where the sender told it.
    """

    paths: Sequence[Path]
    size: int
    media_type: str
    transfer_syntax_uid: str | None


def composed_bytes(values: Iterable[Arrived]) -> int:
    """Return what values add to a file, each as often as it is referred to; never too little."""
    return sum(max(each.size, _LEAST_BYTES * len(each.paths)) for each in values)


def compose(described: Described, values: Mapping[tuple[int, ...], Arrived], out: BinaryIO) -> str:
    """Write a file and return its transfer syntax.

    Parameters
    ----------
    described
        The data set.
    values
        One for each of its references.
    out
        Written from its position on.

    Raises
    ------
    JsonError
        If a value does not fit: a syntax that nobody knows, or too many bytes.
    OSError
        Where a file cannot be read or written.
    """
    pixels = values.get(_PIXEL_DATA)
    syntax = EXPLICIT_VR_LITTLE_ENDIAN
    if pixels is not None:
        syntax = _syntax_of(pixels, described.transfer_syntax_uid)
    long = {
        path: _long_value(described.references[path], arrived, syntax, is_pixels=arrived is pixels)
        for path, arrived in values.items()
    }
    write_opening(out, described.dataset, syntax)
    write_elements(out, described.dataset, long)
    return syntax


def _syntax_of(pixels: Arrived, described: str | None) -> str:
    told = pixels.transfer_syntax_uid or _by_media_type(pixels) or described
    if told is None or told in NATIVE_TRANSFER_SYNTAXES:
        # Pixels that are not compressed are little endian (PS3.18 8.7.3.3).
        return EXPLICIT_VR_LITTLE_ENDIAN
    if told not in TRANSFER_SYNTAXES or not is_encapsulated(told):
        raise JsonError("the transfer syntax of the pixel data is none that is known")
    return told


def _by_media_type(pixels: Arrived) -> str | None:
    if pixels.media_type != "image/jpeg":
        return _BY_MEDIA_TYPE.get(pixels.media_type)
    with pixels.paths[0].open("rb") as file:
        head = file.read(64 * 1024)
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in _BY_FRAME_HEADER:
            return _BY_FRAME_HEADER[head[at + 1]]
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return f"{_JPEG}70"


def _long_value(
    reference: Reference, arrived: Arrived, syntax: str, *, is_pixels: bool
) -> LongValue:
    if is_pixels and syntax not in NATIVE_TRANSFER_SYNTAXES:
        if max(path.stat().st_size for path in arrived.paths) > LONGEST_VALUE - 1:
            raise JsonError("a frame is too long for a fragment")
        return LongValue("OB", None, lambda: _fragments(arrived.paths))
    if arrived.size > LONGEST_VALUE - 1:
        raise JsonError("a value is too long for its length field")
    return LongValue(reference.vr, arrived.size, lambda: _joined(arrived.paths))


def _joined(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def _fragments(paths: Sequence[Path]) -> Iterator[bytes]:
    """Yield an empty offset table and a fragment a frame; a stream of fragments goes as it is."""
    with paths[0].open("rb") as file:
        is_stream = file.read(len(ITEM)) == ITEM
        file.seek(-min(len(SEQUENCE_END), file.seek(0, 2)), 2)
        is_ended = file.read() == SEQUENCE_END
    if is_stream:
        yield from _joined(paths[:1])
        if not is_ended:
            yield SEQUENCE_END
        return
    yield ITEM + bytes(4)
    for path in paths:
        size = path.stat().st_size
        yield ITEM + (size + size % 2).to_bytes(4, "little")
        yield from _joined([path])
        yield bytes(size % 2)
    yield SEQUENCE_END
