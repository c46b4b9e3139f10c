"""A room: who is in it, who leads, what is looked at, who is shown in whose slots.

Pure: an event goes in, what is to be done comes out; nobody waits and nothing is sent from here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from server.consults.engine import Kind, Slot
from server.consults.signals import (
    Cursor,
    CursorAt,
    Description,
    Joined,
    Leader,
    Left,
    Mute,
    Muted,
    Participant,
    ServerMessage,
    ShownIn,
    Slots,
    View,
    ViewSet,
    Welcome,
)
from server.core.errors import Conflict, NotAllowed

PARTICIPANTS_AT_MOST: Final = 8
# Told apart on a dark image, also by people who do not see red and green.
COLORS: Final = (
    "#4fc3f7", "#ffb74d", "#f06292", "#aed581", "#ba68c8", "#fff176", "#4db6ac", "#a1887f",
)  # fmt: skip


@dataclass(frozen=True)
class Send:
    """A message for some of the participants."""

    to: tuple[str, ...]
    message: ServerMessage


@dataclass(frozen=True)
class Attach:
    """A slot is to be fed from a publisher."""

    subscriber_id: str
    mid: str
    publisher_id: str


@dataclass(frozen=True)
class Detach:
    """A slot is to be fed no more."""

    subscriber_id: str
    mid: str


@dataclass(frozen=True)
class Withhold:
    """A publisher's stream is to go to nobody, or to everybody again."""

    publisher_id: str
    kind: Kind
    muted: bool


Effect = Send | Attach | Detach | Withhold


@dataclass
class _Seat:
    participant: Participant
    sends: frozenset[Kind]
    shown: dict[Slot, str | None]


class Room:
    """The state of one consult's room; it outlives those who come and go."""

    def __init__(self) -> None:
        self._seats: dict[str, _Seat] = {}
        self._leader: str | None = None
        self._last_leader_person: str | None = None
        self._view: View | None = None
        self._view_version = 0

    @property
    def participants(self) -> Sequence[Participant]:
        """Who is here, in the order they came."""
        return [seat.participant for seat in self._seats.values()]

    def free_color(self) -> str:
        """Return a colour that nobody here has.

        Raises
        ------
        Conflict
            If the room is full.
        """
        taken = {participant.color for participant in self.participants}
        free = next((color for color in COLORS if color not in taken), None)
        if free is None:
            raise Conflict("the room is full", code="room-full")
        return free

    def welcome(self, participant_id: str, answer_sdp: str | None) -> Welcome:
        """Return how a newcomer finds the room."""
        answer = None if answer_sdp is None else Description(type="answer", sdp=answer_sdp)
        return Welcome(
            self=participant_id,
            answer=answer,
            participants=list(self.participants),
            leader=self._leader,
            view=self._view,
            view_version=self._view_version,
        )

    def join(
        self, participant: Participant, slots: Collection[Slot], sends: Collection[Kind]
    ) -> list[Effect]:
        """Let somebody in, who holds these slots and sends these kinds.

        Raises
        ------
        Conflict
            If the room is full.
        """
        if len(self._seats) >= PARTICIPANTS_AT_MOST:
            raise Conflict("the room is full", code="room-full")
        self._seats[participant.id] = _Seat(participant, frozenset(sends), dict.fromkeys(slots))
        others = self._others(participant.id)
        effects: list[Effect] = [Send(others, Joined(participant=participant))]
        for each in (participant.id, *others):
            effects += self._arrange(each)
        # The first of all leads, and who led last leads on when they come back.
        if self._leader is None and self._last_leader_person in {None, participant.person_id}:
            effects += self.lead(participant.id)
        return effects

    def change_media(
        self, participant_id: str, slots: Collection[Slot], sends: Collection[Kind]
    ) -> list[Effect]:
        """Give a participant another connection, or none: nothing of the old one is left."""
        seat = self._seats[participant_id]
        seat.sends, seat.shown = frozenset(sends), dict.fromkeys(slots)
        muted = {
            Kind.AUDIO: seat.participant.audio_muted,
            Kind.VIDEO: seat.participant.video_muted,
        }
        effects: list[Effect] = [
            Withhold(participant_id, kind, muted=True) for kind in sorted(sends) if muted[kind]
        ]
        effects += self._forget(participant_id)
        for each in self._seats:
            effects += self._arrange(each)
        return effects

    def leave(self, participant_id: str) -> list[Effect]:
        """Let somebody go; nothing happens if they are gone already."""
        seat = self._seats.pop(participant_id, None)
        if seat is None:
            return []
        others = tuple(self._seats)
        effects: list[Effect] = [Send(others, Left(participant=seat.participant))]
        effects += self._forget(participant_id)
        for each in others:
            effects += self._arrange(each)
        if self._leader == participant_id:
            self._leader = None
            effects.append(Send(others, Leader(participant_id=None)))
        return effects

    def lead(self, participant_id: str) -> list[Effect]:
        """Let a participant lead."""
        if self._leader == participant_id:
            return []
        self._leader = participant_id
        self._last_leader_person = self._seats[participant_id].participant.person_id
        return [Send(tuple(self._seats), Leader(participant_id=participant_id))]

    def look(self, participant_id: str, view: View) -> list[Effect]:
        """Show a view to everybody else.

        Raises
        ------
        NotAllowed
            If somebody else leads.
        """
        if self._leader != participant_id:
            raise NotAllowed("only who leads sets the view", code="not-leading")
        self._view = view
        self._view_version += 1
        message = ViewSet(view=view, version=self._view_version, by=participant_id)
        return [Send(self._others(participant_id), message)]

    def point(self, participant_id: str, cursor: Cursor) -> list[Effect]:
        """Show everybody else where a participant points."""
        message = CursorAt(participant_id=participant_id, x=cursor.x, y=cursor.y)
        return [Send(self._others(participant_id), message)]

    def mute(self, participant_id: str, mute: Mute) -> list[Effect]:
        """Withhold a participant's streams from the others, or no longer."""
        seat = self._seats[participant_id]
        seat.participant = seat.participant.model_copy(
            update={"audio_muted": mute.audio, "video_muted": mute.video}
        )
        message = Muted(participant_id=participant_id, audio=mute.audio, video=mute.video)
        return [
            Withhold(participant_id, Kind.AUDIO, mute.audio),
            Withhold(participant_id, Kind.VIDEO, mute.video),
            Send(self._others(participant_id), message),
        ]

    def _forget(self, publisher_id: str) -> list[Effect]:
        """Empty every slot that shows a publisher."""
        effects: list[Effect] = []
        for viewer_id, seat in self._seats.items():
            for slot in [slot for slot, shown in seat.shown.items() if shown == publisher_id]:
                seat.shown[slot] = None
                effects.append(Detach(viewer_id, slot.mid))
        return effects

    def _arrange(self, viewer_id: str) -> list[Effect]:
        """Show in a viewer's free slots who is not shown yet, and tell them of all."""
        shown = self._seats[viewer_id].shown
        effects: list[Effect] = []
        seen = {(publisher_id, slot.kind) for slot, publisher_id in shown.items()}
        for publisher_id in self._others(viewer_id):
            for kind in sorted(self._seats[publisher_id].sends):
                free = [slot for slot in shown if slot.kind is kind and shown[slot] is None]
                if free and (publisher_id, kind) not in seen:
                    shown[free[0]] = publisher_id
                    effects.append(Attach(viewer_id, free[0].mid, publisher_id))
        listed = [
            ShownIn(mid=slot.mid, participant_id=publisher_id, kind=slot.kind)
            for slot, publisher_id in shown.items()
            if publisher_id is not None
        ]
        return [*effects, Send((viewer_id,), Slots(slots=listed))]

    def _others(self, participant_id: str) -> tuple[str, ...]:
        return tuple(each for each in self._seats if each != participant_id)
