"""Entropy coding of sample values: the default table, a file's own tables, or none (EN 1064 5.5).

A code is a prefix, and where the code is longer than its prefix, a two's complement number that is
added to the code's value. A code may instead switch to another table. Every lead begins with the
first table. A window of 16 bits at each bit of the stream finds the code that would begin there;
which bits begin a code then follows by steps of eight codes at a time.
"""

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
_WINDOW_BITS: Final = 16
_STRIDE: Final = 8
_TAIL: Final = 256

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
        lines = np.full(1 << _WINDOW_BITS, -1, dtype=np.int32)
        by_length = sorted(enumerate(self.codes), key=lambda each: -each[1].prefix_bits)
        for line, code in by_length:
            spare = _WINDOW_BITS - code.prefix_bits
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
            if code.prefix_bits > _WINDOW_BITS
        }

    @cached_property
    def is_plain(self) -> bool:
        """Whether codes are short and none switches: then eight of them fit one step."""
        return not any(
            code.switch
            or code.prefix_bits > _WINDOW_BITS
            or code.prefix_bits + code.extra_bits >= _TAIL // _STRIDE
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


def decode(stream: bytes, count: int, tables: Sequence[Table]) -> Values:
    """Return up to ``count`` values; fewer where the stream ends before, or holds no code.

    Parameters
    ----------
    stream
        One lead's bytes.
    count
        Values wanted; the rest of the stream is padding.
    tables
        As `read_tables` returned them.
    """
    if are_plain(tables):
        return np.frombuffer(stream, dtype="<i2", count=min(count, len(stream) // 2)).astype(
            np.int64
        )
    count = min(count, 8 * len(stream))
    octets = np.zeros(len(stream) + _TAIL, dtype=np.uint32)
    octets[: len(stream)] = np.frombuffer(stream, dtype=np.uint8)
    if len(tables) == 1 and tables[0].is_plain:
        return _decode_plain(octets, 8 * len(stream), count, tables[0])
    return _decode_switching(octets, 8 * len(stream), count, tables)


def _windows(octets: NDArray[np.uint32], n_bits: int) -> NDArray[np.uint16]:
    """Return the 16 bits that begin at each bit, shape (n_bits,)."""
    size = n_bits // 8
    three = octets[:size] << 16 | octets[1 : size + 1] << 8 | octets[2 : size + 2]
    shifts = np.arange(8, 0, -1, dtype=np.uint32)
    return (three[:, np.newaxis] >> shifts).astype(np.uint16).reshape(-1)


def _decode_plain(octets: NDArray[np.uint32], n_bits: int, count: int, table: Table) -> Values:
    windows = _windows(octets, n_bits)
    one = np.zeros(n_bits + _TAIL, dtype=np.uint8)
    one[:n_bits] = table.bits.take(windows)
    at = np.arange(n_bits)
    step = one
    for _ in range(_STRIDE.bit_length() - 1):
        double = step.copy()
        double[:n_bits] += step.take(at + step[:n_bits])
        step = double
    jumps, place, places = step.tobytes(), 0, []
    for _ in range(-(-count // _STRIDE)):
        if place >= n_bits:
            break
        places.append(place)
        place += jumps[place]
    starts = np.empty((len(places), _STRIDE), dtype=np.int64)
    column = np.array(places, dtype=np.int64)
    for number in range(_STRIDE):
        starts[:, number] = column
        column = column + one.take(column)
    begins = starts.reshape(-1)[:count]
    sizes = one.take(begins).astype(np.int64)
    wrong = np.flatnonzero((sizes == 0) | (begins + sizes > n_bits))
    begins = begins[: wrong[0]] if wrong.size else begins
    return _values(octets, begins, table.lines.take(windows.take(begins)), table)


def _decode_switching(
    octets: NDArray[np.uint32], n_bits: int, count: int, tables: Sequence[Table]
) -> Values:
    windows = _windows(octets, n_bits).data
    text = octets.astype(np.uint8).tobytes()
    lines_of = [table.lines.data for table in tables]
    number, place = 0, 0
    places: list[int] = []
    lines: list[int] = []
    numbers: list[int] = []
    while len(places) < count and place < n_bits:
        table = tables[number]
        line = lines_of[number][windows[place]]
        if line < 0:
            line = _long_line(table, text, place)
        if line < 0:
            break
        code = table.codes[line]
        after = place + code.prefix_bits + code.extra_bits
        if after > n_bits:
            break
        if not code.switch:
            places.append(place)
            lines.append(line)
            numbers.append(number)
        elif 1 <= code.value <= len(tables):
            number = code.value - 1
        else:
            break
        place = after
    values = np.empty(len(places), dtype=np.int64)
    begins, chosen, used = np.array(places), np.array(lines), np.array(numbers)
    for number in set(numbers):
        own = used == number
        values[own] = _values(octets, begins[own], chosen[own], tables[number])
    return values


def _long_line(table: Table, text: bytes, place: int) -> int:
    """Return the line of a prefix longer than the window, or -1."""
    if not table.long_codes:
        return -1
    ahead = int.from_bytes(text[place // 8 : place // 8 + 5], "big") >> (8 - place % 8)
    for bits in range(_WINDOW_BITS + 1, MAX_PREFIX_BITS + 1):
        line = table.long_codes.get((bits, (ahead & 0xFFFFFFFF) >> (MAX_PREFIX_BITS - bits)))
        if line is not None:
            return line
    return -1


def _values(
    octets: NDArray[np.uint32], begins: Values, lines: NDArray[np.int32], table: Table
) -> Values:
    """Return what codes of one table say that begin at known bits."""
    values = table.values.take(lines)
    longer = np.flatnonzero(table.extra_bits.take(lines))
    if longer.size:
        bits = table.extra_bits.take(lines[longer])
        start = begins[longer] + table.prefix_bits.take(lines[longer])
        first = start // 8
        ahead = np.zeros(longer.size, dtype=np.int64)
        for octet in range(5):
            ahead = ahead << 8 | octets[first + octet]
        number = (ahead >> (40 - start % 8 - bits)) & ((1 << bits) - 1)
        values[longer] += number - ((number >> (bits - 1)) << bits)
    return values


def encode(values: Values, table: Table) -> bytes:
    """Return values as a stream of one table's codes, padded with zeros to an even length.

    Raises
    ------
    ValueError
        If a value has no code.
    """
    by_value = {code.value: line for line, code in enumerate(table.codes) if not code.extra_bits}
    escapes = sorted(
        (code.extra_bits, line) for line, code in enumerate(table.codes) if code.extra_bits
    )
    distinct, which = np.unique(values, return_inverse=True)
    chosen = np.zeros(distinct.size, dtype=np.uint64)
    lengths = np.zeros(distinct.size, dtype=np.int64)
    for position, value in enumerate(distinct.tolist()):
        line = by_value.get(value)
        if line is None:
            line = next(
                (row for bits, row in escapes if -(1 << bits) <= 2 * value < 1 << bits), None
            )
        if line is None:
            raise ValueError(f"no Huffman code can hold {value}")
        code = table.codes[line]
        tail = (value - code.value) & ((1 << code.extra_bits) - 1)
        chosen[position] = code.prefix << code.extra_bits | tail
        lengths[position] = code.prefix_bits + code.extra_bits
    widest = int(lengths.max(initial=1))
    shifts = np.arange(widest - 1, -1, -1)
    bits = (chosen[:, np.newaxis] >> shifts.astype(np.uint64)) & np.uint64(1)
    used = shifts < lengths[:, np.newaxis]
    packed = np.packbits(bits[which][used[which]].astype(np.uint8)).tobytes()
    return packed + b"\0" * (len(packed) % 2)


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
