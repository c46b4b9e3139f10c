"""Small trained parts, kept as JSON in `ecg/models`: boosted trees and logistic regression."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Trees:
    """Boosted regression trees of equal depth on the log-odds of one class.

    Attributes
    ----------
    feature, limit
        Of each inner node, shape (n_trees, 2**depth - 1), by level: a beat whose feature exceeds
        the limit goes right.
    leaf
        Log-odds of each leaf, shape (n_trees, 2**depth).
    start
        Log-odds before the first tree.
    """

    feature: NDArray[np.int64]
    limit: Array
    leaf: Array
    start: float

    def log_odds(self, rows: Array) -> Array:
        """Return the log-odds of each row, shape (n_rows,)."""
        # A day has 100,000 beats, and each stands in a node of every tree.
        parts = [
            self._log_odds(rows[at : at + ROWS_AT_ONCE])
            for at in range(0, max(1, len(rows)), ROWS_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _log_odds(self, rows: Array) -> Array:
        trees, depth = len(self.feature), int(np.log2(self.leaf.shape[1]))
        each = np.arange(trees)
        node = np.zeros((len(rows), trees), dtype=np.int64)
        row = np.arange(len(rows))[:, np.newaxis]
        for _ in range(depth):
            right = rows[row, self.feature[each, node]] > self.limit[each, node]
            node = 2 * node + 1 + right
        total: Array = self.leaf[each, node - (2**depth - 1)].sum(axis=1) + self.start
        return total


@dataclass(frozen=True)
class Logistic:
    """Logistic regression on standardised features."""

    mean: Array
    scale: Array
    weight: Array
    bias: float

    def log_odds(self, rows: Array) -> Array:
        """Return the log-odds of each row, shape (n_rows,)."""
        odds: Array = ((rows - self.mean) / self.scale) @ self.weight + self.bias
        return odds


def _load(name: str) -> dict[str, object]:
    text = files("ecg.models").joinpath(f"{name}.json").read_text(encoding="utf-8")
    loaded: dict[str, object] = json.loads(text)
    return loaded


@cache
def trees(name: str) -> Trees:
    """Load ``ecg/models/NAME.json``."""
    parts = _load(name)
    return Trees(
        np.array(parts["feature"], dtype=np.int64),
        np.array(parts["limit"], dtype=np.float64),
        np.array(parts["leaf"], dtype=np.float64),
        float(str(parts["start"])),
    )


@cache
def logistic(name: str) -> Logistic:
    """Load ``ecg/models/NAME.json``."""
    parts = _load(name)
    return Logistic(
        np.array(parts["mean"], dtype=np.float64),
        np.array(parts["scale"], dtype=np.float64),
        np.array(parts["weight"], dtype=np.float64),
        float(str(parts["bias"])),
    )
