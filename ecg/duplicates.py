"""Leads that repeat another one: copied, connected to the same electrode, or bridged by gel.

A level and a little white noise between the two are overlooked, and the sign. Leads of one heart
may lie close together, too, but what they differ by is then smooth from sample to sample: the mean
square of its steps is far from twice its variance, which white noise has (von Neumann, Ann Math
Stat 12:367, 1941). Of 467 twelve-lead and 33 two-lead development ECGs none is caught.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array

EQUAL_UV = 1.0
EQUAL_SHARE = 0.005
NOISE_SHARE = 0.1
WHITENESS = 1.5
ARITHMETIC_SHARE = 0.15

_FROM_I_AND_II = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
"""Einthoven 1912, Goldberger 1942."""


def _own_arithmetic(centred: Array, leads: Sequence[str]) -> list[int]:
    """Return the rows of limb leads that follow from I and II, where three or more do.

    An axis at a multiple of 30 degrees makes two of them alike and is none of their fault; a copy
    contradicts the others.
    """
    rows = [row for row, name in enumerate(leads) if name in _FROM_I_AND_II]
    if len(rows) < 3 or not {"I", "II"} <= set(leads):
        return []
    limb = centred[rows]
    weights = np.array([_FROM_I_AND_II[leads[row]] for row in rows])
    rest = limb - weights @ centred[[leads.index("I"), leads.index("II")]]
    within = ARITHMETIC_SHARE**2 * np.square(limb).mean(axis=-1).max()
    return rows if np.square(rest).mean(axis=-1).max() < within else []


def repeated(samples_uv: Array, leads: Sequence[str]) -> NDArray[np.bool_]:
    """Return which leads repeat another one, upright or inverted.

    Parameters
    ----------
    samples_uv
        Microvolts without NaN, shape (n_leads, n_samples).
    leads
        One name a row.

    Returns
    -------
    ndarray
        Shape (n_leads,): True for each lead of such a pair.
    """
    found = np.zeros(len(samples_uv), dtype=np.bool_)
    if samples_uv.shape[-1] < 2:
        return found
    centred = samples_uv - samples_uv.mean(axis=-1, keepdims=True)
    exempt = np.zeros((len(found), len(found)), dtype=np.bool_)
    limb = _own_arithmetic(centred, leads)
    exempt[np.ix_(limb, limb)] = True
    np.fill_diagonal(exempt, val=True)
    # Mean squares of sums and differences follow from the products of all pairs.
    products, step_products = (
        each @ each.T / samples_uv.shape[-1] for each in (centred, np.diff(samples_uv, axis=-1))
    )
    power, step_power = (
        np.add.outer(np.diag(each), np.diag(each)) for each in (products, step_products)
    )
    larger = np.maximum.outer(np.diag(products), np.diag(products))
    for sign in (1.0, -1.0):
        apart = power - 2.0 * sign * products
        white = step_power - 2.0 * sign * step_products > WHITENESS * apart
        equal = apart < np.maximum(EQUAL_UV**2, EQUAL_SHARE**2 * larger)
        pairs = equal | (white & (apart < NOISE_SHARE**2 * larger))
        found |= (pairs & ~exempt).any(axis=-1)
    return found
