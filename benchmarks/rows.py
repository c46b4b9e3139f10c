"""One measured quantity of one program: its rounds, and how it stands to ours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Self, TypeVar

from benchmarks import ours

T = TypeVar("T")


@dataclass
class Row:
    """What one program took in each round; of every quantity here, less is better."""

    what: str
    unit: str
    peer: str
    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median over the rounds."""
        return median(self.rounds)

    def times_ours(self, own: Self) -> float | None:
        """Return how many times what ``own`` took this one did: the median over the rounds."""
        if not all(own.rounds):
            return None
        return median(theirs / mine for theirs, mine in zip(self.rounds, own.rounds, strict=True))


def own_of(rows: Sequence[Row], beside: Row) -> Row:
    """Return our row of the same quantity."""
    return next(each for each in rows if each.peer == ours.NAME and each.what == beside.what)


def in_turn(peers: Sequence[T], number: int) -> list[T]:
    """Begin each round with another one, so that nobody always follows the same neighbour."""
    start = number % len(peers)
    return [*peers[start:], *peers[:start]]
