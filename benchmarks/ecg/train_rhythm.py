"""Train the small parts of `ecg.rhythm` and write them to ecg/models.

Usage: ``python -m benchmarks.ecg.train_rhythm DATA [--check]`` with the archives unpacked below
DATA. Beats: MIT-BIH Arrhythmia (DS1 without paced records), whole records in windows of two minutes
and the same cut into strips of ten seconds; ventricular against all others. Fibrillation: MIT-BIH
and CPSC-2021 strips, PTB-XL, LUDB and CinC recordings of ten seconds. ``--check`` prints a
cross-validation by patient instead of writing; ``-v`` adds each record's ventricular beats.
"""

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ecg.fitting import fit_logistic, fit_trees
from benchmarks.ecg.wfdb_lite import Annotations, read_annotations, read_record
from ecg import EcgSignal
from ecg.beats import detect_beats
from ecg.delineate import delineate
from ecg.filters import Array, fill_gaps
from ecg.rhythm.features import BEAT_FEATURES, FALLING, RISING, beat_features
from ecg.rhythm.irregular import FIBRILLATION_FEATURES, fibrillation_features
from ecg.rhythm.labels import conducted_by_shape
from ecg.rhythm.view import look

MODELS = Path(__file__).resolve().parents[2] / "ecg" / "models"
PACED = {"102", "104"}
WINDOW_S, STRIP_S = 120.0, 10.0
GROUPS = {1: "N", 2: "N", 3: "N", 11: "N", 34: "N", 4: "S", 7: "S", 8: "S", 9: "S"}
GROUPS |= {5: "V", 10: "V", 6: "F", 12: "P", 38: "P", 13: "Q"}
FOLDS = 6
AF_DX, FLUTTER_DX = "164889003", "164890007"
AF_SHIFT = 1.5
V_SHIFT = -0.5


@dataclass(frozen=True)
class Piece:
    """One stretch: features of its beats, their groups, its rhythm's features and name."""

    record: str
    beats: Array
    groups: NDArray[np.str_]
    fibrillation: Array | None
    rhythms: frozenset[str]


def _rhythms(notes: Annotations, start: int, stop: int) -> frozenset[str]:
    said, now = set(), "(N"
    for at, aux in zip(notes.sample, notes.aux, strict=True):
        if aux.startswith("("):
            if at < stop and at > start:
                said.add(now)
            if at <= start or at < stop:
                now = aux
    return frozenset(said | {now})


def beat_groups(
    found: NDArray[np.int64], notes: Annotations, tolerance: float
) -> tuple[NDArray[np.str_], dict[str, int]]:
    """Return each found beat's group, "-" where none is annotated, and the groups of the missed."""
    kept = np.isin(notes.code, list(GROUPS))
    at, code = notes.sample[kept], notes.code[kept]
    groups = np.full(found.size, "-", dtype="U1")
    if at.size == 0:
        return groups, {}
    right = np.clip(np.searchsorted(at, found), 1, max(1, at.size - 1))
    right = np.minimum(right, at.size - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(found - at[left] < at[right] - found, left, right)
    hit = np.zeros(at.size, dtype=bool)
    for index, place in enumerate(nearest):
        if abs(int(at[place]) - int(found[index])) <= tolerance and not hit[place]:
            groups[index] = GROUPS[int(code[place])]
            hit[place] = True
    missed: dict[str, int] = {}
    for each in code[~hit]:
        missed[GROUPS[int(each)]] = missed.get(GROUPS[int(each)], 0) + 1
    return groups, missed


def described(record: EcgSignal, start: int, stop: int) -> tuple[NDArray[np.int64], Array, Array]:
    """Return beats, their shapes and RR in milliseconds of one stretch; empty where it has none."""
    samples = fill_gaps(record.samples_uv[:, start:stop])
    beats = detect_beats(samples, record.fs_hz)
    if beats.size < 3:
        return beats[:0], np.empty((0, 0)), np.empty(0)
    found = delineate(samples, beats, record.fs_hz)
    shapes = look(samples, found, record.fs_hz)
    rr_ms = np.diff(found.triggers) / record.fs_hz * 1000.0
    return found.triggers + start, shapes, rr_ms


def _pieces(stem: Path, seconds: float) -> list[Piece]:
    record, notes = read_record(stem), read_annotations(stem.with_suffix(".atr"))
    length = round(seconds * record.fs_hz)
    done: list[Piece] = []
    for start in range(0, record.samples_uv.shape[1] - length // 2, length):
        at, shapes, rr_ms = described(record, start, start + length)
        if at.size:
            conducted = conducted_by_shape(shapes)
            done.append(
                Piece(
                    stem.name,
                    beat_features(shapes, rr_ms),
                    beat_groups(at, notes, 0.15 * record.fs_hz)[0],
                    fibrillation_features(shapes, rr_ms, conducted),
                    _rhythms(notes, start, start + length),
                )
            )
    return done


def _beat_set(data: Path) -> tuple[Array, NDArray[np.str_], NDArray[np.str_], NDArray[np.bool_]]:
    """Return features, group, record of every beat, and whether it is of a strip."""
    pieces = [
        (seconds, piece)
        for header in sorted((data / "mitdb").glob("*.hea"))
        if header.stem not in PACED
        for seconds in (WINDOW_S, STRIP_S)
        for piece in _pieces(header.with_suffix(""), seconds)
        if "(VFL" not in piece.rhythms
    ]
    rows = np.vstack([piece.beats for _, piece in pieces])
    groups = np.concatenate([piece.groups for _, piece in pieces])
    records = np.concatenate([np.full(len(each.beats), each.record) for _, each in pieces])
    strip = np.concatenate([np.full(len(each.beats), s == STRIP_S) for s, each in pieces])
    return rows, groups, records, strip


def _beat_weights(truth: NDArray[np.bool_], records: NDArray[np.str_]) -> Array:
    """Weigh beats so that no patient rules: each patient's class counts as the root of its size."""
    weights = np.ones(truth.size)
    for record in np.unique(records):
        for kind in (True, False):
            chosen = (records == record) & (truth == kind)
            if chosen.any():
                weights[chosen] = (float(chosen.sum()) / 200.0) ** -0.5
    return weights


def _twelve(data: Path) -> list[tuple[str, Array, bool, float]]:
    """Return name, features, truth and weight of the ten-second recordings."""
    with (data / "ptbxl" / "ptbxl_database.csv").open(newline="") as file:
        table = {Path(row["filename_hr"]).name: row for row in csv.DictReader(file)}
    done: list[tuple[str, Array, bool, float]] = []
    folders = [data / "ptbxl", data / "ludb" / "data", *sorted(data.glob("cinc*"))]
    for header in [each for folder in folders for each in sorted(folder.rglob("*.hea"))]:
        record = read_record(header.with_suffix(""))
        if header.stem in table:
            row = table[header.stem]
            said = f"{row['scp_codes']} {row['report']}".lower()
        else:
            said = header.read_text(encoding="utf-8").lower()
        truth = any(word in said for word in ("afib", "flimmer", "fibrillation", AF_DX))
        flutter = any(word in said for word in ("aflt", "flutter", FLUTTER_DX))
        at, shapes, rr_ms = described(record, 0, record.samples_uv.shape[1])
        if at.size and not (flutter and not truth):
            features = fibrillation_features(shapes, rr_ms, conducted_by_shape(shapes))
            if features is not None:
                done.append((header.stem, features, truth, 1.0))
    return done


def _strips(data: Path) -> list[tuple[str, Array, bool, float]]:
    done: list[tuple[str, Array, bool, float]] = []
    for header in [*sorted((data / "mitdb").glob("*.hea")), *sorted(data.glob("cpsc2021/*.hea"))]:
        kept: list[tuple[str, Array, bool]] = []
        for piece in _pieces(header.with_suffix(""), STRIP_S):
            if piece.fibrillation is None or piece.rhythms & {"(AFL", "(P", "(VFL"}:
                continue
            fibrillating = "(AFIB" in piece.rhythms
            if fibrillating and len(piece.rhythms) > 1:
                continue
            patient = header.stem.rsplit("_", 1)[0]
            kept.append((patient, piece.fibrillation, fibrillating))
        done += [(*each, 2.0 * len(kept) ** -0.7) for each in kept]
    return done


def _check(name: str, odds: Array, truth: NDArray[np.bool_]) -> None:
    said = odds > 0.0
    tp, fp = int((said & truth).sum()), int((said & ~truth).sum())
    fn, tn = int((~said & truth).sum()), int((~said & ~truth).sum())
    print(
        f"{name:28s} TP {tp} FP {fp} FN {fn} TN {tn}  Se {tp / max(tp + fn, 1):.4f} "
        f"Sp {tn / (tn + fp):.4f}  F1 {2 * tp / max(2 * tp + fp + fn, 1):.4f}"
    )


def _folds(names: NDArray[np.str_]) -> NDArray[np.int64]:
    distinct = np.unique(names)
    return np.searchsorted(distinct, names) % FOLDS


def train_beats(data: Path, *, check: bool) -> None:
    """Fit, or cross-validate, ventricular against all other beats."""
    rows, groups, records, strip = _beat_set(data)
    sign = np.array([(name in RISING) - (name in FALLING) for name in BEAT_FEATURES])
    kept = ~np.isin(groups, ["Q", "F"])
    truth = groups == "V"
    if check:
        fold, odds = _folds(records), np.zeros(len(rows))
        for number in range(FOLDS):
            inside = kept & (fold != number)
            weights = _beat_weights(truth[inside], records[inside])
            model = fit_trees(rows[inside], truth[inside], weights, sign)
            odds[fold == number] = model.log_odds(rows[fold == number]) + V_SHIFT
        for name, chosen in (("2 min", kept & ~strip), ("10 s", kept & strip), ("both", kept)):
            _check(f"ventricular beats, {name}", odds[chosen], truth[chosen])
        whole = kept & ~strip
        for record in np.unique(records) if "-v" in sys.argv else ():
            _check(
                f"  {record}", odds[whole & (records == record)], truth[whole & (records == record)]
            )
        return
    weights = _beat_weights(truth[kept], records[kept])
    model = fit_trees(rows[kept], truth[kept], weights, sign)
    parts = {
        "features": BEAT_FEATURES,
        "start": round(model.start + V_SHIFT, 4),
        "feature": model.feature.tolist(),
        "limit": [[min(float(f"{x:.4g}"), 1e30) for x in row] for row in model.limit],
        "leaf": [[round(x, 4) for x in row] for row in model.leaf.tolist()],
    }
    _write("ventricular", parts)


def train_fibrillation(data: Path, *, check: bool) -> None:
    """Fit, or cross-validate, fibrillation against all other rhythms."""
    cases = _twelve(data) + _strips(data)
    names = np.array([each[0] for each in cases])
    rows = np.array([each[1] for each in cases])
    truth = np.array([each[2] for each in cases])
    weight = np.array([each[3] for each in cases])
    if check:
        fold, odds = _folds(names), np.zeros(len(rows))
        for number in range(FOLDS):
            inside = fold != number
            model = fit_logistic(rows[inside], truth[inside], weight[inside], 1.0)
            odds[~inside] = model.log_odds(rows[~inside]) + AF_SHIFT
        _check("fibrillation, 10 s of 12", odds[weight == 1.0], truth[weight == 1.0])
        _check("fibrillation, 10 s of 2", odds[weight != 1.0], truth[weight != 1.0])
        return
    model = fit_logistic(rows, truth, weight, 1.0)
    parts = {
        "features": FIBRILLATION_FEATURES,
        "mean": [round(x, 5) for x in model.mean.tolist()],
        "scale": [round(x, 5) for x in model.scale.tolist()],
        "weight": [round(x, 5) for x in model.weight.tolist()],
        "bias": round(model.bias + AF_SHIFT, 5),
    }
    _write("fibrillation", parts)


def _write(name: str, parts: dict[str, object]) -> None:
    path = MODELS / f"{name}.json"
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in parts.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    for train in (train_fibrillation, train_beats):
        train(Path(sys.argv[1]), check="--check" in sys.argv)
