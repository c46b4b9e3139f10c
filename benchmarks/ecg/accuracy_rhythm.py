"""Rhythm on the development data: ventricular beats, fibrillation, flutter, pacing.

Usage: ``python -m benchmarks.ecg.accuracy_rhythm DATA`` with the archives unpacked below DATA.

The trained parts have seen these records: their honest figures are the cross-validation of
``python -m benchmarks.ecg.train_rhythm DATA --check``. Here the whole screening is counted.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ecg.train_rhythm import AF_DX, FLUTTER_DX, PACED, beat_groups
from benchmarks.ecg.wfdb_lite import VF_OFF, VF_ON, read_annotations, read_record
from ecg import screen
from ecg.findings import FindingCode as Code

KINDS = "NSVFPQ-"
ROWS: dict[str, tuple[tuple[str, ...], Code]] = {
    "atrial fibrillation": (
        ("afib", "flimmer", "fibrillation", AF_DX),
        Code.SUSPECTED_ATRIAL_FIBRILLATION,
    ),
    "atrial flutter": (("aflt", "flutter", FLUTTER_DX), Code.SUSPECTED_ATRIAL_FLUTTER),
    "paced": (("'pace'", "pacing", "10370003"), Code.PACED_RHYTHM),
}


def _outside(
    samples: NDArray[np.int64], on: NDArray[np.int64], off: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which samples lie outside annotated ventricular flutter."""
    keep = np.ones(samples.size, dtype=bool)
    for start, stop in zip(on, off, strict=False):
        keep &= (samples < start) | (samples > stop)
    return keep


def labelled(stem: Path) -> Counter[tuple[str, str]]:
    """Return how often each annotated group ("-" none) bears each label ("-" missed)."""
    record, notes = read_record(stem), read_annotations(stem.with_suffix(".atr"))
    beats = screen(record).beats
    at = np.array([beat.sample for beat in beats], dtype=np.int64)
    keep = _outside(at, notes.sample[notes.code == VF_ON], notes.sample[notes.code == VF_OFF])
    truth, missed = beat_groups(at, notes, 0.15 * record.fs_hz)
    table = Counter(
        (str(group), beat.label.value)
        for group, beat, each in zip(truth, beats, keep, strict=True)
        if each
    )
    table.update({(group, "-"): count for group, count in missed.items()})
    return table


def beats_table(data: Path) -> Counter[tuple[str, str]]:
    """Add up all records of MIT-BIH without pacing."""
    total: Counter[tuple[str, str]] = Counter()
    for header in sorted((data / "mitdb").glob("*.hea")):
        if header.stem not in PACED:
            total += labelled(header.with_suffix(""))
    return total


def ventricular(table: Counter[tuple[str, str]]) -> tuple[int, int, int]:
    """Return true positives, false positives and misses; fusion counts for neither (EC57)."""
    tp = table["V", "V"] + table["V", "F"]
    fp = sum(
        count for (group, label), count in table.items() if label == "V" and group not in "VFQ"
    )
    fn = sum(count for (group, label), count in table.items() if group == "V" and label not in "VF")
    return tp, fp, fn


def strips(data: Path) -> dict[str, list[tuple[str, bool, bool]]]:
    """Return, for each row, name, truth and what was said of every recording of ten seconds."""
    with (data / "ptbxl" / "ptbxl_database.csv").open(newline="") as file:
        table = {Path(row["filename_hr"]).name: row for row in csv.DictReader(file)}
    done: dict[str, list[tuple[str, bool, bool]]] = {name: [] for name in ROWS}
    folders = [data / "ptbxl", data / "ludb" / "data", *sorted(data.glob("cinc*"))]
    for header in [each for folder in folders for each in sorted(folder.rglob("*.hea"))]:
        row = table.get(header.stem)
        said = f"{row['scp_codes']} {row['report']}" if row else header.read_text(encoding="utf-8")
        codes = {each.code for each in screen(read_record(header.with_suffix(""))).findings}
        for name, (words, code) in ROWS.items():
            truth = any(word in said.lower() for word in words)
            done[name].append((header.stem, truth, code in codes))
    return done


def main(data: Path) -> None:
    """Print both tables."""
    for name, cases in strips(data).items():
        tp = sum(truth and said for _, truth, said in cases)
        fp = sum(said and not truth for _, truth, said in cases)
        positives = sum(truth for _, truth, _ in cases)
        negatives = len(cases) - positives
        print(
            f"{name:20s} n {positives:3d}  Se {tp / positives:.3f}  "
            f"Sp {1 - fp / negatives:.4f}  FP {fp}"
        )
        if "-v" in sys.argv:
            print("  missed", [stem for stem, truth, said in cases if truth and not said])
            print("  false", [stem for stem, truth, said in cases if said and not truth])
    table = beats_table(data)
    print("annotated / label " + "".join(f"{label:>8s}" for label in KINDS))
    for group in KINDS:
        print(f"{group:18s}" + "".join(f"{table[group, label]:8d}" for label in KINDS))
    tp, fp, fn = ventricular(table)
    print(f"ventricular TP {tp} FP {fp} FN {fn}  F1 {2 * tp / (2 * tp + fp + fn):.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
