"""Huffman tables: the standard's, a file's own, or one made for a recording (EN 1064 5.5)."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.cursor import Cursor
from ecg.formats.scp.record import FORMAT_NAME

DEFAULT_TABLE: Final = 19999
MAX_TABLES: Final = 64
MAX_PREFIX_BITS: Final = 32
MAX_EXTRA_BITS: Final = 32
WINDOW_BITS: Final = 16
MAX_STEP_BITS: Final = 31
"""Eight codes of a plain table fit 8 bits of step."""

Values = NDArray[np.int64]


@dataclass(frozen=True)
class Code:
    """One line of a table.

    Attributes
    ----------
    prefix_bits, prefix
        The bits that tell this code, the first one sent the most significant.
    extra_bits
        Bits that follow the prefix as a two's complement number.
    value
        The sample value, less the number that follows; of a switch, the next table's number.
    switch
        Whether the code stands for no sample but another table.
    """

    prefix_bits: int
    prefix: int
    extra_bits: int
    value: int
    switch: bool = False


@dataclass(frozen=True)
class Table:
    """A code for each value, with what finds codes fast."""

    codes: Sequence[Code]

    @cached_property
    def lines(self) -> NDArray[np.int32]:
        """The line of the code that begins a 16-bit window, shape (65536,), or -1."""
        lines = np.full(1 << WINDOW_BITS, -1, dtype=np.int32)
        by_length = sorted(enumerate(self.codes), key=lambda each: -each[1].prefix_bits)
        for line, code in by_length:
            spare = WINDOW_BITS - code.prefix_bits
            if spare >= 0:
                lines[code.prefix << spare : (code.prefix + 1) << spare] = line
        return lines

    @cached_property
    def bits(self) -> NDArray[np.uint8]:
        """All bits of the code that begins a window, shape (65536,), 0 where there is none."""
        whole = [code.prefix_bits + code.extra_bits for code in self.codes]
        return np.array([*whole, 0], dtype=np.uint8)[self.lines]

    @cached_property
    def values(self) -> Values:
        """Each line's value, shape (n_codes,)."""
        return np.array([code.value for code in self.codes], dtype=np.int64)

    @cached_property
    def prefix_bits(self) -> Values:
        """Each line's bits of prefix, shape (n_codes,)."""
        return np.array([code.prefix_bits for code in self.codes], dtype=np.int64)

    @cached_property
    def extra_bits(self) -> Values:
        """Each line's bits behind the prefix, shape (n_codes,)."""
        return np.array([code.extra_bits for code in self.codes], dtype=np.int64)

    @cached_property
    def long_codes(self) -> dict[tuple[int, int], int]:
        """Lines of prefixes that are longer than the window."""
        return {
            (code.prefix_bits, code.prefix): line
            for line, code in enumerate(self.codes)
            if code.prefix_bits > WINDOW_BITS
        }

    @cached_property
    def is_plain(self) -> bool:
        """Whether codes are short and none switches: then eight of them fit one step."""
        return not any(
            code.switch
            or code.prefix_bits > WINDOW_BITS
            or code.prefix_bits + code.extra_bits > MAX_STEP_BITS
            for code in self.codes
        )


def _default_codes() -> tuple[Code, ...]:
    """Return the table of EN 1064 C.3.7.4: n ones, a zero and a sign; or 8 or 16 bits."""
    codes = [Code(1, 0, 0, 0)]
    for size in range(1, 9):
        for sign in (0, 1):
            prefix = ((1 << size) - 1) << 2 | sign
            codes.append(Code(size + 2, prefix, 0, -size if sign else size))
    return (*codes, Code(10, 0x3FE, 8, 0), Code(10, 0x3FF, 16, 0))


DEFAULT: Final = Table(_default_codes())


def read_tables(section: bytes | None) -> tuple[Table, ...]:
    """Return the tables of section 2, none where there is no section.

    Raises
    ------
    EcgFormatError
        If a table makes no sense or the section ends within it.
    """
    if section is None:
        return ()
    cursor = Cursor(section, FORMAT_NAME)
    count = cursor.unsigned(2)
    if count == DEFAULT_TABLE:
        return (DEFAULT,)
    if count > MAX_TABLES:
        raise cursor.refusal(f"{count} Huffman tables are too many")
    return tuple(_read_table(cursor, lone=count == 1) for _ in range(count))


def are_plain(tables: Sequence[Table]) -> bool:
    """Return whether values are 16-bit integers: without a table, or with one of a single code.

    PC-80B handhelds write such a table, which tells nothing, before plain samples.
    """
    return not tables or (len(tables) == 1 and len(tables[0].codes) <= 1)


def _read_table(cursor: Cursor, lone: bool) -> Table:
    count = cursor.unsigned(2)
    part = cursor.part(9 * count)
    codes: list[Code] = []
    for _ in range(count):
        prefix_bits, whole_bits, mode = part.unsigned(1), part.unsigned(1), part.unsigned(1)
        value, stored = part.signed(2), part.unsigned(4)
        extra_bits = whole_bits - prefix_bits
        known = 1 <= prefix_bits <= MAX_PREFIX_BITS and 0 <= extra_bits <= MAX_EXTRA_BITS
        if (count > 1 or not lone) and (not known or (prefix_bits < 32 and stored >> prefix_bits)):
            raise cursor.refusal("a Huffman table makes no sense")
        codes.append(
            Code(prefix_bits, _reversed(stored, prefix_bits), max(extra_bits, 0), value, mode == 0)
        )
    return Table(tuple(codes))


def _reversed(number: int, bits: int) -> int:
    """Return a prefix read the other way: the standard stores its first bit lowest."""
    return int(f"{number:0{max(bits, 1)}b}"[::-1], 2)


def write_tables(tables: Sequence[Table]) -> bytes:
    """Return section 2 for the default table or a file's own."""
    if list(tables) == [DEFAULT]:
        return DEFAULT_TABLE.to_bytes(2, "little")
    out = bytearray(len(tables).to_bytes(2, "little"))
    for table in tables:
        out += len(table.codes).to_bytes(2, "little")
        for code in table.codes:
            out += bytes((code.prefix_bits, code.prefix_bits + code.extra_bits, not code.switch))
            out += code.value.to_bytes(2, "little", signed=True)
            out += _reversed(code.prefix, code.prefix_bits).to_bytes(4, "little")
    return bytes(out)


def _depths(weights: Sequence[int]) -> list[int]:
    """Return each weight's depth in its Huffman tree, at least two weights."""
    heap = [(weight, number, [number]) for number, weight in enumerate(weights)]
    depths = [0] * len(weights)
    heapq.heapify(heap)
    while len(heap) > 1:
        light, _, few = heapq.heappop(heap)
        heavy, tie, many = heapq.heappop(heap)
        for number in (*few, *many):
            depths[number] += 1
        heapq.heappush(heap, (light + heavy, tie, few + many))
    return depths


def table_for(values: Values, size: int = 128) -> Table:
    """Return the Huffman table that suits values: the commonest ones, and 16 bits for the rest.

    The code for the rest stands last with one of the longest prefixes, whatever its share: other
    readers take the last line's length for the longest.
    """
    distinct, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")[: size - 1]
    common = distinct[order]
    # A floor under the counts keeps codes within the window however rare a value is.
    floor = max(1, int(counts.sum()) >> 11)
    depth = _depths([*(max(int(each), floor) for each in counts[order]), 0])
    codes: list[Code] = []
    prefix, bits = 0, 0
    for number in sorted(range(len(depth)), key=lambda each: (depth[each], each)):
        prefix <<= depth[number] - bits
        bits = depth[number]
        escape = number == len(common)
        codes.append(Code(bits, prefix, 16 if escape else 0, 0 if escape else int(common[number])))
        prefix += 1
    return Table(tuple(codes))
