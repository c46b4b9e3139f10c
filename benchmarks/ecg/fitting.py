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
    codes: NDArray[np.int64],
    gradient: Array,
    hessian: Array,
    least: float,
    sign: NDArray[np.int64],
    bounds: Array,
) -> tuple[int, int, float]:
    """Return the feature and bin whose cut gains most, and the value amid its halves.

    (-1, 0, 0.0) where none may be made. ``sign`` is 1 for a feature whose upper half may not be
    below the lower, -1 the other way, 0 for either; halves are held within ``bounds``.
    """
    top, best = 1e-6, (-1, 0, 0.0)
    whole = gradient.sum() ** 2 / (hessian.sum() + RIDGE)
    for feature in range(codes.shape[1]):
        g = np.cumsum(np.bincount(codes[:, feature], gradient, BINS))[:-1]
        h = np.cumsum(np.bincount(codes[:, feature], hessian, BINS))[:-1]
        other_g, other_h = gradient.sum() - g, hessian.sum() - h
        gain = g * g / (h + RIDGE) + other_g * other_g / (other_h + RIDGE) - whole
        lower = np.clip(g / (h + RIDGE), *bounds)
        upper = np.clip(other_g / (other_h + RIDGE), *bounds)
        gain[(h < least) | (other_h < least) | (sign[feature] * (upper - lower) < 0.0)] = 0.0
        at = int(np.argmax(gain))
        if gain[at] > top:
            top, best = float(gain[at]), (feature, at, float(lower[at] + upper[at]) / 2.0)
    return best


def fit_trees(
    rows: Array,
    truth: NDArray[np.bool_],
    weight: Array,
    sign: NDArray[np.int64],
    *,
    trees: int = 80,
    depth: int = 3,
    rate: float = 0.12,
    least: float = 8.0,
) -> Trees:
    """Fit boosted trees on logistic loss (Friedman, Ann Stat 29:1189, 2001; Newton leaves).

    Where ``sign`` of a feature is 1 or -1, the log-odds never fall or never rise with it: each
    half of such a cut is bounded by the value amid both, as in LightGBM and XGBoost.
    """
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
        bounds = np.tile([-np.inf, np.inf], (inner + leaves, 1))
        for at in range(inner):
            here = np.flatnonzero(node == at)
            feature, cut, amid = _best(
                codes[here], gradient[here], hessian[here], least, sign, bounds[at]
            )
            right = np.zeros(here.size, dtype=bool)
            below, above = 2 * at + 1, 2 * at + 2
            bounds[[below, above]] = bounds[at]
            if feature >= 0:
                features[number, at], limits[number, at] = feature, edges[feature][cut]
                right = codes[here, feature] > cut
                if sign[feature]:
                    low, high = (below, above) if sign[feature] > 0 else (above, below)
                    bounds[low, 1] = bounds[high, 0] = amid
            node[here] = below + right
        leaf = node - inner
        up = np.bincount(leaf, gradient, leaves)
        down = np.bincount(leaf, hessian, leaves)
        held = np.clip(up / (down + RIDGE), bounds[inner:, 0], bounds[inner:, 1])
        values[number] = rate * held
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
