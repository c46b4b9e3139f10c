"""The digests that follow a growing file: right whatever its threads do, nothing left open."""

import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from blake3 import blake3

from server.intake.digest import FollowingDigests

CHUNK = 96 * 1024


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    """One thread, so that it can be kept busy."""
    with ThreadPoolExecutor(1) as made:
        yield made


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    """An empty file."""
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


def write(digests: FollowingDigests, fd: int, data: bytes) -> None:
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        os.write(fd, chunk)
        digests.written(chunk)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("size", [0, 1, CHUNK, 1 << 20, (1 << 20) + 1, 5_000_001])
def test_a_file_has_the_digest_of_its_bytes(
    size: int, fd: int, executor: ThreadPoolExecutor
) -> None:
    data, before = os.urandom(size), descriptors()
    digests = FollowingDigests(fd, executor)
    write(digests, fd, data)
    digests.complete()
    assert (digests.size, digests.sha256) == (size, hashlib.sha256(data).hexdigest())
    executor.submit(int).result()
    assert descriptors() == before


def test_what_was_there_before_counts(fd: int, executor: ThreadPoolExecutor) -> None:
    first, second = os.urandom(CHUNK), os.urandom(CHUNK)
    os.write(fd, first)
    digests = FollowingDigests(fd, executor)
    write(digests, fd, second)
    digests.complete()
    assert digests.sha256 == hashlib.sha256(first + second).hexdigest()


@pytest.mark.parametrize("size", [0, CHUNK, 5_000_001])
def test_a_data_set_has_the_digest_of_its_bytes(
    size: int, fd: int, executor: ThreadPoolExecutor
) -> None:
    header, dataset = os.urandom(333), os.urandom(size)
    digests = FollowingDigests(fd, executor)
    write(digests, fd, header)
    digests.dataset_begins()
    write(digests, fd, dataset)
    assert digests.dataset_blake3(333) == blake3(dataset).hexdigest()
    # One that begins elsewhere than was said is read for itself.
    assert digests.dataset_blake3(332) == blake3(header[-1:] + dataset).hexdigest()
    assert digests.sha256 == hashlib.sha256(header + dataset).hexdigest()


def test_there_is_no_digest_of_half_a_file(fd: int, executor: ThreadPoolExecutor) -> None:
    digests = FollowingDigests(fd, executor)
    write(digests, fd, b"x")
    with pytest.raises(RuntimeError, match="not complete"):
        _ = digests.sha256


def test_threads_that_are_all_busy_are_not_waited_for(
    fd: int, executor: ThreadPoolExecutor
) -> None:
    data, go_on, before = os.urandom(4 << 20), threading.Event(), descriptors()
    busy = executor.submit(go_on.wait)
    digests = FollowingDigests(fd, executor)
    write(digests, fd, data)
    digests.complete()
    go_on.set()
    busy.result()
    executor.submit(int).result()
    assert digests.sha256 == hashlib.sha256(data).hexdigest()
    assert descriptors() == before


def test_an_executor_that_is_closed_delays_nothing(fd: int) -> None:
    closed: Executor = ThreadPoolExecutor(1)
    closed.shutdown()
    data, before = os.urandom(3 << 20), descriptors()
    digests = FollowingDigests(fd, closed)
    write(digests, fd, data)
    digests.complete()
    assert digests.sha256 == hashlib.sha256(data).hexdigest()
    assert descriptors() == before


def test_a_file_may_go_while_a_thread_reads_it(
    tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    before = descriptors()
    path = tmp_path / "going"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    digests = FollowingDigests(fd, executor)
    write(digests, fd, os.urandom(3 << 20))
    os.close(fd)
    path.unlink()
    executor.submit(int).result()
    assert descriptors() == before


def test_bytes_that_are_gone_are_an_error_and_no_digest(
    fd: int, executor: ThreadPoolExecutor
) -> None:
    go_on = threading.Event()
    busy = executor.submit(go_on.wait)
    digests = FollowingDigests(fd, executor)
    write(digests, fd, os.urandom(3 << 20))
    os.ftruncate(fd, 1000)
    with pytest.raises(OSError, match="the file ends at"):
        digests.complete()
    go_on.set()
    busy.result()
