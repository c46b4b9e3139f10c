"""The errors of the application, one small tree; each carries a stable ``code``.

::

    LianzhenError
    ├── InvalidInput          what was sent cannot be understood
    ├── NotSignedIn           nobody is known to be asking
    ├── NotAllowed            somebody is, and may not
    ├── NotFound              there is no such thing, or none for this person
    ├── Conflict              the state of things refuses it
    ├── TooLarge              more bytes than this place takes
    ├── UnsupportedMedia      a kind of content this place does not take
    ├── NotAcceptable         no representation the client would accept
    ├── Unprocessable         well sent, and yet it cannot be taken
    ├── Throttled             too many tries; come back later
    ├── Unavailable           a part we need is down; come back later
    └── StorageFull           there is no room to keep it safely

Only `core/http.py` knows which status each becomes. ``detail`` is read by people outside and
carries no patient data, path or stack.
"""

from typing import ClassVar


class LianzhenError(Exception):
    """An expected failure with a stable code and a sentence for the person who meets it."""

    default_code: ClassVar[str] = "internal"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code


class InvalidInput(LianzhenError):
    """What was sent cannot be understood."""

    default_code = "invalid-input"


class NotSignedIn(LianzhenError):
    """Nobody is known to be asking."""

    default_code = "not-signed-in"


class NotAllowed(LianzhenError):
    """Somebody asks who may not."""

    default_code = "not-allowed"


class NotFound(LianzhenError):
    """There is no such thing, or none that this person may know of."""

    default_code = "not-found"


class Conflict(LianzhenError):
    """The state of things refuses it."""

    default_code = "conflict"


class TooLarge(LianzhenError):
    """More bytes than this place takes."""

    default_code = "too-large"


class UnsupportedMedia(LianzhenError):
    """A kind of content this place does not take."""

    default_code = "unsupported-media"


class NotAcceptable(LianzhenError):
    """No representation the client would accept."""

    default_code = "not-acceptable"


class Unprocessable(LianzhenError):
    """What was sent arrived whole, and its content cannot be taken."""

    default_code = "unprocessable"


class _ComeBackLater(LianzhenError):
    def __init__(self, detail: str, *, code: str | None = None, retry_after_s: int = 5) -> None:
        super().__init__(detail, code=code)
        self.retry_after_s = retry_after_s


class Throttled(_ComeBackLater):
    """Too many tries."""

    default_code = "too-many-attempts"


class Unavailable(_ComeBackLater):
    """A part we need is down."""

    default_code = "unavailable"


class StorageFull(LianzhenError):
    """There is no room to keep it safely."""

    default_code = "storage-full"
