"""A room by itself: who leads, what is seen by whom, who is shown in which slot."""

from collections.abc import Iterable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.consults.engine import Kind, Slot
from server.consults.room import Attach, Detach, Effect, Room, Send, Withhold
from server.consults.signals import (
    Cursor,
    CursorAt,
    Institution,
    Joined,
    Leader,
    Left,
    Mute,
    Muted,
    Participant,
    Slots,
    View,
    ViewSet,
)
from server.core.errors import Conflict, NotAllowed

M = TypeVar("M")
BOTH = frozenset(Kind)
VIEW = View(study_instance_uid="1.2.3", instance_index=4)


def somebody(name: str, person: str | None = None, color: str = "#fff") -> Participant:
    home = Institution(id="i1", name_zh="马渡镇卫生院", name_en="Madu Township Hospital")
    return Participant(
        id=name, person_id=person or name, display_name=name, institution=home, color=color
    )


def slots(count: int) -> list[Slot]:
    return [Slot(f"{kind[0]}{number}", kind) for number in range(count) for kind in Kind]


def come(room: Room, *names: str, holding: int = 7, sending: Iterable[Kind] = BOTH) -> list[Effect]:
    effects: list[Effect] = []
    for name in names:
        effects += room.join(somebody(name), slots(holding), frozenset(sending))
    return effects


def said(effects: list[Effect], kind: type[M]) -> list[tuple[tuple[str, ...], M]]:
    return [
        (effect.to, effect.message)
        for effect in effects
        if isinstance(effect, Send) and isinstance(effect.message, kind)
    ]


def attached(effects: list[Effect]) -> set[tuple[str, str, str]]:
    return {
        (effect.subscriber_id, effect.mid, effect.publisher_id)
        for effect in effects
        if isinstance(effect, Attach)
    }


def test_the_first_leads_and_two_are_shown_to_each_other() -> None:
    room = Room()
    assert said(come(room, "li"), Leader) == [(("li",), Leader(participant_id="li"))]
    effects = come(room, "wang")
    assert said(effects, Leader) == []
    assert [to for to, _ in said(effects, Joined)] == [("li",)]
    assert attached(effects) == {
        ("wang", "a0", "li"), ("wang", "v0", "li"), ("li", "a0", "wang"), ("li", "v0", "wang"),
    }  # fmt: skip
    listed = dict(said(effects, Slots))
    assert {(each.mid, each.participant_id) for each in listed["wang",].slots} == {
        ("a0", "li"), ("v0", "li"),
    }  # fmt: skip
    welcome = room.welcome("wang", "v=0")
    assert (welcome.leader, welcome.view, welcome.view_version) == ("li", None, 0)
    assert [each.id for each in welcome.participants] == ["li", "wang"]


def test_only_the_leader_sets_the_view_and_a_late_joiner_finds_it() -> None:
    room = Room()
    come(room, "li", "wang")
    with pytest.raises(NotAllowed) as refused:
        room.look("wang", VIEW)
    assert refused.value.code == "not-leading"
    assert said(room.look("li", VIEW), ViewSet) == [
        (("wang",), ViewSet(view=VIEW, version=1, by="li"))
    ]
    room.lead("wang")
    room.look("wang", VIEW.model_copy(update={"instance_index": 5}))
    come(room, "zhao")
    welcome = room.welcome("zhao", None)
    assert (welcome.leader, welcome.view_version) == ("wang", 2)
    assert welcome.view is not None
    assert welcome.view.instance_index == 5


def test_a_leader_who_comes_back_leads_on_and_the_view_is_still_there() -> None:
    room = Room()
    come(room, "li", "wang")
    room.look("li", VIEW)
    assert (("wang",), Leader(participant_id=None)) in said(room.leave("li"), Leader)
    come(room, "zhao")
    assert room.welcome("zhao", None).leader is None
    effects = room.join(somebody("li-again", person="li"), [], BOTH)
    assert said(effects, Leader)[0][1] == Leader(participant_id="li-again")
    assert room.welcome("li-again", None).view == VIEW


def test_everybody_gone_the_room_keeps_its_view() -> None:
    room = Room()
    come(room, "li")
    room.look("li", VIEW)
    room.leave("li")
    room.leave("li")
    come(room, "wang")
    assert room.welcome("wang", None).view == VIEW


def test_who_takes_the_lead_while_it_is_free_keeps_it() -> None:
    room = Room()
    come(room, "li", "wang")
    room.leave("li")
    room.lead("wang")
    room.join(somebody("li-again", person="li"), [], BOTH)
    assert room.welcome("li-again", None).leader == "wang"


def test_the_ninth_does_not_get_in() -> None:
    room = Room()
    for number in range(8):
        come(room, f"p{number}")
    with pytest.raises(Conflict) as refused:
        come(room, "p8")
    assert refused.value.code == "room-full"
    room.leave("p3")
    come(room, "p8")


def test_colours_are_free_until_everybody_has_one() -> None:
    room = Room()
    for number in range(8):
        room.join(somebody(f"p{number}", color=room.free_color()), [], BOTH)
    assert len({each.color for each in room.participants}) == 8
    with pytest.raises(Conflict):
        room.free_color()


def test_a_slot_that_becomes_free_shows_who_was_not_shown() -> None:
    room = Room()
    come(room, "li", holding=1)
    come(room, "wang", "zhao")
    effects = room.leave("wang")
    assert Detach("li", "a0") in effects
    assert {each for each in attached(effects) if each[0] == "li"} == {
        ("li", "a0", "zhao"), ("li", "v0", "zhao"),
    }  # fmt: skip


def test_who_sends_nothing_takes_no_slot() -> None:
    room = Room()
    come(room, "li")
    assert attached(come(room, "wang", sending=[Kind.AUDIO])) == {
        ("wang", "a0", "li"), ("wang", "v0", "li"), ("li", "a0", "wang"),
    }  # fmt: skip


def test_another_connection_is_attached_anew_and_stays_muted() -> None:
    room = Room()
    come(room, "li", "wang")
    effects = room.mute("li", Mute(type="mute", audio=True, video=False))
    assert Withhold("li", Kind.AUDIO, muted=True) in effects
    assert said(effects, Muted) == [
        (("wang",), Muted(participant_id="li", audio=True, video=False))
    ]
    effects = room.change_media("li", slots(7), BOTH)
    assert Withhold("li", Kind.AUDIO, muted=True) in effects
    assert attached(effects) == {
        ("wang", "a0", "li"), ("wang", "v0", "li"), ("li", "a0", "wang"), ("li", "v0", "wang"),
    }  # fmt: skip
    assert room.welcome("li", None).leader == "li"
    assert room.participants[0].audio_muted


def test_a_cursor_goes_to_the_others() -> None:
    room = Room()
    come(room, "li", "wang", "zhao")
    effects = room.point("wang", Cursor(type="cursor", x=0.25, y=0.5))
    assert said(effects, CursorAt) == [
        (("li", "zhao"), CursorAt(participant_id="wang", x=0.25, y=0.5))
    ]


@given(st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from(["go", "new"]))))
def test_whatever_happens_everybody_is_shown_once_to_everybody(
    steps: list[tuple[str, str]],
) -> None:
    room = Room()
    shown: dict[tuple[str, str], str] = {}
    here: set[str] = set()
    for name, step in steps:
        if name not in here:
            if len(here) == 8:
                continue
            effects = come(room, name)
            here.add(name)
        elif step == "go":
            effects = room.leave(name)
            here.discard(name)
            shown = {key: value for key, value in shown.items() if key[0] != name}
        else:
            effects = room.change_media(name, slots(7), BOTH)
            shown = {key: value for key, value in shown.items() if key[0] != name}
        for effect in effects:
            match effect:
                case Attach():
                    assert (effect.subscriber_id, effect.mid) not in shown
                    shown[effect.subscriber_id, effect.mid] = effect.publisher_id
                case Detach():
                    shown.pop((effect.subscriber_id, effect.mid), None)
                case _:
                    pass
        for viewer in here:
            seen = sorted(who + mid[0] for (each, mid), who in shown.items() if each == viewer)
            assert seen == sorted(who + kind for who in here - {viewer} for kind in "av")


def test_who_leaves_is_told_to_the_others() -> None:
    room = Room()
    come(room, "li", "wang")
    assert [(to, m.participant.id) for to, m in said(room.leave("wang"), Left)] == [
        (("li",), "wang")
    ]
