"""What was measured, as a table and as JSON."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import ours
from benchmarks.rows import Row, own_of
from benchmarks.store_rates import Timing
from benchmarks.visibility import Delays


def machine() -> dict[str, Any]:
    """Return where it was measured, as far as the figures depend on it."""
    return {
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_1min": round(os.getloadavg()[0], 2),
        "programs": {name: _version(name) for name in ("Orthanc", "dcmsend") if shutil.which(name)},
    }


def _version(program: str) -> str:
    shown = subprocess.run([program, "--version"], check=False, text=True, capture_output=True)
    return (shown.stdout or shown.stderr).partition("\n")[0]


def as_json(
    timings: Sequence[Timing],
    delays: Sequence[Delays],
    rows: Sequence[Row],
    absent: Sequence[str],
) -> dict[str, Any]:
    """Return everything, each round included."""
    return {
        "machine": machine(),
        "absent": list(absent),
        "store_rates": [
            asdict(timing)
            | {
                "megabytes_s": timing.megabytes_s,
                "instances_s": timing.instances_s,
                "cpu_ms_each": timing.cpu_ms_each,
                "ours_is_times_as_fast": timing.speed_of(_own(timings, timing)),
            }
            for timing in timings
        ],
        "visibility": [
            asdict(each) | {"p50_ms": each.p50_ms, "p95_ms": each.p95_ms} for each in delays
        ],
        "rows": [
            asdict(each)
            | {"median": each.median, "times_ours": each.times_ours(own_of(rows, each))}
            for each in rows
        ],
    }


def _own(timings: Sequence[Timing], beside: Timing) -> Timing:
    place = (beside.medium, beside.workload)
    return next(
        each for each in timings if each.peer == ours.NAME and (each.medium, each.workload) == place
    )


def table(
    timings: Sequence[Timing],
    delays: Sequence[Delays],
    rows: Sequence[Row],
    absent: Sequence[str],
) -> str:
    """Return everything a reader wants to see, as Markdown."""
    lines = []
    if timings:
        lines += [
            "| on | sender | receiver | MB/s | objects/s | CPU ms each | ours is … times as fast |",
            "|---|---|---|---|---|---|---|",
        ]
    for timing in timings:
        ratio = f"{timing.speed_of(_own(timings, timing)):.2f}"
        lines.append(
            f"| {timing.medium} | {timing.workload} | {timing.peer} | {timing.megabytes_s:.3g} "
            f"| {timing.instances_s:.3g} | {timing.cpu_ms_each:.2f} "
            f"| {'' if timing.peer == ours.NAME else ratio} |"
        )
    if delays:
        lines += ["", "| from … to | p50 ms | p95 ms | n |", "|---|---|---|---|"]
    lines += (
        f"| {each.what} | {each.p50_ms:.1f} | {each.p95_ms:.1f} | {len(each.milliseconds)} |"
        for each in delays
    )
    if rows:
        lines += ["", "| what | program | median | times ours |", "|---|---|---|---|"]
    quantities = list(dict.fromkeys(row.what for row in rows))
    for row in sorted(rows, key=lambda row: quantities.index(row.what)):
        own = own_of(rows, row)
        times = None if row is own else row.times_ours(own)
        lines.append(
            f"| {row.what} | {row.peer} | {row.median:.3g} {row.unit} "
            f"| {'' if times is None else f'{times:.2f}'} |"
        )
    if absent:
        lines += ["", f"Not on this machine: {', '.join(absent)}"]
    return "\n".join(lines).strip()


def write(path: Path, results: dict[str, Any]) -> None:
    """Write the results."""
    path.write_text(json.dumps(results, indent=2) + "\n")
