"""DIMSE command sets: implicit VR little endian elements of group 0000.

Read and written here: a command set is a dozen elements, and building a dataset for it costs more
than the rest of a C-ECHO.

References
----------
DICOM PS3.7 sections 6.3.1, 9.3, 10.3 and annexes C and E.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

NO_DATA_SET: Final = 0x0101
"""Command Data Set Type where no dataset follows (PS3.7 E.1); any other value: one does."""
SOME_DATA_SET: Final = 0x0001

RESPONSE_BIT: Final = 0x8000
"""Set in the command field of a response."""


class CommandField(IntEnum):
    """Command fields of the messages we know by name (PS3.7 E.1)."""

    C_STORE_RQ = 0x0001
    C_GET_RQ = 0x0010
    C_FIND_RQ = 0x0020
    C_MOVE_RQ = 0x0021
    C_ECHO_RQ = 0x0030
    N_EVENT_REPORT_RQ = 0x0100
    N_GET_RQ = 0x0110
    N_SET_RQ = 0x0120
    N_ACTION_RQ = 0x0130
    N_CREATE_RQ = 0x0140
    C_CANCEL_RQ = 0x0FFF


class Element(IntEnum):
    """Element numbers in group 0000 (PS3.7 E.1)."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    REQUESTED_SOP_CLASS_UID = 0x0003
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    ERROR_COMMENT = 0x0902
    ERROR_ID = 0x0903
    AFFECTED_SOP_INSTANCE_UID = 0x1000
    REQUESTED_SOP_INSTANCE_UID = 0x1001
    EVENT_TYPE_ID = 0x1002
    ATTRIBUTE_IDENTIFIER_LIST = 0x1005
    ACTION_TYPE_ID = 0x1008
    REMAINING_SUBOPERATIONS = 0x1020
    COMPLETED_SUBOPERATIONS = 0x1021
    FAILED_SUBOPERATIONS = 0x1022
    WARNING_SUBOPERATIONS = 0x1023
    MOVE_ORIGINATOR_AE = 0x1030
    MOVE_ORIGINATOR_MESSAGE_ID = 0x1031


_TEXTS: Final = frozenset(
    {Element.MOVE_DESTINATION, Element.MOVE_ORIGINATOR_AE, Element.ERROR_COMMENT}
)
"""Padded with a space (PS3.5 6.2), where a UID has a null."""
_ECHOED: Final = (
    (Element.AFFECTED_SOP_CLASS_UID, Element.AFFECTED_SOP_CLASS_UID),
    (Element.REQUESTED_SOP_CLASS_UID, Element.AFFECTED_SOP_CLASS_UID),
    (Element.AFFECTED_SOP_INSTANCE_UID, Element.AFFECTED_SOP_INSTANCE_UID),
    (Element.REQUESTED_SOP_INSTANCE_UID, Element.AFFECTED_SOP_INSTANCE_UID),
    (Element.EVENT_TYPE_ID, Element.EVENT_TYPE_ID),
    (Element.ACTION_TYPE_ID, Element.ACTION_TYPE_ID),
)
"""What a response repeats of its request, and under which element (PS3.7 10.3)."""


class Status(IntEnum):
    """Statuses by name (PS3.7 annex C, PS3.4 tables B.2-1, C.4-1 to -3)."""

    SUCCESS = 0x0000
    NO_SUCH_ATTRIBUTE = 0x0105
    INVALID_ATTRIBUTE_VALUE = 0x0106
    ATTRIBUTE_LIST_ERROR = 0x0107
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NO_SUCH_SOP_INSTANCE = 0x0112
    NO_SUCH_EVENT_TYPE = 0x0113
    INVALID_ARGUMENT_VALUE = 0x0115
    ATTRIBUTE_VALUE_OUT_OF_RANGE = 0x0116
    INVALID_SOP_INSTANCE = 0x0117
    NO_SUCH_SOP_CLASS = 0x0118
    CLASS_INSTANCE_CONFLICT = 0x0119
    MISSING_ATTRIBUTE = 0x0120
    MISSING_ATTRIBUTE_VALUE = 0x0121
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION_TYPE = 0x0123
    NOT_AUTHORISED = 0x0124
    UNRECOGNIZED_OPERATION = 0x0211
    RESOURCE_LIMITATION = 0x0213
    OUT_OF_RESOURCES = 0xA700
    CANNOT_COUNT_MATCHES = 0xA701
    CANNOT_PERFORM_SUBOPERATIONS = 0xA702
    MOVE_DESTINATION_UNKNOWN = 0xA801
    IDENTIFIER_MISMATCH = 0xA900
    SUBOPERATIONS_WITH_FAILURES = 0xB000
    CANNOT_UNDERSTAND = 0xC000
    CANCELLED = 0xFE00
    PENDING = 0xFF00
    PENDING_UNMATCHED = 0xFF01


class CommandError(ValueError):
    """A command set that cannot be read, or lacks what its message needs."""


@dataclass(frozen=True, slots=True)
class CommandSet:
    """A command set as it came.

    Parameters
    ----------
    elements
        Element number to raw value.
    """

    elements: Mapping[int, bytes]

    def number(self, element: Element) -> int | None:
        """Return a US value, or None where the element is absent.

        Raises
        ------
        CommandError
            If the value is not two bytes.
        """
        raw = self.elements.get(element)
        if raw is None:
            return None
        if len(raw) != 2:
            raise CommandError(f"{element.name} is not two bytes")
        return int.from_bytes(raw, "little")

    def text(self, element: Element) -> str:
        """Return a UI or AE value without padding, empty where the element is absent.

        Raises
        ------
        CommandError
            If the value has bytes outside of printable ASCII.
        """
        # Latin-1 takes every byte, so that one test finds all that is not printable ASCII.
        value = self.elements.get(element, b"").strip(b" \0").decode("latin-1")
        if not (value.isascii() and value.isprintable()):
            raise CommandError(f"{element.name} is not printable")
        return value

    def tags(self, element: Element) -> tuple[int, ...]:
        """Return the tags of an AT value, empty where the element is absent.

        Raises
        ------
        CommandError
            If the value is not whole tags.
        """
        raw = self.elements.get(element, b"")
        if len(raw) % 4:
            raise CommandError(f"{element.name} is not whole tags")
        return tuple(group << 16 | number for group, number in struct.iter_unpack("<HH", raw))

    @property
    def command_field(self) -> int:
        """Return the command field.

        Raises
        ------
        CommandError
            If it is missing.
        """
        return self._required(Element.COMMAND_FIELD)

    @property
    def message_id(self) -> int:
        """Return the message ID.

        Raises
        ------
        CommandError
            If it is missing.
        """
        return self._required(Element.MESSAGE_ID)

    @property
    def status(self) -> int:
        """Return the status of a response.

        Raises
        ------
        CommandError
            If it is missing.
        """
        return self._required(Element.STATUS)

    @property
    def has_data_set(self) -> bool:
        """Return whether a dataset follows.

        Raises
        ------
        CommandError
            If the command set does not say.
        """
        return self._required(Element.DATA_SET_TYPE) != NO_DATA_SET

    def _required(self, element: Element) -> int:
        value = self.number(element)
        if value is None:
            raise CommandError(f"{element.name} is missing")
        return value


def decode_command(data: bytes) -> CommandSet:
    """Read an encoded command set.

    Raises
    ------
    CommandError
        If an element is cut, out of order or outside of group 0000.
    """
    elements: dict[int, bytes] = {}
    offset, previous = 0, -1
    while offset < len(data):
        if len(data) - offset < 8:
            raise CommandError("an element is cut inside its header")
        group, number, length = struct.unpack_from("<HHI", data, offset)
        offset += 8
        if group != 0 or number <= previous:
            raise CommandError("elements are out of order or of another group")
        if length > len(data) - offset:
            raise CommandError("an element is longer than the command set")
        elements[number] = data[offset : offset + length]
        previous = number
        offset += length
    return CommandSet(elements)


def encode_response(
    request: CommandSet,
    status: int,
    comment: str | None = None,
    *,
    has_data_set: bool = False,
    counts: Mapping[Element, int] = MappingProxyType({}),
    sop_instance_uid: str | None = None,
    attributes: Sequence[int] = (),
    error_id: int | None = None,
) -> bytes:
    """Return the encoded response to ``request``.

    Parameters
    ----------
    request
        The command set answered; its UIDs, action type and event type are echoed.
    status
        Status (PS3.7 annex C).
    comment
        Error comment, cut to the 64 characters of an LO and to printable ASCII.
    has_data_set
        Whether a data set follows.
    counts
        Numbers of sub-operations.
    sop_instance_uid
        Of the instance created, where the request named none.
    attributes
        Tags the status is about.
    error_id
        More about the status, as the service numbers it.
    """
    elements = {
        Element.COMMAND_FIELD: _us(request.command_field | RESPONSE_BIT),
        Element.MESSAGE_ID_BEING_RESPONDED_TO: _us(request.message_id),
        Element.DATA_SET_TYPE: _us(SOME_DATA_SET if has_data_set else NO_DATA_SET),
        Element.STATUS: _us(status),
    }
    if sop_instance_uid is not None:
        elements[Element.AFFECTED_SOP_INSTANCE_UID] = sop_instance_uid.encode("ascii")
    for asked, answered in _ECHOED:
        value = request.elements.get(asked)
        if value is not None and len(value) <= 64:
            elements[answered] = value
    if comment and status != Status.SUCCESS:
        printable = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in comment[:64])
        elements[Element.ERROR_COMMENT] = printable.encode("ascii")
    if error_id is not None:
        elements[Element.ERROR_ID] = _us(error_id)
    if attributes:
        elements[Element.ATTRIBUTE_IDENTIFIER_LIST] = b"".join(
            struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in attributes
        )
    # A number has 16 bits; who retrieves more is told of as many (PS3.7 9.3.4.2).
    elements |= {each: _us(min(counts[each], 0xFFFF)) for each in counts}
    return _encode(elements)


def comment_of(response: CommandSet) -> str | None:
    """Return the error comment of a response, printable whatever the peer wrote."""
    raw = response.elements.get(Element.ERROR_COMMENT, b"")[:64].strip(b" \0")
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in raw) or None


def encode_command(elements: Mapping[Element, int | str | None]) -> bytes:
    """Return an encoded command set.

    Parameters
    ----------
    elements
        Values by element: numbers of 16 bits, UIDs and AE titles; those that are None are left out.
    """
    return _encode(
        {
            number: _us(value) if isinstance(value, int) else value.encode("ascii")
            for number, value in elements.items()
            if value is not None
        }
    )


def _encode(elements: Mapping[Element, bytes]) -> bytes:
    encoded = b"".join(
        _element(number, elements[number], b" " if number in _TEXTS else b"\0")
        for number in sorted(elements)
    )
    return _element(Element.GROUP_LENGTH, struct.pack("<I", len(encoded))) + encoded


def _us(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _element(number: int, value: bytes, padding: bytes = b"\0") -> bytes:
    if len(value) % 2:
        value += padding
    return struct.pack("<HHI", 0, number, len(value)) + value
