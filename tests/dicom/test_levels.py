"""Pictures by way of a table of levels."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dicom.levels import Levels, percentiles


@pytest.mark.parametrize("code", ["<i2", ">i2", "u1", "i1", "<u2", ">u2"])
def test_each_pixel_gets_the_shade_of_its_level(code: str) -> None:
    kind = np.dtype(code)
    bounds = np.iinfo(kind)
    rng = np.random.default_rng(1)
    stored = rng.integers(bounds.min, bounds.max, (300, 401), endpoint=True).astype(kind)
    stored[0, :2] = bounds.min, bounds.max
    levels = Levels.of(stored)
    assert levels is not None
    shades = (levels.values.astype(np.int64) * 7 % 251).astype(np.uint8)
    expected = (stored.astype(np.int64) * 7 % 251).astype(np.uint8)
    assert np.array_equal(levels.picture(shades), expected)
    flipped = Levels.of(stored[::-1, 10:20])
    assert flipped is not None
    shades = (flipped.values.astype(np.int64) * 7 % 251).astype(np.uint8)
    assert np.array_equal(flipped.picture(shades), expected[::-1, 10:20])


@pytest.mark.parametrize("stored", [np.zeros((2, 2)), np.zeros((2, 2), np.int32), np.zeros((0, 2))])
def test_what_may_have_more_levels_than_a_table_has_none(stored: NDArray[np.generic]) -> None:
    assert Levels.of(stored) is None


def test_percentiles_are_those_of_all_pixels() -> None:
    rng = np.random.default_rng(2)
    stored = rng.normal(40, 300, (200, 100)).astype(np.int16)
    levels = Levels.of(stored)
    assert levels is not None
    for slope in (1.0, -0.25):
        found = percentiles(levels.values * slope, levels.counts(None), (0, 0.5, 33, 99.5, 100))
        assert found == pytest.approx(list(np.percentile(stored * slope, (0, 0.5, 33, 99.5, 100))))


def test_padding_counts_only_where_there_is_nothing_else() -> None:
    stored = np.array([[-2000, -1999], [5, 7]], np.int16)
    levels = Levels.of(stored)
    assert levels is not None
    assert percentiles(levels.values, levels.counts((-2000, -1999)), (0, 100)) == [5, 7]
    assert percentiles(levels.values, levels.counts((-2000, 7)), (0, 100)) == [-2000, 7]


def test_what_is_not_finite_has_no_percentile() -> None:
    assert percentiles(np.array([np.nan, np.inf]), np.array([1, 1]), (0, 100)) == []
