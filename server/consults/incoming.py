"""What a browser says in a room, read within bounds."""

from typing import Final

from pydantic import ValidationError

from server.consults.signals import CLIENT_MESSAGES, ClientMessage, Join
from server.core.errors import InvalidInput

_MESSAGE_BYTES: Final = 8 * 1024
_CURSOR_BYTES: Final = 256


def may_be_cursor(text: str) -> bool:
    """Tell, unread, whether it looks like a cursor, which may be dropped."""
    return len(text) <= _CURSOR_BYTES and '"cursor"' in text


def parsed(text: str) -> ClientMessage:
    """Read one message; only a ``join`` may be long.

    Raises
    ------
    InvalidInput
        If it is none, or too long.
    """
    if len(text) > _MESSAGE_BYTES and '"join"' not in text:
        raise InvalidInput("the message is too long", code="message-too-long")
    try:
        message = CLIENT_MESSAGES.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InvalidInput(f"{where}: {first['msg']}", code="bad-message") from error
    if not isinstance(message, Join) and len(text) > _MESSAGE_BYTES:
        raise InvalidInput("the message is too long", code="message-too-long")
    return message
