"""What forwarding computes: numbers that go on, keyframes, and when to ask again."""

from hypothesis import given
from hypothesis import strategies as st

from server.consults.rtp import Continuation, NackRetries, begins_vp8_keyframe

NOW_S = 100.0


def stream(sequence: int = 1000, timestamp: int = 50_000) -> Continuation:
    return Continuation(clock_rate_hz=90_000, sequence=sequence, timestamp=timestamp)


def test_a_second_source_goes_on_where_the_first_ended() -> None:
    out = stream()
    out.begin(7, 900, NOW_S)
    assert out.rewritten(7, 900, NOW_S) == (1000, 50_000)
    assert out.rewritten(8, 3900, NOW_S) == (1001, 53_000)
    out.begin(60_000, 4_000_000_000, NOW_S + 2)
    assert out.rewritten(60_000, 4_000_000_000, NOW_S + 2) == (1002, 53_000 + 180_000)


def test_a_source_that_begins_at_once_is_still_newer() -> None:
    out = stream()
    out.begin(7, 900, NOW_S)
    out.rewritten(7, 900, NOW_S)
    out.begin(1, 1, NOW_S)
    assert out.rewritten(1, 1, NOW_S) == (1001, 50_001)


def test_a_gap_stays_a_gap_and_a_late_packet_finds_its_place() -> None:
    out = stream()
    out.begin(7, 900, NOW_S)
    out.rewritten(7, 900, NOW_S)
    assert out.rewritten(10, 900, NOW_S) == (1003, 50_000)
    assert out.rewritten(8, 900, NOW_S) == (1001, 50_000)
    assert out.rewritten(11, 900, NOW_S) == (1004, 50_000)


def test_what_was_sent_before_the_keyframe_is_not_forwarded() -> None:
    out = stream()
    out.begin(7, 900, NOW_S)
    assert out.rewritten(6, 0, NOW_S) is None
    assert out.rewritten(65_530, 0, NOW_S) is None


@given(st.integers(0, 0xFFFF), st.integers(0, 0x7FFF), st.integers(1, 200_000))
def test_numbers_wrap_and_never_jump(first_in: int, first_out: int, count: int) -> None:
    out = stream(sequence=first_out)
    out.begin(first_in, 0, NOW_S)
    step = max(count // 50, 1)
    for number in range(0, count, step):
        # In strides, which a loss of the same length would look like.
        if step >= 1 << 15:
            break
        numbers = out.rewritten((first_in + number) % 65_536, 0, NOW_S)
        assert numbers is not None
        assert numbers[0] == (first_out + number) % 65_536


def test_a_keyframe_is_told_by_its_first_packet() -> None:
    # RFC 7741: S bit, partition 0; then the frame header, whose lowest bit is 0 in a keyframe.
    assert begins_vp8_keyframe(bytes([0x10, 0x00, 0x9D]))
    assert not begins_vp8_keyframe(bytes([0x10, 0x01]))
    # Not the first packet, or not the first partition.
    assert not begins_vp8_keyframe(bytes([0x00, 0x00]))
    assert not begins_vp8_keyframe(bytes([0x11, 0x00]))
    # Extended: a picture id of 7 and of 15 bits, TL0PICIDX, TID.
    assert begins_vp8_keyframe(bytes([0x90, 0x80, 0x05, 0x00]))
    assert begins_vp8_keyframe(bytes([0x90, 0xE0, 0x85, 0x01, 0x09, 0x40, 0x00]))
    assert not begins_vp8_keyframe(bytes([0x90, 0xE0, 0x85, 0x01, 0x09, 0x40, 0x01]))


@given(st.binary(max_size=8))
def test_any_bytes_are_a_keyframe_or_not(payload: bytes) -> None:
    assert begins_vp8_keyframe(payload) in {True, False}


def test_what_is_missing_is_asked_for_again_after_a_round_trip_and_not_for_ever() -> None:
    retries = NackRetries()
    assert retries.due({5, 6}, 0.0, 0.1) == []
    assert retries.due({5, 6}, 0.1, 0.1) == []
    assert retries.due({5, 6}, 0.16, 0.1) == [5, 6]
    assert retries.due({6}, 0.2, 0.1) == []
    asked = sum(len(retries.due({6}, 0.2 * number, 0.1)) for number in range(2, 100))
    assert asked == 4
    # A slow line is given its time.
    slow = NackRetries()
    slow.due({1}, 0.0, 0.3)
    assert slow.due({1}, 0.4, 0.3) == []
    assert slow.due({1}, 0.46, 0.3) == [1]
