"""Beats alike, the dominant ones among them, and what the trained part makes of them."""

import json
import tracemalloc
from importlib.resources import files

import numpy as np

from ecg.rhythm.features import BEAT_FEATURES, FALLING, RISING, beat_features
from ecg.rhythm.kin import dominant_of, kin_of, rr_shares
from ecg.rhythm.model import trees
from ecg.rhythm.view import SHAPE_FEATURES

NO_CUT = 1e30
STRONG = ("qrs_away", "qrst_rest", "kin_log_width", "kin_away")


def test_the_narrow_are_dominant_where_the_wide_are_more() -> None:
    narrow, wide = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    is_wide = np.array([False, True, True, False, True, True, False, True, True])
    units = np.where(is_wide[:, np.newaxis], wide, narrow)
    judged = np.ones(is_wide.size, dtype=bool)
    kin = kin_of(units, judged)
    assert (kin == (is_wide == is_wide[:, np.newaxis])).all()
    log_width = np.log(np.where(is_wide, 150.0, 90.0))
    assert (dominant_of(kin, log_width, judged) == ~is_wide).all()


def test_one_narrow_artefact_is_not_dominant() -> None:
    units = np.vstack([[0.0, 1.0], np.tile([1.0, 0.0], (8, 1))])
    judged = np.ones(9, dtype=bool)
    log_width = np.log(np.array([30.0] + [160.0] * 8))
    assert dominant_of(kin_of(units, judged), log_width, judged).tolist() == [False] + [True] * 8


def test_a_beat_cut_off_is_kin_of_itself_alone() -> None:
    kin = kin_of(np.tile([1.0, 0.0], (3, 1)), np.array([False, True, True]))
    assert kin.tolist() == [[True, False, False], [False, True, True], [False, True, True]]


def test_rr_shares_tell_a_premature_beat_and_its_pause() -> None:
    before, after = rr_shares(np.array([800.0, 800.0, 400.0, 1200.0, 800.0, 800.0]))
    assert before.tolist() == [1.0, 1.0, 1.0, 0.5, 1.5, 1.0, 1.0]
    assert after.tolist() == [1.0, 1.0, 0.5, 1.5, 1.0, 1.0, 1.0]


def test_a_single_beat_has_features() -> None:
    assert beat_features(np.zeros((1, len(SHAPE_FEATURES))), np.empty(0)).shape == (
        1,
        len(BEAT_FEATURES),
    )


def test_no_beat_is_less_ventricular_for_being_stranger() -> None:
    model, rng = trees("ventricular"), np.random.default_rng(0)
    cuts = model.limit < NO_CUT
    rows = np.column_stack(
        [
            rng.choice(model.limit[cuts & (model.feature == index)], 5000)
            for index in range(len(BEAT_FEATURES))
        ]
    )
    for name in (*RISING, *FALLING):
        column = BEAT_FEATURES.index(name)
        more = rows.copy()
        more[:, column] += rng.uniform(0.0, 2.0 * float(np.ptp(rows[:, column])), 5000)
        change = (model.log_odds(more) - model.log_odds(rows)) * (1 if name in RISING else -1)
        assert (change >= -1e-9).all(), name
        if name in STRONG:
            assert change.any(), name


def test_the_model_was_made_for_these_features() -> None:
    text = files("ecg.models").joinpath("ventricular.json").read_text(encoding="utf-8")
    assert tuple(json.loads(text)["features"]) == BEAT_FEATURES


def test_a_day_of_beats_is_judged_in_the_memory_of_an_hour() -> None:
    model, rng = trees("ventricular"), np.random.default_rng(0)
    rows = rng.normal(0.0, 1.0, (100_000, len(BEAT_FEATURES)))
    tracemalloc.start()
    try:
        odds = model.log_odds(rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < rows.nbytes + 16e6
    assert np.array_equal(odds[4000:4200], model.log_odds(rows[4000:4200]))
    assert model.log_odds(rows[:0]).shape == (0,)
