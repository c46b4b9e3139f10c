"""``multipart/related`` as a stream, read and written without holding a part (RFC 2046 5.1)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from dicom.web.media_types import MULTIPART_RELATED, MediaTypeError, parse_media_type

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,199}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)
"""RFC 2046 allows 70 characters; Orthanc writes 73."""
_LONGEST_PADDING: Final = 64
_LONGEST_PREAMBLE: Final = 64 * 1024


class MultipartError(ValueError):
    """A body that is not the multipart message its header announced."""


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part's headers, names in lower case."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """A stretch of a part's body."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The end of a part."""


@dataclass(frozen=True, slots=True)
class MessageEnd:
    """The closing delimiter; what follows it is ignored."""


Event = PartBegin | PartData | PartEnd | MessageEnd


@dataclass(frozen=True, slots=True)
class MultipartType:
    """A ``multipart/related`` content type.

    Parameters
    ----------
    boundary
        Without the leading dashes.
    type
        Media type of the root part, in lower case; None where not stated.
    """

    boundary: str
    type: str | None


def parse_multipart_type(content_type: str) -> MultipartType:
    """Parse a Content-Type header.

    Raises
    ------
    MultipartError
        If it is not ``multipart/related`` with a usable boundary.
    """
    try:
        found = parse_media_type(content_type)
    except MediaTypeError as error:
        raise MultipartError(str(error)) from error
    boundary = found.parameter("boundary")
    if found.name != MULTIPART_RELATED or boundary is None:
        raise MultipartError("multipart/related with a boundary wanted")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise MultipartError("the boundary is none")
    kind = found.parameter("type")
    return MultipartType(boundary, None if kind is None else kind.lower())


class _State(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


class MultipartParser:
    """An incremental parser: bytes in, events out.

    Parameters
    ----------
    boundary
        From `parse_multipart_type`.
    max_header_bytes
        Of one part.
    max_parts
        Of the message.

    Notes
    -----
    Between calls it holds a delimiter's length of body at most, or the headers being read.
    """

    def __init__(
        self, boundary: str, *, max_header_bytes: int = 8192, max_parts: int = 100_000
    ) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._max_header_bytes = max_header_bytes
        self._parts_left = max_parts
        # The first delimiter needs no line break before it.
        self._buffer = b"\r\n"
        self._pos = 0
        self._state = _State.PREAMBLE
        self._skipped = 0

    @property
    def is_complete(self) -> bool:
        """True after the closing delimiter."""
        return self._state is _State.EPILOGUE

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes of the body and return what they complete.

        Raises
        ------
        MultipartError
            For headers that are too long or no headers, and too many parts.
        """
        if self._state is _State.EPILOGUE:
            return []
        self._buffer = self._buffer[self._pos :] + data
        self._pos = 0
        events: list[Event] = []
        while self._step(events):
            pass
        return events

    def close(self) -> None:
        """Check that the message has ended.

        Raises
        ------
        MultipartError
            If the closing delimiter is missing.
        """
        if not self.is_complete:
            raise MultipartError("the message ends before its closing delimiter")

    def _step(self, events: list[Event]) -> bool:
        """Make one move; False where more bytes are needed."""
        match self._state:
            case _State.PREAMBLE | _State.BODY:
                return self._to_delimiter(events)
            case _State.HEADERS:
                return self._headers(events)
            case _State.EPILOGUE:
                return False

    def _to_delimiter(self, events: list[Event]) -> bool:
        at = self._buffer.find(self._delimiter, self._pos)
        if at < 0:
            self._pass_on(self._tail_start(), events)
            return False
        end = at + len(self._delimiter)
        following = self._following(end)
        if following is None:
            self._pass_on(at, events)
            return False
        length, closing = following
        if length == 0:
            # The boundary is only the beginning of this line: it is content.
            self._pass_on(end, events)
            return True
        self._pass_on(at, events)
        self._pos = end + length
        if self._state is _State.BODY:
            events.append(PartEnd())
        if closing:
            self._state = _State.EPILOGUE
            self._buffer = b""
            events.append(MessageEnd())
            return False
        if self._parts_left == 0:
            raise MultipartError("too many parts")
        self._parts_left -= 1
        self._state = _State.HEADERS
        return True

    def _tail_start(self) -> int:
        """Return where the longest suffix begins that could grow into a delimiter."""
        size = len(self._buffer)
        start = max(size - len(self._delimiter) + 1, self._pos)
        while (at := self._buffer.find(b"\r", start)) >= 0:
            if self._delimiter.startswith(self._buffer[at:]):
                return at
            start = at + 1
        return size

    def _following(self, end: int) -> tuple[int, bool] | None:
        """Return (bytes behind a boundary, closing); (0, False) if it is content, None for more."""
        rest = self._buffer[end : end + _LONGEST_PADDING + 2]
        if rest.startswith(b"--"):
            return 2, True
        padding = len(rest) - len(rest.lstrip(b" \t"))
        line_end = rest[padding : padding + 2]
        if line_end == b"\r\n":
            return padding + 2, False
        if rest == b"-" or (b"\r\n".startswith(line_end) and len(rest) < _LONGEST_PADDING + 2):
            return None
        return 0, False

    def _pass_on(self, end: int, events: list[Event]) -> None:
        """Give out the body up to ``end``, or skip the preamble."""
        length = end - self._pos
        if length == 0:
            return
        if self._state is _State.BODY:
            events.append(PartData(self._buffer[self._pos : end]))
        else:
            self._skipped += length
            if self._skipped > _LONGEST_PREAMBLE:
                raise MultipartError("no delimiter within the first 64 KiB")
        self._pos = end

    def _headers(self, events: list[Event]) -> bool:
        if self._buffer.startswith(b"\r\n", self._pos):
            end, after = self._pos, self._pos + 2
        else:
            found = self._buffer.find(b"\r\n\r\n", self._pos)
            end = len(self._buffer) if found < 0 else found
            if end - self._pos > self._max_header_bytes:
                raise MultipartError("the headers of a part are too long")
            if found < 0:
                return False
            after = end + 4
        events.append(PartBegin(_parse_headers(self._buffer[self._pos : end])))
        self._pos = after
        self._state = _State.BODY
        return True


def _parse_headers(block: bytes) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for line in block.split(b"\r\n") if block else []:
        name, colon, value = line.decode("latin_1").partition(":")
        if not colon or not name or name != name.strip() or not name.isprintable():
            raise MultipartError("a header line of a part is none")
        key = name.lower()
        if key in headers:
            raise MultipartError("a header of a part stands twice")
        headers[key] = value.strip()
    return MappingProxyType(headers)


PART_END: Final = b"\r\n"
"""What follows every part's body."""


@dataclass(frozen=True, slots=True)
class MultipartWriter:
    """The bytes between the parts of a message: `begin`, body, `PART_END`, …, `end`.

    Parameters
    ----------
    boundary
        From `new_boundary`.
    type
        Media type of the parts.
    """

    boundary: str
    type: str

    @property
    def content_type(self) -> str:
        """The Content-Type header of the message."""
        return f'{MULTIPART_RELATED}; type="{self.type}"; boundary={self.boundary}'

    def begin(
        self,
        *,
        content_type: str | None = None,
        length: int | None = None,
        location: str | None = None,
    ) -> bytes:
        """Return the delimiter and headers of a part.

        Parameters
        ----------
        content_type
            With parameters such as the transfer syntax; the writer's type where None.
        length
            Of the body in bytes, where known.
        location
            Content-Location, the URL of the part alone.

        Raises
        ------
        ValueError
            If a header would not be one line of ASCII.
        """
        lines = [f"--{self.boundary}", f"Content-Type: {content_type or self.type}"]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        if location is not None:
            lines.append(f"Content-Location: {location}")
        for line in lines:
            if not line.isascii() or not line.isprintable():
                raise ValueError("a header of a part must be printable ASCII")
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def end(self) -> bytes:
        """Return the closing delimiter."""
        return f"--{self.boundary}--\r\n".encode("ascii")


def new_boundary(random_bits: Callable[[int], int]) -> str:
    """Make a boundary that no body will contain, from 128 random bits."""
    return f"lianzhen-{random_bits(128):032x}"
