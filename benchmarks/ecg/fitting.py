"""Deterministic fits in NumPy: boosted trees of equal depth, and logistic regression."""

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array
from ecg.rhythm.model import Logistic, Trees

BINS = 48
RIDGE = 3.0


def _binned(rows: Array) -> tuple[NDArray[np.int64], list[Array]]:
    edges = [np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1])) for column in rows.T]
    codes = np.stack(
        [np.searchsorted(edge, column) for edge, column in zip(edges, rows.T, strict=True)], axis=1
    )
    return codes.astype(np.int64), edges


def _best(
    codes: NDArray[np.int64], gradient: Array, hessian: Array, least: float
) -> tuple[int, int]:
    """Return the feature and bin whose cut gains most; (-1, 0) where none may be made."""
    top, best = 1e-6, (-1, 0)
    whole = gradient.sum() ** 2 / (hessian.sum() + RIDGE)
    for feature in range(codes.shape[1]):
        g = np.cumsum(np.bincount(codes[:, feature], gradient, BINS))[:-1]
        h = np.cumsum(np.bincount(codes[:, feature], hessian, BINS))[:-1]
        other_g, other_h = gradient.sum() - g, hessian.sum() - h
        gain = g * g / (h + RIDGE) + other_g * other_g / (other_h + RIDGE) - whole
        gain[(h < least) | (other_h < least)] = 0.0
        at = int(np.argmax(gain))
        if gain[at] > top:
            top, best = float(gain[at]), (feature, at)
    return best


def fit_trees(
    rows: Array,
    truth: NDArray[np.bool_],
    weight: Array,
    *,
    trees: int = 120,
    depth: int = 3,
    rate: float = 0.12,
    least: float = 8.0,
) -> Trees:
    """Fit boosted trees on logistic loss (Friedman, Ann Stat 29:1189, 2001; Newton leaves)."""
    codes, edges = _binned(rows)
    share = float(np.average(truth, weights=weight))
    start = float(np.log(share / (1.0 - share)))
    odds = np.full(len(rows), start)
    inner, leaves = 2**depth - 1, 2**depth
    features = np.zeros((trees, inner), dtype=np.int64)
    limits = np.full((trees, inner), np.inf)
    values = np.zeros((trees, leaves))
    for number in range(trees):
        chance = 1.0 / (1.0 + np.exp(-odds))
        gradient, hessian = weight * (truth - chance), weight * chance * (1.0 - chance)
        node = np.zeros(len(rows), dtype=np.int64)
        for at in range(inner):
            here = np.flatnonzero(node == at)
            feature, cut = _best(codes[here], gradient[here], hessian[here], least)
            right = np.zeros(here.size, dtype=bool)
            if feature >= 0:
                features[number, at], limits[number, at] = feature, edges[feature][cut]
                right = codes[here, feature] > cut
            node[here] = 2 * at + 1 + right
        leaf = node - inner
        up = np.bincount(leaf, gradient, leaves)
        down = np.bincount(leaf, hessian, leaves)
        values[number] = rate * up / (down + RIDGE)
        odds += values[number][leaf]
    return Trees(features, limits, values, start)


def fit_logistic(rows: Array, truth: NDArray[np.bool_], weight: Array, ridge: float) -> Logistic:
    """Fit by Newton steps with an L2 penalty on the standardised weights."""
    mean, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    full = np.hstack([(rows - mean) / scale, np.ones((len(rows), 1))])
    beta = np.zeros(full.shape[1])
    penalty = np.diag(np.append(np.full(rows.shape[1], ridge), 1e-9))
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(full @ beta, -40.0, 40.0)))
        gradient = full.T @ (weight * (truth - chance)) - penalty @ beta
        curve = (full * (weight * chance * (1.0 - chance))[:, np.newaxis]).T @ full + penalty
        step = np.linalg.solve(curve, gradient)
        beta += step
        if float(np.abs(step).max()) < 1e-9:
            break
    return Logistic(mean, scale, beta[:-1], float(beta[-1]))
