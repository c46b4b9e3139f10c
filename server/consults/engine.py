"""What a room asks of a media engine: connections that publish, and slots that are fed from them.

One connection a participant. Its offer sends at most one audio and one video, and holds free slots
that only receive; attaching a slot to a publisher never needs another offer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What a stream carries."""

    AUDIO = "audio"
    VIDEO = "video"


@dataclass(frozen=True)
class Slot:
    """A place in a participant's connection that can be fed from a publisher."""

    mid: str
    kind: Kind


@dataclass(frozen=True)
class Connected:
    """A connection that was accepted."""

    answer_sdp: str
    slots: Sequence[Slot]
    sends: frozenset[Kind]


@dataclass(frozen=True)
class EngineStats:
    """What the engine does now, for metrics."""

    connections: int
    attached_slots: int
    forwarded_packets: int
    worst_late_s: float
    """How late the loop was at worst since this was last asked: browsers take it for congestion."""


class MediaEngine(Protocol):
    """Carries audio and video between participants."""

    async def connect(
        self, participant_id: str, offer_sdp: str, on_lost: Callable[[], None]
    ) -> Connected:
        """Accept a participant's connection; ``on_lost`` is called once if it fails later.

        Raises
        ------
        InvalidInput
            If the offer is not one that a room takes, with a code that says why.
        """
        ...

    def attach(self, subscriber_id: str, mid: str, publisher_id: str) -> None:
        """Feed a subscriber's slot from a publisher, as soon as both are connected."""
        ...

    def detach(self, subscriber_id: str, mid: str) -> None:
        """Feed a slot no more."""
        ...

    def mute(self, publisher_id: str, kind: Kind, *, muted: bool) -> None:
        """Carry what a publisher sends of ``kind`` to nobody, or to everybody again."""
        ...

    async def disconnect(self, participant_id: str) -> None:
        """Close a participant's connection, if there is one, and detach whatever hangs on it."""
        ...

    def stats(self) -> EngineStats:
        """Return what the engine does now."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
