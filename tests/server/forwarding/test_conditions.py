"""Patterns of a route."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.errors import InvalidInput
from server.forwarding.conditions import Conditions, Facts, matches

ANYTHING = Facts("CT1", "i", "CT", "ST1", ("Head", None, None))


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_a_pattern_matches_as_a_regular_expression_would(pattern: str, text: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    assert matches(pattern, text) == bool(re.fullmatch(expression, text))


def test_a_pattern_of_many_stars_costs_no_more_than_its_length() -> None:
    assert not matches("*a" * 32, "a" * 31 + "b" * 225)


def test_nothing_asked_is_met_by_everything() -> None:
    assert Conditions().are_met_by(ANYTHING)
    assert Conditions().are_met_by(Facts(None, "i", None, None, ()))


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        (Conditions(source_aes=("ct*",)), True),
        (Conditions(source_aes=("MR*", "CT1")), True),
        (Conditions(source_aes=("CT",)), False),
        (Conditions(descriptions=("he?d",)), True),
        (Conditions(modalities=("CT",), stations=("ST2",)), False),
        (Conditions(institution_ids=("i",), modalities=("CT",)), True),
    ],
)
def test_every_list_must_have_a_pattern_that_matches(conditions: Conditions, met: bool) -> None:
    assert conditions.are_met_by(ANYTHING) is met
    assert Conditions.of(conditions.stored()) == conditions


def test_what_is_absent_matches_no_pattern() -> None:
    assert not Conditions(source_aes=("*",)).are_met_by(Facts(None, "i", "CT", None, ()))


@pytest.mark.parametrize("patterns", [("",), ("a" * 65,), ("a",) * 33])
def test_too_much_is_refused(patterns: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        Conditions(stations=patterns)
