"""The speed of a line: limits by the hour, an emergency that waits for none."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from server.core.settings import GatewaySettings
from server.gateway.pace import UNLIMITED, Hours, Pacer, Timetable
from tests.support.fakes import ManualClock

CHINA = timezone(timedelta(hours=8))
DAY, NIGHT = Hours.parse("08:00-18:00=512"), Hours.parse("22:00-06:30=0")


@pytest.mark.parametrize(
    ("moment", "by_day", "by_night"),
    [
        (time(8, 0), True, False),
        (time(17, 59, 59), True, False),
        (time(18, 0), False, False),
        (time(22, 0), False, True),
        (time(0, 0), False, True),
        (time(6, 29), False, True),
        (time(6, 30), False, False),
    ],
)
def test_hours_hold_from_their_start_to_before_their_end(
    moment: time, by_day: bool, by_night: bool
) -> None:
    assert (DAY.holds_at(moment), NIGHT.holds_at(moment)) == (by_day, by_night)


@pytest.mark.parametrize(
    ("utc_hour", "limit"), [(1, 64_000), (12, 125_000), (16, 0)], ids=["9:00", "20:00", "0:00"]
)
def test_the_first_hours_that_hold_count_by_local_time(utc_hour: int, limit: float) -> None:
    clock = ManualClock(datetime(2026, 11, 21, utc_hour, tzinfo=UTC))
    timetable = Timetable([DAY, NIGHT], kbit_s=1000, clock=clock, zone=CHINA)
    assert timetable.bytes_per_s() == limit


def test_without_a_limit_there_is_none() -> None:
    assert Timetable([], kbit_s=0, clock=ManualClock()).bytes_per_s() == UNLIMITED


@pytest.mark.parametrize("hours", ["8-18=1", "08:00-18:00", "24:00-01:00=5", "08:00-18:00=-1"])
def test_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(ValueError, match="08:00-18:00=512"):
        GatewaySettings(hours=(hours,))


class SleepingClock(ManualClock):
    """Time passes when somebody sleeps."""

    async def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.advance(seconds)


async def _took_s(
    kbit_s: int, size: int, *, hurried: bool, monkeypatch: pytest.MonkeyPatch
) -> float:
    clock = SleepingClock()
    monkeypatch.setattr("server.gateway.pace.asyncio.sleep", clock.sleep)
    pacer = Pacer(Timetable([], kbit_s=kbit_s, clock=clock), clock)
    got = b"".join([piece async for piece in pacer.pieces(b"x" * size, hurried=hurried)])
    assert len(got) == size
    return clock.monotonic_s()


@pytest.mark.parametrize("kbit_s", [8, 64, 512, 20_000])
async def test_a_body_takes_as_long_as_its_limit_says(
    kbit_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 10 * 125 * kbit_s
    took_s = await _took_s(kbit_s, size, hurried=False, monkeypatch=monkeypatch)
    assert took_s == pytest.approx(10, rel=0.06)


async def test_an_emergency_is_not_slowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await _took_s(8, 1_000_000, hurried=True, monkeypatch=monkeypatch) == 0


@pytest.mark.fault
async def test_a_clock_that_is_set_back_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SleepingClock()
    monkeypatch.setattr("server.gateway.pace.asyncio.sleep", clock.sleep)
    pacer = Pacer(Timetable([], kbit_s=8, clock=clock), clock)
    got = 0
    async for piece in pacer.pieces(b"x" * 100_000, hurried=False):
        got += len(piece)
        clock.set_back(7200)
    assert got == 100_000
    assert clock.monotonic_s() == pytest.approx(100, rel=0.06)
