"""What one device and one address may take in a while: associations, objects, bytes.

A budget refills steadily up to its whole, so that a device which was silent may bring a busy
morning at once. Budgets live in this process's memory: N nodes allow N times as much, and a
restart forgets them.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from server.core.clock import Clock
from server.core.errors import InvalidInput
from server.core.settings import DicomSettings

_MINUTE_S: Final = 60.0
_REFUSALS_AUDITED_A_MINUTE: Final = 20
"""Of one address: a stranger with a new name for each call must not fill the audit."""
_HOUR_S: Final = 3600.0
_MOST_KEPT: Final = 16_384


MOST_A_MINUTE: Final = 2**31 - 1
MOST_BYTES_AN_HOUR: Final = 2**53


@dataclass(frozen=True)
class DeviceBudget:
    """A device's own limits; None for those of the settings."""

    associations_per_minute: int | None = None
    objects_per_minute: int | None = None
    bytes_per_hour: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no number of anything."""
        for number, most in (
            (self.associations_per_minute, MOST_A_MINUTE),
            (self.objects_per_minute, MOST_A_MINUTE),
            (self.bytes_per_hour, MOST_BYTES_AN_HOUR),
        ):
            if number is not None and not 0 < number <= most:
                raise InvalidInput(f"a budget is a number from 1 to {most}")


class _Buckets:
    """What is left to each of many, the least recently seen forgotten first."""

    def __init__(self, clock: Clock, period_s: float) -> None:
        self._clock = clock
        self._period_s = period_s
        self._kept: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def left(self, key: Hashable, whole: int) -> float:
        level, at_s = self._kept.get(key, (float(whole), self._clock.monotonic_s()))
        passed_s = self._clock.monotonic_s() - at_s
        return min(float(whole), level + whole * passed_s / self._period_s)

    def spend(self, key: Hashable, whole: int, amount: int) -> None:
        level = self.left(key, whole) - amount
        self._kept[key] = (level, self._clock.monotonic_s())
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


class Budgets:
    """Counts what devices and addresses take, and says when it is too much."""

    def __init__(self, settings: DicomSettings, clock: Clock) -> None:
        self._settings = settings
        self._associations = _Buckets(clock, _MINUTE_S)
        self._objects = _Buckets(clock, _MINUTE_S)
        self._refusals = _Buckets(clock, _MINUTE_S)
        self._bytes = _Buckets(clock, _HOUR_S)

    def take_association(self, key: Hashable, budget: DeviceBudget = DeviceBudget()) -> bool:
        """Count an association of a device or an address; False where it has none left."""
        whole = budget.associations_per_minute or self._settings.max_associations_per_minute
        if self._associations.left(key, whole) < 1:
            return False
        self._associations.spend(key, whole, 1)
        return True

    def take_refusal(self, address: Hashable) -> bool:
        """Count a refusal that is to be audited; False where an address has had enough of them."""
        if self._refusals.left(address, _REFUSALS_AUDITED_A_MINUTE) < 1:
            return False
        self._refusals.spend(address, _REFUSALS_AUDITED_A_MINUTE, 1)
        return True

    def take_object(self, device: Hashable, address: Hashable, budget: DeviceBudget) -> str | None:
        """Count an object; return what is used up instead, where something is.

        Bytes are paid when they have come: the last object may go beyond.
        """
        objects = budget.objects_per_minute or self._settings.max_objects_per_minute
        size = budget.bytes_per_hour or self._settings.max_bytes_per_hour
        for key, own_objects, own_size in (
            (device, objects, size),
            (address, self._settings.max_objects_per_minute, self._settings.max_bytes_per_hour),
        ):
            if self._objects.left(key, own_objects) < 1:
                return "too many objects in a minute"
            if self._bytes.left(key, own_size) <= 0:
                return "too many bytes in an hour"
        self._objects.spend(device, objects, 1)
        self._objects.spend(address, self._settings.max_objects_per_minute, 1)
        return None

    def pay_bytes(
        self, device: Hashable, address: Hashable, budget: DeviceBudget, amount: int
    ) -> None:
        """Count the bytes of an object that came, whatever became of it."""
        most = self._settings.max_bytes_per_hour
        self._bytes.spend(device, budget.bytes_per_hour or most, amount)
        self._bytes.spend(address, most, amount)
