"""MFER's encoding (ISO 22077-1): tagged definitions, and the frames of samples they describe."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from ecg.formats.cursor import ByteOrder, Cursor
from ecg.formats.text import decoded

MAX_DEPTH: Final = 4
MAX_CHANNELS: Final = 1024
_INDEFINITE: Final = 0x80


class Tag(IntEnum):
    """Tags that are read, by their names in ISO 22077-1; all others are passed over."""

    ZRO = 0x00
    BLE = 0x01
    TXC = 0x03
    BLK = 0x04
    CHN = 0x05
    SEQ = 0x06
    WFM = 0x08
    LDN = 0x09
    DTP = 0x0A
    IVL = 0x0B
    SEN = 0x0C
    OFF = 0x0D
    CMP = 0x0E
    FLT = 0x11
    NUL = 0x12
    MAN = 0x17
    WAV = 0x1E
    ATT = 0x3F
    SET = 0x67
    END = 0x80
    PNM = 0x81
    PID = 0x82
    AGE = 0x83
    SEX = 0x84
    TIM = 0x85


# What may be said of one channel; said of none in particular it holds for all.
OF_CHANNELS: Final = frozenset(
    {Tag.BLK, Tag.SEQ, Tag.WFM, Tag.LDN, Tag.DTP, Tag.IVL, Tag.SEN, Tag.OFF, Tag.NUL}
)
# Data types: NumPy's kind and width.
TYPES: Final = {
    0: "i2",
    1: "u2",
    2: "i4",
    3: "u1",
    4: "u2",
    5: "i1",
    6: "u4",
    7: "f4",
    8: "f8",
}
STATUS: Final = 4
AHA: Final = 9
_CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "unicode": "utf-8",
    "gb": "gb18030",
    "big5": "big5",
    "euc-kr": "euc_kr",
    "shift": "shift_jis",
    "jis x 0201": "shift_jis",
    "jis": "iso2022_jp",
    "rfc 1468": "iso2022_jp",
    "iso-2022-jp": "iso2022_jp",
    "iso 2022": "iso2022_jp",
    "iso-ir 100": "latin-1",
    "iso 8859": "latin-1",
}


@dataclass(frozen=True)
class Value:
    """One definition's content, in the byte order in force where it stood."""

    raw: bytes
    order: ByteOrder

    def unsigned(self, begin: int = 0, end: int | None = None) -> int:
        """Return bytes ``begin`` to ``end`` as an unsigned integer; 0 where there are none."""
        return int.from_bytes(self.raw[begin:end], self.order)

    def scaled(self) -> tuple[int, float] | None:
        """Return unit and value of IVL or SEN: unit, decimal exponent, mantissa; None if short."""
        if not 3 <= len(self.raw) <= 6:
            return None
        exponent = int.from_bytes(self.raw[1:2], "big", signed=True)
        mantissa = int.from_bytes(self.raw[2:], self.order, signed=True)
        # Division keeps decimal fractions exact to the last bit where multiplication does not.
        value = mantissa * 10.0**exponent if exponent >= 0 else mantissa / 10.0**-exponent
        return self.raw[0], value

    def sample(self, kind: str) -> float | None:
        """Return one sample of a type of `TYPES`, None if short."""
        width = int(kind[1])
        if len(self.raw) < width:
            return None
        if kind[0] == "f":
            order = "<" if self.order == "little" else ">"
            (value,) = struct.unpack(order + ("f" if width == 4 else "d"), self.raw[:width])
            return float(value)
        return float(int.from_bytes(self.raw[:width], self.order, signed=kind[0] == "i"))


@dataclass(frozen=True)
class Frame:
    """One WAV definition: raw samples, and what is in force for each channel."""

    raw: bytes
    order: ByteOrder
    channels: tuple[dict[int, Value], ...]


@dataclass
class Definitions:
    """Everything a file defines, as of where its reading stands."""

    order: ByteOrder = "big"
    charset: str = ""
    n_channels: int = 1
    common: dict[int, Value] = field(default_factory=dict)
    of_channel: dict[int, dict[int, Value]] = field(default_factory=dict)
    others: dict[int, Value] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    filters: list[str] = field(default_factory=list)

    def channels(self) -> tuple[dict[int, Value], ...]:
        """Return what is in force for each channel; a common lead name is the first one's."""
        nameless = {tag: value for tag, value in self.common.items() if tag != Tag.LDN}
        return tuple(
            (nameless if at else self.common) | self.of_channel.get(at, {})
            for at in range(self.n_channels)
        )


def text_of(raw: bytes, charset: str) -> str:
    """Decode a text by the name that TXC gives its character set."""
    name = charset.strip().lower()
    if name.startswith(("utf-16", "utf16")):
        order = "utf-16-be" if "be" in name else "utf-16-le"
        return raw.decode(order, "replace").partition("\0")[0].strip()
    encoding = next((code for key, code in _CHARSETS.items() if name.startswith(key)), None)
    return decoded(raw, encoding)


def _length(cursor: Cursor) -> int | None:
    """Read a length: below 128 itself, above it the number of bytes that tell it; 128 is none."""
    first = cursor.unsigned(1)
    if first <= _INDEFINITE:
        return first if first < _INDEFINITE else None
    if first - _INDEFINITE > 4:
        raise cursor.refusal(f"a length of {first - _INDEFINITE} bytes is not possible")
    return int.from_bytes(cursor.take(first - _INDEFINITE), "big")


def _channel_number(cursor: Cursor) -> int:
    """Read the channel of an ATT tag, seven bits a byte."""
    number = 0
    for _ in range(5):
        byte = cursor.unsigned(1)
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number
    raise cursor.refusal("a channel number is longer than possible")


def _of_channel(found: Definitions, tag: int, value: Value, channel: int | None) -> None:
    """Take a definition of one channel, or of all, into account; an empty one is the default."""
    target = found.common if channel is None else found.of_channel.setdefault(channel, {})
    if value.raw:
        target[tag] = value
    else:
        target.pop(tag, None)


def _of_file(found: Definitions, tag: int, value: Value, cursor: Cursor) -> None:
    """Take a definition of the whole file into account."""
    raw = value.raw
    match tag:
        case Tag.BLE:
            found.order = "little" if raw[:1] == b"\x01" else "big"
        case Tag.TXC:
            found.charset = decoded(raw)
        case Tag.CHN:
            found.n_channels = value.unsigned() if raw else 1
            if not 1 <= found.n_channels <= MAX_CHANNELS or len(raw) > 4:
                raise cursor.refusal(f"{found.n_channels} channels are not possible")
            found.of_channel = {}
        case Tag.CMP if raw and value.unsigned(0, 2) != 0:
            raise cursor.refusal("compressed samples are not read")
        case Tag.FLT:
            found.filters.append(text_of(raw[:200], found.charset))
        case Tag.MAN | Tag.PNM | Tag.PID:
            found.texts[tag] = text_of(raw[:512], found.charset)
        case Tag.AGE | Tag.SEX | Tag.TIM:
            found.others[tag] = value
        case _:
            pass


def _inner_channel(cursor: Cursor, found: Definitions, channel: int | None) -> int:
    inner = _channel_number(cursor)
    if channel is not None or inner >= found.n_channels:
        raise cursor.refusal("attributes are given for a channel that does not exist")
    return inner


def _is_zero_next(cursor: Cursor) -> bool:
    """Return whether the next byte is 0 too, and pass over it if so."""
    at = cursor.at
    if cursor.unsigned(1) == Tag.ZRO:
        return True
    cursor.seek(at)
    return False


def frames(
    cursor: Cursor,
    found: Definitions,
    channel: int | None = None,
    depth: int = 0,
    *,
    open_ended: bool = False,
) -> Iterator[Frame]:
    """Read definitions into ``found``, and yield each frame of samples as it comes.

    Parameters
    ----------
    cursor
        Over the definitions; its byte order is not used.
    channel
        The channel that an enclosing ATT names.
    open_ended
        Whether two zero bytes end them, not the cursor's end.

    Raises
    ------
    EcgFormatError
        If a length leaves the file, or the samples are compressed.
    """
    if depth > MAX_DEPTH:
        raise cursor.refusal("definitions are nested too deeply")
    while cursor.left:
        tag = cursor.unsigned(1)
        if tag == Tag.END or (tag == Tag.ZRO and open_ended and _is_zero_next(cursor)):
            return
        if tag == Tag.ZRO:
            continue
        if tag in {Tag.ATT, Tag.SET}:
            inner = _inner_channel(cursor, found, channel) if tag == Tag.ATT else channel
            length = _length(cursor)
            inside = cursor if length is None else cursor.part(length)
            yield from frames(inside, found, inner, depth + 1, open_ended=length is None)
            continue
        length = _length(cursor)
        if length is None:
            raise cursor.refusal("a definition has no length")
        value = Value(cursor.take(length), found.order)
        if tag == Tag.WAV:
            yield Frame(value.raw, found.order, found.channels())
        elif tag in OF_CHANNELS:
            _of_channel(found, tag, value, channel)
        else:
            _of_file(found, tag, value, cursor)
    if open_ended:
        raise cursor.refusal("a definition does not end")
