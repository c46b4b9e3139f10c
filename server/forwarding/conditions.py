"""What a route asks of an object: patterns, of which one in each list must match."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

from server.core.errors import InvalidInput

_MOST: Final = 32
_LONGEST: Final = 64


@dataclass(frozen=True)
class Facts:
    """What is known of an object where it arrives."""

    source_ae: str | None
    """None for what no device sent."""
    institution_id: str
    modality: str | None
    station: str | None
    descriptions: tuple[str | None, ...]
    """Of the study, the series and the protocol."""


@dataclass(frozen=True)
class Conditions:
    """Lists of patterns with ``*`` and ``?``, whatever the case of letters; an empty one is met."""

    source_aes: tuple[str, ...] = ()
    institution_ids: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is too much, or would match nothing."""
        for field in fields(self):
            patterns = getattr(self, field.name)
            if len(patterns) > _MOST:
                raise InvalidInput(f"{field.name} has more than {_MOST} patterns")
            if not all(0 < len(pattern) <= _LONGEST for pattern in patterns):
                raise InvalidInput(f"a pattern of {field.name} has 1 to {_LONGEST} characters")

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Return conditions as a row has them."""
        return cls(**{name: tuple(patterns) for name, patterns in stored.items()})

    def stored(self) -> dict[str, Any]:
        """Return them as a row has them: only what asks for something."""
        return {name: list(patterns) for name, patterns in asdict(self).items() if patterns}

    def are_met_by(self, facts: Facts) -> bool:
        """Tell whether every list has a pattern that matches."""
        return (
            _met(self.source_aes, [facts.source_ae])
            and _met(self.institution_ids, [facts.institution_id])
            and _met(self.modalities, [facts.modality])
            and _met(self.stations, [facts.station])
            and _met(self.descriptions, facts.descriptions)
        )


def _met(patterns: Sequence[str], values: Sequence[str | None]) -> bool:
    return not patterns or any(
        matches(pattern.casefold(), value.casefold())
        for value in values
        if value is not None
        for pattern in patterns
    )


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern with ``*`` and ``?`` matches, in time bounded by both lengths.

    A regular expression of many stars would take longer than anybody lives.
    """
    at = star = resume = 0
    has_star = False
    position = 0
    while position < len(text):
        if at < len(pattern) and pattern[at] == "*":
            has_star, star, resume = True, at, position
            at += 1
        elif at < len(pattern) and pattern[at] in {"?", text[position]}:
            at, position = at + 1, position + 1
        elif has_star:
            # The last star takes one more; earlier ones need not change.
            resume += 1
            at, position = star + 1, resume
        else:
            return False
    return all(sign == "*" for sign in pattern[at:])
