"""Character sets that ISO 2022 joins: one byte a sign, Japanese, Korean and Chinese.

PS3.3 Tables C.12-2 to C.12-4 name the sets and their escape sequences, PS3.5 6.1.2.5 says how they
are used: bytes below 0x80 are signs of the set in G0, those above of the set in G1, and an escape
sequence puts another set into one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_ESC: Final = 0x1B
_ALWAYS_RESET: Final = frozenset(b"\r\n\t\f")
_RESET: Final = _ALWAYS_RESET | frozenset(b"\\^=")
"""After these the sets of the first term are in force again (PS3.5 6.1.2.5.3); in a set of two
bytes a sign, backslash, caret and equals sign are but halves of signs."""


@dataclass(frozen=True, slots=True)
class _Set:
    """A set of signs, read through a Python codec that holds it in its upper half.

    ``width`` is the bytes of a sign, ``prefix`` what the codec wants before each.
    """

    codec: str
    width: int = 1
    prefix: bytes = b""


_ASCII: Final = _Set("ascii")
_ROMAJI: Final = _Set("iso2022_jp")
_KATAKANA: Final = _Set("shift_jis")
_JIS_X_0208: Final = _Set("euc_jp", 2)
_JIS_X_0212: Final = _Set("euc_jp", 2, b"\x8f")
_KS_X_1001: Final = _Set("euc_kr", 2)
# Python's gb2312 reads the middle dot of Uyghur names and the dash as Japanese signs.
_GB_2312: Final = _Set("gb18030", 2)

_HIGH: Final = {
    "13": _KATAKANA,
    "58": _GB_2312,
    "100": _Set("iso8859_1"),
    "101": _Set("iso8859_2"),
    "109": _Set("iso8859_3"),
    "110": _Set("iso8859_4"),
    "126": _Set("iso8859_7"),
    "127": _Set("iso8859_6"),
    "138": _Set("iso8859_8"),
    "144": _Set("iso8859_5"),
    "148": _Set("iso8859_9"),
    "149": _KS_X_1001,
    "166": _Set("iso8859_11"),
    "203": _Set("iso8859_15"),
}
"""What a term puts into G1."""

_TO_G0: Final = {
    b"(B": _ASCII,
    b"(J": _ROMAJI,
    b"$B": _JIS_X_0208,
    b"$@": _JIS_X_0208,
    b"$(D": _JIS_X_0212,
}
_TO_G1: Final = {
    b")I": _KATAKANA,
    b"$)A": _GB_2312,
    b"$)C": _KS_X_1001,
    b"-A": _HIGH["100"],
    b"-B": _HIGH["101"],
    b"-C": _HIGH["109"],
    b"-D": _HIGH["110"],
    b"-F": _HIGH["126"],
    b"-G": _HIGH["127"],
    b"-H": _HIGH["138"],
    b"-L": _HIGH["144"],
    b"-M": _HIGH["148"],
    b"-T": _HIGH["166"],
    b"-b": _HIGH["203"],
}
_OF_TWO_BYTES: Final = (_KS_X_1001, _GB_2312)
_NUMBERS: Final = frozenset({"6", "87", "159", *_HIGH})


class _Unreadable(ValueError):
    """The bytes are none of the sets in force."""


def number_of(term: str) -> str | None:
    """Return the registration number of a term such as ``ISO_IR 100``, None for another's."""
    number = term.removeprefix("ISO_IR ").removeprefix("ISO 2022 IR ") if term else "6"
    return number if number in _NUMBERS else None


def without_escapes(raw: bytes) -> bytes:
    """Return ``raw`` without the escape sequences of the sets known here."""
    for sequence in (*_TO_G0, *_TO_G1):
        raw = raw.replace(b"\x1b" + sequence, b"")
    return raw


def read(raw: bytes, terms: Sequence[str]) -> tuple[str, bool] | None:
    """Read text by the sets that terms name and escape sequences call.

    Parameters
    ----------
    raw
        The bytes as stored.
    terms
        Normalised terms of Specific Character Set; sets of other terms count as not named.

    Returns
    -------
    tuple of str and bool, or None
        The text, and whether the terms and escape sequences explain all of it. It is False for a
        set called but not named, and for bytes in G1 that no escape sequence stands before: these
        are read by the set called last, else the first set of two bytes a sign that is named.
        None where the bytes are no signs of these sets.

    Notes
    -----
    0x5C stays a backslash in Japanese text, too: it parts values there (PS3.5 6.1.2.3), and to
    read it as the yen sign would join them.
    """
    numbers = [number for term in terms if (number := number_of(term)) is not None] or ["6"]
    try:
        return _Reader(numbers).read(raw)
    except (_Unreadable, UnicodeError):
        return None


class _Reader:
    def __init__(self, numbers: Sequence[str]) -> None:
        self._named = [_HIGH[number] for number in numbers if number in _HIGH]
        if "87" in numbers:
            self._named.append(_JIS_X_0208)
        if "159" in numbers:
            self._named.append(_JIS_X_0212)
        self._first_g0 = _ROMAJI if numbers[0] == "13" else _ASCII
        self._first_g1 = _HIGH.get(numbers[0])
        # Where G1 is empty: what was called last, else the first set of two bytes that is named.
        self._spare = next((each for each in self._named if each in _OF_TWO_BYTES), None)
        self._explained = True

    def read(self, raw: bytes) -> tuple[str, bool]:
        text: list[str] = []
        g0, g1 = self._first_g0, self._first_g1
        at = 0
        while at < len(raw):
            byte = raw[at]
            if byte == _ESC:
                sequence, g0, g1 = self._called(raw, at, g0, g1)
                at += len(sequence) + 1
                continue
            end = _end_of_run(raw, at, g0)
            run = raw[at:end]
            if byte >= 0x80:
                text.append(self._high(run, g1))
            elif g0.width == 2 and byte not in _ALWAYS_RESET:
                text.append(_decoded(bytes(each | 0x80 for each in run), g0))
            else:
                text.append(run.decode("ascii"))
                if g0 is _ROMAJI:
                    text[-1] = text[-1].replace("~", "\u203e")
                if byte in _RESET:
                    g0, g1 = self._first_g0, self._first_g1
            at = end
        return "".join(text), self._explained

    def _called(
        self, raw: bytes, at: int, g0: _Set, g1: _Set | None
    ) -> tuple[bytes, _Set, _Set | None]:
        """Return the escape sequence at a place, and the sets in force after it."""
        for length in (2, 3):
            sequence = raw[at + 1 : at + 1 + length]
            if (low := _TO_G0.get(sequence)) is not None:
                # Writers of Japanese end in either set of Latin letters.
                self._explained &= low.width == 1 or low in self._named
                return sequence, low, g1
            if (high := _TO_G1.get(sequence)) is not None:
                self._explained &= high in self._named
                self._spare = high
                return sequence, g0, high
        raise _Unreadable

    def _high(self, run: bytes, g1: _Set | None) -> str:
        if g1 is None:
            self._explained = False
            g1 = self._spare
        if g1 is None:
            raise _Unreadable
        return _decoded(run, g1)


def _end_of_run(raw: bytes, at: int, g0: _Set) -> int:
    """Return where the bytes end that are read in one go: all high, all low, or one delimiter."""
    low_pairs = g0.width == 2
    resets = _ALWAYS_RESET if low_pairs else _RESET
    if raw[at] in resets:
        return at + 1
    high = raw[at] >= 0x80
    end = at + 1
    while (
        end < len(raw)
        and (raw[end] >= 0x80) == high
        and raw[end] != _ESC
        and (high or raw[end] not in resets)
    ):
        end += 1
    return end


def _decoded(run: bytes, signs: _Set) -> str:
    """Decode bytes of 0x80 and above."""
    if signs.width == 1:
        text = run.decode(signs.codec)
        # 0x80-0x9F are control characters in these sets, which no text holds (PS3.5 6.1.3).
        if len(text) != len(run) or any("\x80" <= char <= "\x9f" for char in text):
            raise _Unreadable
        return text
    if len(run) % 2 or any(byte < 0xA1 or byte == 0xFF for byte in run):
        raise _Unreadable
    pairs = (run[at : at + 2] for at in range(0, len(run), 2))
    return b"".join(signs.prefix + pair for pair in pairs).decode(signs.codec)
