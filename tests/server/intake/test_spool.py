"""The spool among processes: what the dead left is swept, what the living have is not."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.core.ids import RandomIds
from server.intake.spool import Spool

pytestmark = pytest.mark.fault

OpenSpool = Callable[[], Spool]


@pytest.fixture
def open_spool(tmp_path: Path) -> Iterator[OpenSpool]:
    """Open the spool as one more process; closing it is that process's death."""
    opened: list[Spool] = []
    executor = ThreadPoolExecutor(1)

    def make() -> Spool:
        spool = Spool(tmp_path / "spool", min_free_bytes=1, ids=RandomIds(), executor=executor)
        spool.open()
        opened.append(spool)
        return spool

    yield make
    for spool in opened:
        spool.close()
    executor.shutdown()


def settled_file(spool: Spool) -> str:
    file = spool.new_file()
    file.write(b"bytes")
    file.sync()
    os.utime(file.path, (0, 0))
    return file.name


def test_a_dead_process_leaves_files_to_sweep_and_a_living_one_none(open_spool: OpenSpool) -> None:
    dead, living, sweeper = open_spool(), open_spool(), open_spool()
    left, held = settled_file(dead), settled_file(living)
    dead.close()
    assert sweeper.abandoned_files() == [left]
    assert sweeper.sweep([left]) == 1
    assert not sweeper.path(left).parent.exists()
    assert sweeper.path(held).exists()


def test_a_file_whose_commit_may_be_under_way_is_left_alone(open_spool: OpenSpool) -> None:
    dead, sweeper = open_spool(), open_spool()
    file = dead.new_file()
    file.sync()
    dead.close()
    assert sweeper.abandoned_files() == []
    assert sweeper.sweep([]) == 0
    assert file.path.exists()


def test_who_dies_after_the_look_loses_nothing_to_that_sweep(open_spool: OpenSpool) -> None:
    dying, sweeper = open_spool(), open_spool()
    kept = settled_file(dying)
    listed = sweeper.abandoned_files()
    dying.close()
    sweeper.sweep(listed)
    assert sweeper.path(kept).exists()


def test_scratch_files_go_with_their_process(open_spool: OpenSpool) -> None:
    dead, sweeper = open_spool(), open_spool()
    (dead.scratch_dir / "half-decoded").write_bytes(b"x")
    dead.close()
    sweeper.sweep(sweeper.abandoned_files())
    assert not dead.scratch_dir.exists()
    assert sweeper.scratch_dir.exists()
