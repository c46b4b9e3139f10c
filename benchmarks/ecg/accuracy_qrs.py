"""QRS accuracy on the development data: MIT-BIH one lead and fused, CPSC-2019, LUDB fused.

Usage: ``python -m benchmarks.ecg.accuracy_qrs DATA`` with the archives unpacked below DATA.
"""

import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from benchmarks.ecg.wfdb_lite import VF_OFF, VF_ON, read_annotations, read_record
from ecg.beats import detect_beats

Samples = NDArray[np.int64]


def score(found: Samples, truth: Samples, tolerance: float) -> tuple[int, int, int]:
    """Return true positives, false positives, false negatives by one-to-one matching in order."""
    hits = i = j = 0
    while i < len(found) and j < len(truth):
        apart = found[i] - truth[j]
        if abs(apart) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif apart < 0:
            i += 1
        else:
            j += 1
    return hits, len(found) - hits, len(truth) - hits


def without_flutter(samples: Samples, on: Samples, off: Samples) -> Samples:
    """Drop samples within annotated ventricular flutter (record 207)."""
    keep = np.ones(len(samples), dtype=bool)
    for start, stop in zip(on, off, strict=False):
        keep &= (samples < start) | (samples > stop)
    return samples[keep]


def line(name: str, tp: int, fp: int, fn: int) -> str:
    """Format one row."""
    f1 = 2 * tp / (2 * tp + fp + fn)
    return f"{name:24s} TP {tp:6d}  FP {fp:5d}  FN {fn:5d}  F1 {100 * f1:.3f}"


def mitdb(data: Path, verbose: bool) -> None:
    """Score MIT-BIH within 150 ms."""
    total = {"one lead": np.zeros(3, int), "fused": np.zeros(3, int)}
    seconds, cpu = 0.0, {"one lead": 0.0, "fused": 0.0}
    for header in sorted((data / "mitdb").glob("*.hea")):
        record = read_record(header.with_suffix(""))
        notes = read_annotations(header.with_suffix(".atr"))
        on, off = notes.sample[notes.code == VF_ON], notes.sample[notes.code == VF_OFF]
        truth = without_flutter(notes.beats(), on, off)
        seconds += record.samples_uv.shape[1] / record.fs_hz
        shown = ""
        for name, rows in (("one lead", record.samples_uv[:1]), ("fused", record.samples_uv)):
            begun = time.process_time()
            found = detect_beats(rows, record.fs_hz)
            cpu[name] += time.process_time() - begun
            result = score(without_flutter(found, on, off), truth, 0.15 * record.fs_hz)
            total[name] += result
            shown += f"  {name}: FP {result[1]:3d} FN {result[2]:3d}"
        if verbose:
            print(header.stem, shown)
    for name, (tp, fp, fn) in total.items():
        print(line(f"MIT-BIH {name}", tp, fp, fn), f" {seconds / cpu[name]:.0f}x real time")


def cpsc2019(data: Path) -> None:
    """Score CPSC-2019 within 75 ms, first and last half second left out as its rules do."""
    total = np.zeros(3, int)
    for path in sorted((data / "cpsc2019" / "data").glob("*.mat")):
        ecg = loadmat(path)["ecg"].ravel() * 1000.0
        truth = loadmat(data / "cpsc2019" / "ref" / path.name.replace("data_", "R_"))[
            "R_peak"
        ].ravel()
        found = detect_beats(ecg[np.newaxis], 500.0)
        inner = [s[(s >= 250) & (s <= len(ecg) - 250)] for s in (found, truth)]
        total += score(inner[0], inner[1], 37.5)
    print(line("CPSC-2019", *total))


def ludb(data: Path) -> None:
    """Score LUDB, twelve leads fused, within 150 ms, between the first and last annotated beat."""
    total = np.zeros(3, int)
    for header in sorted((data / "ludb" / "data").glob("*.hea")):
        record = read_record(header.with_suffix(""))
        notes = read_annotations(header.with_suffix(".ii"))
        truth = notes.sample[notes.code == 1]
        found = detect_beats(record.samples_uv, record.fs_hz)
        low, high = truth[0] - 100, truth[-1] + 100
        total += score(found[(found > low) & (found < high)], truth, 75.0)
    print(line("LUDB fused", *total))


if __name__ == "__main__":
    root = Path(sys.argv[1])
    mitdb(root, "-v" in sys.argv)
    cpsc2019(root)
    ludb(root)
