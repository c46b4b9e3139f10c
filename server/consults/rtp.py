"""RTP arithmetic of forwarding: streams that go on across sources, keyframes, NACKs once more."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

_SEQUENCES: Final = 1 << 16
_TIMESTAMPS: Final = 1 << 32

# Half again the round trip before a lost packet is asked for once more.
_RETRY_ROUND_TRIPS: Final = 1.5
_RETRY_AT_LEAST_S: Final = 0.03
_RETRY_AT_MOST_S: Final = 0.5
_TRIES: Final = 6


class Continuation:
    """Makes one stream out of successive sources: numbers and time go on without a jump.

    A gap in the source stays a gap, so that a packet that comes late or again finds its place and
    the subscriber asks for nothing but what is missing.
    """

    def __init__(self, *, clock_rate_hz: int, sequence: int, timestamp: int) -> None:
        self._clock_rate_hz = clock_rate_hz
        # Sequence numbers inside never wrap; they are cut to 16 bits on the way out.
        self._next = sequence
        self._first = sequence
        self._highest_in = 0
        self._shift = 0
        self._timestamp = timestamp
        self._timestamp_shift = 0
        self._last_s: float | None = None

    def begin(self, sequence: int, timestamp: int, now_s: float) -> None:
        """Let a source, perhaps another one, begin with this packet."""
        ticks = 0
        if self._last_s is not None:
            # At least one: a decoder drops a frame that is not newer than its last.
            ticks = max(int((now_s - self._last_s) * self._clock_rate_hz), 1)
        self._timestamp_shift = self._timestamp + ticks - timestamp
        self._highest_in = sequence
        self._first = self._next
        self._shift = self._next - sequence

    def rewritten(self, sequence: int, timestamp: int, now_s: float) -> tuple[int, int] | None:
        """Return sequence number and timestamp as the subscriber is to see them.

        None for what was sent before the source began here.
        """
        ahead = (sequence - self._highest_in + _SEQUENCES // 2) % _SEQUENCES - _SEQUENCES // 2
        rewritten = self._highest_in + ahead + self._shift
        if rewritten < self._first:
            return None
        timestamp = (timestamp + self._timestamp_shift) % _TIMESTAMPS
        if ahead >= 0:
            self._highest_in += ahead
            self._next = rewritten + 1
            self._timestamp = timestamp
            self._last_s = now_s
        return rewritten % _SEQUENCES, timestamp


def begins_vp8_keyframe(payload: bytes) -> bool:
    """Tell whether a VP8 payload is the first of a keyframe (RFC 7741, 4.2 and 4.3)."""
    if not payload or payload[0] & 0x17 != 0x10:
        # Not the start of the first partition.
        return False
    at = 1
    if payload[0] & 0x80:
        if len(payload) < 2:
            return False
        extensions = payload[1]
        at = 2
        if extensions & 0x80:
            long_picture_id = len(payload) > at and payload[at] & 0x80
            at += 2 if long_picture_id else 1
        at += bool(extensions & 0x40) + bool(extensions & 0x30)
    return len(payload) > at and not payload[at] & 0x01


@dataclass
class _Tried:
    times: int
    next_s: float


class NackRetries:
    """Decides when to ask again for what is still missing, and when to give it up.

    The engine below asks once, when it sees the gap; on a bad line the question or its answer is
    lost as easily as the packet was.
    """

    def __init__(self) -> None:
        self._tried: dict[int, _Tried] = {}

    def due(self, missing: Collection[int], now_s: float, round_trip_s: float) -> list[int]:
        """Return which of the missing sequence numbers to ask for now."""
        wait_s = min(max(round_trip_s * _RETRY_ROUND_TRIPS, _RETRY_AT_LEAST_S), _RETRY_AT_MOST_S)
        for found in self._tried.keys() - set(missing):
            del self._tried[found]
        due = []
        for sequence in missing:
            tried = self._tried.get(sequence)
            if tried is None:
                self._tried[sequence] = _Tried(1, now_s + wait_s)
            elif now_s >= tried.next_s and tried.times < _TRIES:
                tried.times += 1
                tried.next_s = now_s + wait_s
                due.append(sequence)
        return sorted(due)
