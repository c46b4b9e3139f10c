"""Text of a data set: decoding by Specific Character Set, and repair of false labels.

Devices in China write GB18030, GBK or UTF-8 bytes and label them ISO_IR 6, ISO_IR 100, ISO_IR 192
or not at all. Such values are decoded to the text that was meant, with a note; the bytes of the
file are never touched. A value that its label explains is never second-guessed, but for
ISO_IR 100 (Latin-1), under which every byte string is valid.
"""

import re
from dataclasses import dataclass
from typing import Final

from pydicom.charset import python_encoding

from dicom import iso2022

_LATIN_1: Final = "latin_1"
_TERM_BYTES: Final = re.compile(r"[^A-Z0-9_ ]")
_STANDALONE: Final = {"ISO_IR 192": "utf_8", "GB18030": "gb18030"}
"""Sets of several bytes a sign that know no escape sequences (PS3.3 Table C.12-5)."""
_CARELESS: Final = {"13": "cp932", "87": "cp932", "149": "cp949"}
"""What writers mean who name a set of ISO 2022, and write what their computer writes."""

_MOST_KINDS: Final = 8
_LONGEST_LABEL: Final = 64

_USUAL_WHERE_GUESSED: Final = re.compile(r"[\0-\x7f\xa0-\xac\xae-\u017f]*")
"""ASCII and European Latin letters: the text that UTF-8 writers outside China mean."""
_USUAL_WHERE_LABELLED: Final = re.compile(
    r"[\0-\x7f\xa0-\xac\xae-\u017f\u0300-\u036f\u0386-\u03ce\u0400-\u045f\u0490-\u0493\u049a\u049b"
    r"\u04a2\u04a3\u04ae-\u04b1\u04ba\u04bb\u04d8\u04d9\u04e8\u04e9\u05d0-\u05ea\u060c-\u06d5]*"
)
"""Also Greek, Cyrillic (Kazakh, too), Hebrew and Arabic (Uyghur), where the label says UTF-8."""


@dataclass(frozen=True, slots=True)
class Charset:
    """The character sets in force in a data set.

    Parameters
    ----------
    terms
        Values of Specific Character Set (0008,0005), normalised; empty for the default repertoire.
    """

    terms: tuple[str, ...] = ()

    @property
    def codecs(self) -> list[str]:
        """Python codecs, the first for text without escapes. Unknown terms count as Latin-1."""
        return [python_encoding.get(term, _LATIN_1) for term in self.terms] or [_LATIN_1]


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A decoded value.

    Parameters
    ----------
    text
        What was meant.
    read_as
        Where the label was false: the character set that was found instead, by the term of PS3.3
        C.12.1.1.2 that should have stood there, or ``escape sequences`` where they alone explain
        the bytes. Empty where the label was true.
    """

    text: str
    read_as: str = ""

    @property
    def repaired(self) -> bool:
        """Whether the label was false."""
        return bool(self.read_as)


class Repairs:
    """The kinds of false labels that were met in an object, each once.

    A kind is what the label said, an arrow, and how the text was read: ``ISO_IR 100 → GB18030``.
    Of the labels that one object may carry, item by item, no more than eight are kept.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, None] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """In the order in which they were met; each at most 90 characters long."""
        return tuple(self._kinds)

    def note(self, charset: Charset, found: DecodedText) -> None:
        """Note how a value was read whose label may have been true."""
        if not found.repaired or len(self._kinds) == _MOST_KINDS:
            return
        label = "\\".join(charset.terms)[:_LONGEST_LABEL]
        self._kinds[f"{label or 'no label'} → {found.read_as}"] = None


DEFAULT_CHARSET: Final = Charset()


def parse_charset(value: bytes | str) -> Charset:
    r"""Read a value of Specific Character Set (0008,0005).

    Parameters
    ----------
    value
        The stored value, backslash between terms.

    Returns
    -------
    Charset
        With terms upper-cased and stripped. Misspellings met in the field (``ISO IR 100``,
        ``ISO-IR 192``, ``UTF-8``, ``GBK``) become the defined terms.
    """
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    terms = [_normalise(term) for term in text.split("\\")]
    while terms and not terms[-1]:
        terms.pop()
    return Charset(tuple(terms))


def _normalise(term: str) -> str:
    plain = _TERM_BYTES.sub(" ", term.strip("\0 ").upper())
    plain = re.sub(r"^ISO[ _]?IR[ _]?(?=\d)", "ISO_IR ", plain)
    plain = re.sub(r"^ISO[ _]?2022[ _]?IR[ _]?(?=\d)", "ISO 2022 IR ", plain)
    match plain:
        case "UTF 8" | "UTF8":
            return "ISO_IR 192"
        case "GBK" | "GB2312" | "GB 2312" | "GB 18030" | "ISO 2022 GBK" | "ISO 2022 58":
            # GB18030 reads all that these mean (CP-1234 names the last two as met in the field).
            return "GB18030"
        case _:
            return plain


def decode(raw: bytes, charset: Charset = DEFAULT_CHARSET) -> DecodedText:
    """Decode one stored value, repairing a false label.

    Parameters
    ----------
    raw
        The bytes as stored, all values of the element together: in GB18030 the backslash and the
        caret also occur as second bytes, so splitting comes after decoding.
    charset
        What Specific Character Set claims.

    Returns
    -------
    DecodedText
        ``read_as`` says what the label should have been where it could not explain the bytes.
    """
    if raw.isascii() and b"\x1b" not in raw and b"~" not in raw:
        return DecodedText(raw.decode("ascii"))
    first = charset.terms[0] if charset.terms else ""
    if first in _STANDALONE and iso2022.without_escapes(raw) == raw:
        return _decode_standalone(raw, first)
    if b"\x1b" not in raw and first in ("ISO_IR 100", "ISO 2022 IR 100"):
        return _decode_latin_1(raw)
    found = iso2022.read(raw, charset.terms)
    if found is None:
        return _guessed(iso2022.without_escapes(raw), charset)
    text, explained = found
    return DecodedText(text, "" if explained else "escape sequences")


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeError:
        return None


def _decode_standalone(raw: bytes, label: str) -> DecodedText:
    """Believe UTF-8, GB18030 and GBK unless they cannot explain the bytes, or another does better.

    Most UTF-8 happens to be valid GB18030 of rare signs, and some GB18030 valid UTF-8.
    """
    text = _strict(raw, _STANDALONE[label])
    if label == "ISO_IR 192":
        if text is not None and not _is_odd_utf_8(raw, _USUAL_WHERE_LABELLED):
            return DecodedText(text)
        return _guessed(raw)
    if text is None:
        # GBK and GB18030 are one to most writers.
        return _guessed(raw)
    as_utf_8 = _strict(raw, "utf_8")
    if as_utf_8 is not None and _rarity(as_utf_8) < _rarity(text):
        return DecodedText(as_utf_8, "" if raw.isascii() else "ISO_IR 192")
    return DecodedText(text)


def _rarity(text: str) -> float:
    """Return how seldom writers in China mean such signs, 0 to 3 a sign beyond ASCII.

    Common are punctuation and the 3,755 Hanzi of level 1 of GB 2312, then come those of level 2;
    an alphabet's letters are usual among themselves, and odd between Hanzi.
    """
    signs = [char for char in text if not char.isascii()]
    among_hanzi = any("\u3400" <= char <= "\u9fff" for char in signs)
    total = 0
    for char in signs:
        if not among_hanzi and _USUAL_WHERE_LABELLED.fullmatch(char):
            continue
        row = char.encode("gb2312", "replace")[0]
        if not (0xA1 <= row <= 0xA3 or 0xB0 <= row <= 0xD7):
            total += 1 if row > 0xD7 else 3
    return total / len(signs) if signs else 0.0


def _guessed(raw: bytes, charset: Charset = DEFAULT_CHARSET) -> DecodedText:
    """Read what no label explains: as UTF-8, else GB18030; Latin-1 takes what is left."""
    if raw.isascii():
        return DecodedText(raw.decode("ascii"), "ISO_IR 6")
    text = _strict(raw, "utf_8")
    if text is not None and not _is_odd_utf_8(raw, _USUAL_WHERE_GUESSED):
        return DecodedText(text, "ISO_IR 192")
    for term in charset.terms:
        codec = _CARELESS.get(iso2022.number_of(term) or "")
        text = _strict(raw, codec) if codec is not None else None
        if codec is not None and text is not None:
            return DecodedText(text, codec)
    text = _strict(raw, "gb18030")
    if text is not None:
        return DecodedText(text, "GB18030")
    return DecodedText(raw.decode(_LATIN_1), "ISO_IR 100")


def _is_odd_utf_8(raw: bytes, usual: "re.Pattern[str]") -> bool:
    """Tell whether valid UTF-8 is more likely GB18030.

    A Hanzi of GB 2312 whose second byte is below 0xC0 is a valid two-byte sequence: 头颅 would
    read as a rare Greek letter and a soft hyphen. UTF-8 that holds characters of three bytes, or
    only usual characters of two, is believed.
    """
    text = _strict(raw, "utf_8")
    if text is None or any(char >= "\u0800" for char in text) or usual.fullmatch(text):
        return False
    as_chinese = _strict(raw, "gb18030")
    return as_chinese is not None and all(
        char.isascii() or "\u3000" <= char <= "\u9fff" for char in as_chinese
    )


def _decode_latin_1(raw: bytes) -> DecodedText:
    as_utf_8 = _strict(raw, "utf_8")
    if as_utf_8 is not None and not _is_odd_utf_8(raw, _USUAL_WHERE_GUESSED):
        return DecodedText(as_utf_8, "" if raw.isascii() else "ISO_IR 192")
    as_chinese = _strict(raw, "gb18030")
    if as_chinese is not None and _is_chinese(raw, as_chinese):
        return DecodedText(as_chinese, "GB18030")
    return DecodedText(raw.decode(_LATIN_1))


def _is_chinese(raw: bytes, text: str) -> bool:
    """Tell GB18030 from Latin-1, both of which decode ``raw``.

    Latin-1 letters are 0xC0-0xFF without 0xD7 and 0xF7, the lower-case ones from 0xDF on; the
    3,755 common Hanzi of GB 2312 begin with 0xB0-0xD7. So Chinese text shows bytes that are no
    letters, or an accented capital before an accented small letter, never a lone high byte.
    """
    hanzi = sum("\u3400" <= char <= "\u9fff" or char >= "\U00020000" for char in text)
    others = sum(not char.isascii() for char in text) - hanzi
    if hanzi == 0 or hanzi < others or any("\ue000" <= char <= "\uf8ff" for char in text):
        return False
    strong = weak = latin = 0
    for run in re.finditer(rb"[\x80-\xff]+", raw):
        block = run.group()
        before = raw[max(run.start() - 1, 0) : run.start()]
        after = raw[run.end() : run.end() + 1]
        if len(block) == 1:
            latin += 1
        elif any(byte < 0xC0 or byte in (0xD7, 0xF7) for byte in block):
            strong += 1
        elif _reads_as_latin_word(block, before, after):
            latin += 1
        else:
            weak += 1
    return strong + weak > 0 and strong >= latin


def _reads_as_latin_word(block: bytes, before: bytes, after: bytes) -> bool:
    """Tell whether a run of accented letters, with its ASCII neighbours, looks like Latin-1."""
    if len(block) % 2 == 1 or before.islower() or after.islower():
        return True
    if all(byte < 0xDF for byte in block):
        return before.isupper() or after.isupper()
    return all(byte >= 0xDF for byte in block)
