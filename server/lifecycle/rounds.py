"""Rounds over many studies: what befalls one stops none behind it."""

from typing import Final

import structlog

from server.core.objects.errors import ObjectStoreError

_log = structlog.get_logger(__name__)
_MOST_TRIES: Final = 5


class Failures:
    """What befell some studies of a round; raised at its end, when the others had their turn."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._errors: list[Exception] = []

    def note(self, error: Exception, **about: str) -> None:
        """Write down that one failed: it waits for the next round."""
        self._errors.append(error)
        _log.warning(
            f"{self._task} failed",
            reason=str(error),
            exc_info=not isinstance(error, ObjectStoreError),
            **about,
        )

    @property
    def is_store_down(self) -> bool:
        """Whether so many failed by a store's being down or full that the rest will, too."""
        waiting = [each for each in self._errors if isinstance(each, ObjectStoreError)]
        return sum(each.retryable for each in waiting) >= _MOST_TRIES

    def tell(self) -> None:
        """Raise the first, if there is one."""
        if self._errors:
            raise self._errors[0]
