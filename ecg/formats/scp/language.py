"""Texts and their language support code (EN 1064 annex A, table A.1).

Devices declare ASCII or Latin-1 and write what their country writes. So UTF-8 is always tried, and
behind those two codes GBK is believed where its signs are those of Chinese text.
"""

from collections.abc import Iterable
from typing import Final

from ecg.formats.text import decoded

ASCII: Final = 0x00
LATIN_1: Final = 0x01
CHINESE: Final = 0x27
UTF_16: Final = 0x07
_ENCODINGS: Final = {
    0x03: "iso8859-2", 0x0B: "iso8859-4", 0x13: "iso8859-5", 0x1B: "iso8859-6",
    0x23: "iso8859-7", 0x2B: "iso8859-8", 0x33: "iso8859-11", 0x3B: "iso8859-15",
    0x0F: "shift_jis", 0x17: "euc_jp", 0x1F: "euc_jp", CHINESE: "gb18030", 0x2F: "cp949",
}  # fmt: skip
"""0x27 declares GB 2312, which GB 18030 contains."""
_COMMON_HANZI: Final = range(0xB0, 0xD8)
MAX_FIELD_BYTES: Final = 64


def _is_chinese(piece: bytes) -> bool:
    """Return whether high bytes come in pairs, most of them the common characters of GB 2312.

    Those have a first byte of B0-D7: in Latin-1, signs and capitals, seldom two in a row.
    """
    common = pairs = at = 0
    while at < len(piece):
        if piece[at] < 0x80:
            at += 1
            continue
        if at + 1 == len(piece) or piece[at + 1] < 0x40:
            return False
        pairs += 1
        common += piece[at] in _COMMON_HANZI and piece[at + 1] > 0xA0
        at += 2
    return pairs > 0 and 2 * common >= pairs


def decoded_text(raw: bytes, language: int) -> str:
    """Return a text as far as its first NUL.

    Parameters
    ----------
    raw
        Bytes of a field or statement.
    language
        The record's language support code.
    """
    if language == UTF_16:
        return raw.decode("utf-16-le", "ignore").partition("\0")[0].strip()
    if language in _ENCODINGS:
        return decoded(raw, _ENCODINGS[language])
    piece = raw.partition(b"\0")[0]
    if piece.isascii() or _is_chinese(piece):
        return decoded(piece)
    try:
        return piece.decode("utf-8").strip()
    except UnicodeDecodeError:
        return piece.decode("latin-1").strip()


def language_of(texts: Iterable[str]) -> int:
    """Return the code that can write all texts: ASCII, else Latin-1, else Chinese.

    GB 18030 writes every character there is. Latin-1 is used only where it reads back as itself.
    """
    joined = "\n".join(texts)
    if joined.isascii():
        return ASCII
    try:
        plain = joined.encode("latin-1")
    except UnicodeEncodeError:
        return CHINESE
    return LATIN_1 if decoded_text(plain, LATIN_1) == joined.strip() else CHINESE


def encoded_text(text: str, language: int, limit: int = MAX_FIELD_BYTES) -> bytes:
    """Return a text with its closing NUL, at most ``limit`` bytes, cut between characters."""
    encoding = {ASCII: "ascii", LATIN_1: "latin-1"}.get(language, "gb18030")
    clean = text.replace("\0", " ")
    raw = clean.encode(encoding)
    while len(raw) >= limit:
        clean = clean[: max(0, len(clean) - max(1, (len(raw) - limit) // 4))]
        raw = clean.encode(encoding)
    return raw + b"\0"
