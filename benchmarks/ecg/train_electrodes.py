"""Train `ecg.electrodes` on PTB-XL and LUDB: writes ecg/electrodes.json, prints held-out rates.

Usage: ``python -m benchmarks.ecg.train_electrodes DATA`` with the archives unpacked below DATA.
Records are taken for rightly placed; exchanges are made by reckoning. Sensitivity and false alarms
are those of a model trained on the other half of the records.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.ecg.wfdb_lite import read_record
from ecg import EcgSignal, electrodes, screen
from ecg.electrodes import CHEST_EXCHANGES, CHEST_SEGMENTS, LEADS, LIMB_EXCHANGES, SEGMENTS, Model
from ecg.filters import Array

SETS = ("ptbxl", "ludb")
LIMB_RIDGE, CHEST_RIDGE = 0.02, 0.05
INVERSE = {"RA>LA>LL": "RA>LL>LA", "RA>LL>LA": "RA>LA>LL"}
Segments = dict[str, Array]


def collected(data: Path) -> list[Segments]:
    """Return the segments of every record whose eight leads are good."""
    found: list[Segments] = []
    for name in SETS:
        for header in sorted((data / name).rglob("*.hea")):
            record = read_record(header.with_suffix(""))
            result = screen(EcgSignal(record.samples_uv, record.fs_hz, record.leads))
            if result.median_beat is None or not set(LEADS) <= set(result.median_leads):
                continue
            segments = electrodes.segments_of(result.median_beat, result.median_leads)
            if {"qrs", "t"} <= set(segments):
                found.append(segments)
    return found


def _ridge(inputs: Array, outputs: Array, share: float) -> Array:
    """Return coefficients, shape (n_outputs, n_inputs)."""
    penalty = share * len(inputs) * np.eye(inputs.shape[1])
    solved = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ outputs)
    return np.asarray(solved.T, dtype=np.float64)


def _logistic(features: Array, truth: Array) -> Array:
    """Return intercept and weights by Newton's method with unit ridge on the weights."""
    inputs = np.column_stack([np.ones(len(features)), features])
    penalty = np.diag([1e-6] + [1.0] * features.shape[1])
    weights = np.zeros(inputs.shape[1])
    for _ in range(30):
        chance = 1.0 / (1.0 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (chance - truth) + penalty @ weights
        hessian = (inputs.T * (chance * (1.0 - chance))) @ inputs + penalty
        weights = weights - np.linalg.solve(hessian, gradient)
    return weights


def limb_exchanged(segments: Mapping[str, Array], exchange: str) -> Segments:
    """Return the segments with the limb electrodes exchanged."""
    redo = LIMB_EXCHANGES[INVERSE.get(exchange, exchange)]
    return {
        name: np.vstack([np.stack(redo(rows[0], rows[1])), rows[2:]])
        for name, rows in segments.items()
    }


def chest_exchanged(segments: Mapping[str, Array], order: tuple[int, ...]) -> Segments:
    """Return the segments with the chest electrodes in another order (its own inverse)."""
    return {name: np.vstack([rows[:2], rows[2:][list(order)]]) for name, rows in segments.items()}


def trained(records: list[Segments]) -> Model:
    """Fit regressions and weights."""
    limb: dict[str, Array] = {}
    chest: dict[str, Array] = {}
    for name in SEGMENTS:
        rows = np.concatenate([each[name].T for each in records if name in each])
        limb[name] = _ridge(rows[:, 2:], rows[:, :2], LIMB_RIDGE)
        if name in CHEST_SEGMENTS:
            residual = np.zeros((6, 8))
            for lead in range(6):
                others = [column for column in range(8) if column != lead + 2]
                fitted = _ridge(rows[:, others], rows[:, [lead + 2]], CHEST_RIDGE)
                residual[lead, others] = -fitted[0]
                residual[lead, lead + 2] = 1.0
            chest[name] = residual
    limb_odds: Segments = {}
    for exchange, undo in LIMB_EXCHANGES.items():
        right = [electrodes.limb_gains(limb, each, undo) for each in records]
        wrong = [
            electrodes.limb_gains(limb, limb_exchanged(each, exchange), undo) for each in records
        ]
        truth = np.repeat([0.0, 1.0], len(records))
        limb_odds[exchange] = _logistic(np.array(right + wrong), truth)
    right, wrong = [], []
    for order, _ in CHEST_EXCHANGES.values():
        right += [electrodes.chest_gains(chest, each, order) for each in records]
        wrong += [
            electrodes.chest_gains(chest, chest_exchanged(each, order), order) for each in records
        ]
    weights = _logistic(np.array(right + wrong), np.repeat([0.0, 1.0], len(right)))
    return Model(limb, chest, limb_odds, weights[1:])


def rates(model: Model, records: list[Segments]) -> dict[str, tuple[int, int]]:
    """Return how often each exchange is seen where it is, and where it is not."""
    found: dict[str, tuple[int, int]] = {}
    for exchange, undo in LIMB_EXCHANGES.items():
        odds = model.limb_odds[exchange]
        seen, false = (
            sum(
                float(odds[0] + odds[1:] @ electrodes.limb_gains(model.limb, each, undo))
                >= electrodes.LIMB_LIMIT
                for each in group
            )
            for group in ([limb_exchanged(each, exchange) for each in records], records)
        )
        found[exchange] = seen, false
    for leads, (order, limit) in CHEST_EXCHANGES.items():
        seen, false = (
            sum(
                float(model.chest_odds @ electrodes.chest_gains(model.chest, each, order)) >= limit
                for each in group
            )
            for group in ([chest_exchanged(each, order) for each in records], records)
        )
        found["/".join(leads)] = seen, false
    return found


def as_json(model: Model) -> str:
    """Return the file's text."""

    def plain(table: Mapping[str, Array]) -> dict[str, object]:
        return {name: np.round(values, 4).tolist() for name, values in table.items()}

    whole = {
        "limb": plain(model.limb),
        "chest": plain(model.chest),
        "limb_odds": plain(model.limb_odds),
        "chest_odds": np.round(model.chest_odds, 4).tolist(),
    }
    return json.dumps(whole) + "\n"


def main(data: Path) -> None:
    """Train, print the held-out rates, write the file."""
    records = collected(data)
    halves = [records[0::2], records[1::2]]
    first, second = (rates(trained(halves[1 - half]), halves[half]) for half in (0, 1))
    for name, (seen, false) in first.items():
        hits, alarms = seen + second[name][0], false + second[name][1]
        print(f"{name:18s} seen {hits}/{len(records)}  false {alarms}/{len(records)}")
    target = Path(electrodes.__file__).with_name("electrodes.json")
    target.write_text(as_json(trained(records)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
