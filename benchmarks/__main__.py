"""Measure ourselves beside every peer on this machine: `python -m benchmarks` or `make bench`."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import (
    echo,
    memory,
    nodes,
    report,
    searches,
    store_rates,
    visibility,
    web_reads,
    web_services,
)
from benchmarks.corpus import Kind
from benchmarks.rows import Row

_RESULTS = Path(__file__).with_name("results.json")
_TMPFS = Path("/dev/shm")  # noqa: S108 -- the one place that is memory on every Linux


def main() -> None:
    """Run what was asked for, write results.json and print a table."""
    asked = _arguments()
    timings: list[store_rates.Timing] = []
    rows: list[Row] = []
    counts = {Kind.CT: asked.slices, Kind.DR: asked.radiographs, Kind.US: asked.clips}
    needs_bytes = store_rates.needs_bytes(asked.rounds, counts)
    tmpfs = _tmpfs(needs_bytes)
    absent = store_rates.absent() if {"store", "echo", "memory", "nodes"} & set(asked.only) else []
    with _folder(None) as disk, _folder(tmpfs) as tmpfs_folder:
        delays = visibility.measure(disk, asked.instances) if "visible" in asked.only else []
        if "search" in asked.only:
            delays += searches.measure(disk, asked.studies, asked.queries, asked.databases, _tell)
        if "store" in asked.only:
            places = {"disk": disk} | ({"tmpfs": tmpfs_folder} if tmpfs else {})
            for medium in asked.media:
                if medium not in places:
                    absent.append(f"{needs_bytes / 1e9:.1f} GB free on {medium}")
                    continue
                timings += store_rates.measure(
                    medium=medium,
                    root=places[medium] / "receivers",
                    corpus=tmpfs_folder / "corpus",
                    rounds=asked.rounds,
                    counts=counts,
                    tell=_tell,
                )
        if "echo" in asked.only:
            rows += echo.measure(
                root=disk / "echo",
                corpus=tmpfs_folder / "corpus",
                rounds=asked.rounds,
                slices=asked.slices,
                tell=_tell,
            )
        if "memory" in asked.only:
            rows += memory.measure(
                root=disk / "memory",
                corpus=tmpfs_folder / "corpus",
                soak_minutes=asked.soak_minutes,
                tell=_tell,
            )
        if "nodes" in asked.only:
            rows += nodes.measure(
                root=disk / "nodes",
                corpus=tmpfs_folder / "corpus",
                databases=asked.databases,
                processes=asked.processes,
                rounds=asked.rounds,
                slices=asked.slices,
                tell=_tell,
            )
        if "web" in asked.only:
            absent += web_services.absent()
            rows += web_reads.measure(
                disk / "web", asked.web_studies, asked.web_slices, asked.rounds, _tell
            )
    report.write(_RESULTS, report.as_json(timings, delays, rows, absent))
    print(report.table(timings, delays, rows, absent))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each workload")
    parser.add_argument("--slices", type=int, default=100, help="CT slices a round, fours of them")
    parser.add_argument("--radiographs", type=int, default=10, help="15 MB each; 0 leaves out")
    parser.add_argument("--clips", type=int, default=1, help="200 MB each; 0 leaves out")
    parser.add_argument("--soak-minutes", type=int, default=0, help="0 leaves out")
    parser.add_argument("--instances", type=int, default=100, help="objects to wait for in a list")
    parser.add_argument("--studies", type=int, default=1_000_000, help="studies in the archive")
    parser.add_argument("--web-studies", type=int, default=10_000, help="studies DICOMweb is asked")
    parser.add_argument("--web-slices", type=int, default=300, help="CT slices in its series")
    parser.add_argument("--queries", type=int, default=200, help="requests of each kind of search")
    parser.add_argument(
        "--databases", nargs="+", default=["sqlite", "postgresql"], help="sqlite, postgresql"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=["store", "visible", "echo", "memory", "web"],
        help="store, visible, echo, memory, web, search, nodes",
    )
    parser.add_argument(
        "--processes",
        nargs="+",
        type=int,
        default=[1, 2],
        help="of the node; 1 must be one of them",
    )
    parser.add_argument("--media", nargs="+", default=["disk", "tmpfs"], help="disk, tmpfs")
    return parser.parse_args()


def _tmpfs(needs_bytes: int) -> Path | None:
    if _TMPFS.is_dir() and shutil.disk_usage(_TMPFS).free >= needs_bytes:
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
