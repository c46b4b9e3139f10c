"""Entropy coding of sample values: the default table, a file's own tables, or none (EN 1064 5.5).

A code is a prefix, and where the code is longer than its prefix, a two's complement number that is
added to the code's value. A code may instead switch to another table. Every lead begins with the
first table. A window of 16 bits at each bit of the stream finds the code that would begin there;
which bits begin a code then follows by steps of eight codes at a time.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.scp.tables import MAX_PREFIX_BITS, WINDOW_BITS, Table, Values, are_plain

_STRIDE: Final = 8
_TAIL: Final = 256


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
    for bits in range(WINDOW_BITS + 1, MAX_PREFIX_BITS + 1):
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
