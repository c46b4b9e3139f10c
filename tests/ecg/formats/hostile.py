"""Damage done to files, and the one error that readers may answer it with."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from hypothesis import strategies as st

from ecg import EcgFormatError, EcgSignal

Edit = tuple[int, bytes]


def edits(size: int, most: int = 6) -> st.SearchStrategy[list[Edit]]:
    """Return a strategy for a few overwritten bytes, printable ones as often as any."""
    pieces = st.one_of(
        st.binary(min_size=1, max_size=4),
        st.sampled_from([b"0", b"9", b"-", b" ", b"\xff\xff", b"\x00\x00\x00\x00", b"999999999"]),
    )
    return st.lists(st.tuples(st.integers(0, size - 1), pieces), min_size=1, max_size=most)


def damaged(content: bytes, changes: Iterable[Edit]) -> bytes:
    """Return content with bytes overwritten."""
    out = bytearray(content)
    for at, piece in changes:
        out[at : at + len(piece)] = piece
    return bytes(out)


def read_or_refused(read: Callable[[bytes], EcgSignal], content: bytes) -> EcgSignal | None:
    """Return the signal, or None where it was refused; any other error is raised."""
    try:
        return read(content)
    except EcgFormatError as error:
        line = str(error)
    assert line
    assert "\n" not in line
    return None


def assert_no_prefix_breaks(read: Callable[[bytes], EcgSignal], content: bytes) -> None:
    """Read every proper prefix of content: each is read, or refused with one line."""
    for size in range(len(content)):
        read_or_refused(read, content[:size])


@contextmanager
def without_hanging() -> Iterator[None]:
    """Check that a block ends: only what grows without bound takes a minute of processor."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < 60.0
