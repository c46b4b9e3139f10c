"""Huffman tables, differences and thinning of SCP-ECG, each against values known from elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecg import EcgFormatError
from ecg.formats.scp.huffman import decode, encode
from ecg.formats.scp.tables import (
    DEFAULT,
    Code,
    Table,
    are_plain,
    read_tables,
    table_for,
    write_tables,
)
from ecg.formats.scp.thinning import thinning
from ecg.formats.scp.waveform import differenced, rate_hz, summed

WORDS = arrays(np.int64, st.integers(0, 300), elements=st.integers(-32768, 32767))


def bits(text: str) -> bytes:
    """Return a stream of ones and zeros as bytes."""
    digits = text.replace(" ", "")
    digits += "0" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


def test_the_standards_own_example_is_decoded() -> None:
    # prEN 1064:2002 annex C: 28 samples at 5 uV as second differences.
    stream = bytes.fromhex("ff837fe0e6f1536559b65b964b9600")
    expected = [13, 14, 15, 14, 16, 18, 19, 20, 22, 22, 23, 23, 23, 22, 22, 20, 17, 15, 12, 8, 6, 3]
    expected += [1, 0, -2, -2, -3, -3]
    values = decode(stream, 28, (DEFAULT,))
    assert summed(values, 2).tolist() == expected
    assert encode(differenced(np.array(expected), 2), DEFAULT)[: len(stream)] == stream


def test_the_default_table_is_the_standards() -> None:
    lines = {code.value: f"{code.prefix:0{code.prefix_bits}b}" for code in DEFAULT.codes[:17]}
    assert lines[0] == "0"
    assert (lines[1], lines[-1]) == ("100", "101")
    assert (lines[8], lines[-8]) == ("1111111100", "1111111101")
    assert [(code.prefix_bits, code.extra_bits) for code in DEFAULT.codes[17:]] == [
        (10, 8),
        (10, 16),
    ]
    section = write_tables([DEFAULT])
    assert section == b"\x1f\x4e"
    assert read_tables(section) == (DEFAULT,)


@given(WORDS, st.sampled_from([0, 1, 2]))
def test_differences_are_undone_whatever_wraps(values: np.ndarray, differences: int) -> None:
    steps = differenced(values, differences)
    assert steps.size == values.size
    assert np.abs(steps).max(initial=0) <= 32768
    assert np.array_equal(summed(steps, differences), values)


@given(WORDS)
def test_codes_are_decoded_by_the_default_table_and_their_own(values: np.ndarray) -> None:
    tables = [DEFAULT] if values.size == 0 else [DEFAULT, table_for(values)]
    for table in tables:
        stream = encode(values, table)
        assert len(stream) % 2 == 0
        assert np.array_equal(decode(stream, values.size, (table,)), values)
        again = read_tables(write_tables([table]))
        assert np.array_equal(decode(stream, values.size, again), values)


@given(WORDS.filter(lambda values: values.size > 0))
def test_a_stream_cut_short_gives_the_values_before(values: np.ndarray) -> None:
    stream = encode(values, DEFAULT)
    for size in {0, 1, len(stream) // 2, len(stream) - 1}:
        found = decode(stream[:size], values.size, (DEFAULT,))
        assert np.array_equal(found, values[: found.size])


def test_fibonacci_counts_do_not_make_codes_outgrow_the_window() -> None:
    counts = [1, 1]
    while len(counts) < 24:
        counts.append(counts[-1] + counts[-2])
    values = np.repeat(np.arange(24), counts)
    table = table_for(values)
    assert table.codes[-1].extra_bits == 16
    assert max(code.prefix_bits for code in table.codes) == table.codes[-1].prefix_bits <= 16
    assert np.array_equal(decode(encode(values, table), values.size, (table,)), values)


def test_a_code_may_switch_to_another_table() -> None:
    first = Table((Code(1, 0, 0, 7), Code(2, 2, 0, 2, switch=True), Code(2, 3, 4, 100)))
    second = Table((Code(2, 0, 0, -9), Code(2, 1, 0, 1, switch=True), Code(1, 1, 0, 5)))
    tables = read_tables(write_tables([first, second]))
    assert tables == (first, second)
    #        7  7  ->2   -9  5  ->1  7  100-1    ->2  5
    stream = bits("0 0 10   00  1  01   0  11 1111  10  1")
    assert decode(stream, 7, tables).tolist() == [7, 7, -9, 5, 7, 99, 5]
    assert decode(stream, 4, tables).tolist() == [7, 7, -9, 5]


def test_a_switch_to_no_table_ends_the_stream() -> None:
    lost = Table((Code(1, 0, 0, 7), Code(1, 1, 0, 3, switch=True)))
    assert decode(bits("0010000"), 7, (lost, DEFAULT)).tolist() == [7, 7]


def test_prefixes_longer_than_the_window_are_found() -> None:
    unary = [Code(size + 1, ((1 << size) - 1) << 1, 0, size) for size in range(31)]
    table = Table((*unary, Code(32, 0xFFFFFFFE, 8, 0), Code(32, 0xFFFFFFFF, 32, 0)))
    values = np.array([0, 30, 17, 16, 15, -100, 1 << 20, 3, -(1 << 31)])
    tables = read_tables(write_tables([table]))
    assert np.array_equal(decode(encode(values, table), values.size, tables), values)


def test_a_table_of_one_code_means_plain_samples() -> None:
    for section in (b"\x01\0\x01\0" + bytes(9), b"\0\0", None):
        tables = read_tables(section)
        assert are_plain(tables)
        assert decode(b"\xff\xff\x02\x01", 9, tables).tolist() == [-1, 258]
    assert not are_plain((DEFAULT,))


@pytest.mark.parametrize(
    "code",
    [
        b"\x00\x08\x01\0\0\0\0\0\0",
        b"\x21\x21\x01\0\0\0\0\0\0",
        b"\x04\x02\x01\0\0\0\0\0\0",
        b"\x01\x30\x01\0\0\0\0\0\0",
        b"\x02\x02\x01\0\0\xff\0\0\0",
    ],
)
def test_codes_that_make_no_sense_are_refused(code: bytes) -> None:
    with pytest.raises(EcgFormatError, match="makes no sense"):
        read_tables(b"\x01\0\x02\0" + code * 2)


def test_thinning_keeps_protected_areas_and_lines() -> None:
    plan = thinning(1, 23, np.array([[9, 12], [5, 4], [90, 99], [22, 22]]), 4)
    assert plan.group.tolist() == [0] * 4 + [1] * 4 + [2, 3, 4, 5] + [6] * 4 + [7] * 4 + [8] + [
        9,
        10,
    ]
    assert plan.n_stored == 11
    line = np.arange(23.0)
    back = plan.restored(plan.thinned(line))
    assert np.array_equal(back[[8, 9, 10, 11, 21, 22]], line[[8, 9, 10, 11, 21, 22]])
    assert np.allclose(back[2:6], line[2:6])
    assert back[:8].tolist() == [1.5, 1.5, 2.0, 3.0, 4.0, 5.0, 5.5, 5.5]


@given(st.integers(1, 200), st.integers(1, 5), st.data())
def test_thinned_constants_and_protected_samples_come_back(
    count: int, factor: int, data: st.DataObject
) -> None:
    place = st.integers(-20, 250)
    areas = np.array(data.draw(st.lists(st.tuples(place, place), max_size=5)), dtype=np.int64)
    areas = areas.reshape(-1, 2)
    plan = thinning(11, count, areas, factor)
    assert np.allclose(plan.restored(plan.thinned(np.full(count, 7.0))), 7.0)
    noise = np.random.default_rng(count).normal(size=count)
    back = plan.restored(plan.thinned(noise))
    number = np.arange(11, 11 + count)
    kept = np.any([(first <= number) & (number <= last) for first, last in areas], axis=0)
    kept = kept | np.zeros(count, dtype=np.bool_)
    assert np.array_equal(back[kept], noise[kept])


@pytest.mark.parametrize(
    ("interval_us", "fs_hz"),
    [(2000, 500.0), (2778, 360.0), (6666, 150.0), (1667, 600.0), (7812, 128.0), (50, 20_000.0)],
)
def test_intervals_stand_for_whole_rates(interval_us: int, fs_hz: float) -> None:
    assert rate_hz(interval_us) == fs_hz
