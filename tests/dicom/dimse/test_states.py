"""The acceptor's table against pynetdicom's transcription of PS3.8 Table 9-10, pair by pair."""

from itertools import product

import pytest
from pynetdicom.fsm import ACTIONS, TRANSITION_TABLE

from dicom.dimse.states import TRANSITIONS, Action, Event, State


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_does_what_the_standard_says(state: State, event: Event) -> None:
    expected = TRANSITION_TABLE.get((event.value, state.value))
    found = TRANSITIONS.get((state, event))
    assert (found[0].value if found else None) == expected


@pytest.mark.parametrize(("pair", "outcome"), list(TRANSITIONS.items()))
def test_every_action_leads_where_the_standard_says(
    pair: tuple[State, Event], outcome: tuple[Action, State]
) -> None:
    _, _, following = ACTIONS[outcome[0].value]
    allowed = following if isinstance(following, tuple) else (following,)
    # AR-7 and AA-7 stay where they are; AE-6 may reject at once, which is AE-8 with us.
    assert any(outcome[1].value in str(name).replace("/", " ").split() for name in allowed)


def test_every_action_is_reachable() -> None:
    assert {action for action, _ in TRANSITIONS.values()} == set(Action)
