"""Measure ourselves beside every peer on this machine: `python -m benchmarks` or `make bench`."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import echo, report, searches, store_rates, visibility
from benchmarks.rows import Row

_RESULTS = Path(__file__).with_name("results.json")
_TMPFS = Path("/dev/shm")  # noqa: S108 -- the one place that is memory on every Linux
# Each receiver keeps every round; the slices to be sent stand there as well.
_TMPFS_NEEDS_BYTES = 8 << 30


def main() -> None:
    """Run what was asked for, write results.json and print a table."""
    asked = _arguments()
    timings: list[store_rates.Timing] = []
    rows: list[Row] = []
    with _folder(None) as disk, _folder(_tmpfs()) as memory:
        delays = visibility.measure(disk, asked.instances) if "visible" in asked.only else []
        if "search" in asked.only:
            delays += searches.measure(disk, asked.studies, asked.queries, asked.databases, _tell)
        if "store" in asked.only:
            places = {"disk": disk} | ({"tmpfs": memory} if _tmpfs() else {})
            for medium in asked.media:
                if medium not in places:
                    _tell(f"{medium}: too little room here, left out")
                    continue
                timings += store_rates.measure(
                    medium=medium,
                    root=places[medium] / "receivers",
                    corpus=memory / "corpus",
                    rounds=asked.rounds,
                    slices=asked.slices,
                    tell=_tell,
                )
        if "echo" in asked.only:
            rows += echo.measure(
                root=disk / "echo",
                corpus=memory / "corpus",
                rounds=asked.rounds,
                slices=asked.slices,
                tell=_tell,
            )
    absent = store_rates.absent() if {"store", "echo"} & set(asked.only) else []
    report.write(_RESULTS, report.as_json(timings, delays, rows, absent))
    print(report.table(timings, delays, rows, absent))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each workload")
    parser.add_argument("--slices", type=int, default=100, help="CT slices a round, fours of them")
    parser.add_argument("--instances", type=int, default=100, help="objects to wait for in a list")
    parser.add_argument("--studies", type=int, default=1_000_000, help="studies in the archive")
    parser.add_argument("--queries", type=int, default=200, help="requests of each kind of search")
    parser.add_argument(
        "--databases", nargs="+", default=["sqlite", "postgresql"], help="sqlite, postgresql"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=["store", "visible", "echo"],
        help="store, visible, echo, search",
    )
    parser.add_argument("--media", nargs="+", default=["disk", "tmpfs"], help="disk, tmpfs")
    return parser.parse_args()


def _tmpfs() -> Path | None:
    if _TMPFS.is_dir() and shutil.disk_usage(_TMPFS).free >= _TMPFS_NEEDS_BYTES:
        return _TMPFS
    return None


@contextmanager
def _folder(parent: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lianzhen-bench-", dir=parent) as folder:
        yield Path(folder)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
