"""Delineation against LUDB: bias and SD of each boundary, lead II alone and twelve leads.

Usage: ``python -m benchmarks.ecg.accuracy_waves DATA`` with the archives unpacked below DATA.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ecg.wfdb_lite import read_annotations, read_record
from ecg import EcgSignal, screen

WAVES = {24: "p", 1: "qrs", 27: "t"}
TOLERANCE_MS = {"p_on": 50, "p_off": 50, "qrs_on": 40, "qrs_off": 40, "t_on": 50, "t_off": 100}


def truth_of(path: Path) -> dict[str, NDArray[np.int64]]:
    """Return annotated boundaries of one lead by name."""
    notes = read_annotations(path)
    found: dict[str, list[int]] = {name: [] for name in TOLERANCE_MS}
    for index, code in enumerate(notes.code):
        if int(code) not in WAVES:
            continue
        wave = WAVES[int(code)]
        if index and notes.code[index - 1] == 39:
            found[f"{wave}_on"].append(int(notes.sample[index - 1]))
        if index + 1 < len(notes.code) and notes.code[index + 1] == 40:
            found[f"{wave}_off"].append(int(notes.sample[index + 1]))
    return {name: np.array(values, dtype=np.int64) for name, values in found.items()}


def main(data: Path, only_lead_ii: bool) -> None:
    """Print bias, SD, sensitivity and precision of each boundary."""
    errors: dict[str, list[float]] = {name: [] for name in TOLERANCE_MS}
    counts = {name: np.zeros(3, int) for name in TOLERANCE_MS}
    for header in sorted((data / "ludb" / "data").glob("*.hea")):
        record = read_record(header.with_suffix(""))
        truth = truth_of(header.with_suffix(".ii"))
        rows = [1] if only_lead_ii else list(range(12))
        signal = EcgSignal(
            samples_uv=record.samples_uv[rows],
            fs_hz=record.fs_hz,
            leads=[record.leads[row] for row in rows],
        )
        result = screen(signal)
        annotated = np.concatenate(list(truth.values()))
        low, high = annotated.min() - 25, annotated.max() + 25
        for name, tolerance_ms in TOLERANCE_MS.items():
            found = [getattr(beat, name) for beat in result.beats]
            here = np.array(
                [x for x in found if x is not None and low <= x <= high], dtype=np.int64
            )
            tolerance = tolerance_ms / 1000.0 * record.fs_hz
            hits = 0
            for sample in truth[name]:
                if here.size == 0:
                    break
                apart = here - sample
                nearest = apart[np.argmin(np.abs(apart))]
                if abs(nearest) <= tolerance:
                    hits += 1
                    errors[name].append(float(nearest) / record.fs_hz * 1000.0)
            counts[name] += (hits, max(0, len(here) - hits), len(truth[name]) - hits)
    scores = []
    for name, values in errors.items():
        tp, fp, fn = counts[name]
        scores.append(2 * tp / (2 * tp + fp + fn))
        print(
            f"{name:8s} n {len(values):5d}  bias {np.mean(values):+6.1f}  SD {np.std(values):5.1f}"
            f"  Se {tp / (tp + fn):.3f}  PPV {tp / (tp + fp):.3f}  F1 {scores[-1]:.3f}"
        )
    print(f"macro F1 {np.mean(scores):.3f}")


if __name__ == "__main__":
    for alone in (True, False):
        print("lead II alone" if alone else "twelve leads, against the annotations of lead II")
        main(Path(sys.argv[1]), alone)
