"""Delineation against LUDB: bias and SD of each boundary, lead II alone and twelve leads.

Usage: ``python -m benchmarks.ecg.accuracy_waves DATA`` with the archives unpacked below DATA.
"""

import sys
from dataclasses import dataclass, field
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


@dataclass
class Agreement:
    """One boundary's errors in milliseconds within tolerance, and its counts."""

    errors_ms: list[float] = field(default_factory=list)
    false: int = 0
    missed: int = 0

    @property
    def f1(self) -> float:
        """Twice the hits over all found and all annotated."""
        hits = len(self.errors_ms)
        return 2 * hits / (2 * hits + self.false + self.missed)


def agreement(data: Path, only_lead_ii: bool) -> dict[str, Agreement]:
    """Compare every boundary with the annotations of lead II."""
    compared = {name: Agreement() for name in TOLERANCE_MS}
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
            tolerance = tolerance_ms / 1000.0 * record.fs_hz
            first, last = low, high
            if truth[name].size:
                # Annotations begin and end within a beat: what lies outside cannot be judged.
                first, last = truth[name].min() - tolerance, truth[name].max() + tolerance
            here = np.array(
                [x for x in found if x is not None and first <= x <= last], dtype=np.int64
            )
            hits = 0
            for sample in truth[name]:
                if here.size == 0:
                    break
                apart = here - sample
                nearest = apart[np.argmin(np.abs(apart))]
                if abs(nearest) <= tolerance:
                    hits += 1
                    compared[name].errors_ms.append(float(nearest) / record.fs_hz * 1000.0)
            compared[name].false += max(0, len(here) - hits)
            compared[name].missed += len(truth[name]) - hits
    return compared


def main(data: Path, only_lead_ii: bool) -> None:
    """Print bias, SD, sensitivity and precision of each boundary."""
    compared = agreement(data, only_lead_ii)
    for name, each in compared.items():
        hits = len(each.errors_ms)
        print(
            f"{name:8s} n {hits:5d}  bias {np.mean(each.errors_ms):+6.1f}"
            f"  SD {np.std(each.errors_ms):5.1f}  Se {hits / (hits + each.missed):.3f}"
            f"  PPV {hits / (hits + each.false):.3f}  F1 {each.f1:.3f}"
        )
    print(f"macro F1 {np.mean([each.f1 for each in compared.values()]):.3f}")


if __name__ == "__main__":
    for alone in (True, False):
        print("lead II alone" if alone else "twelve leads, against the annotations of lead II")
        main(Path(sys.argv[1]), alone)
