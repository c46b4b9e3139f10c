"""Data sets out of the DICOM JSON model (PS3.18 Annex F), as bytes ready to be written.

Text becomes UTF-8, and Specific Character Set says so, whatever the sender claimed: JSON is UTF-8.
"""

import base64
import binascii
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.valuerep import format_number_as_ds

from dicom.values import BINARY_NUMBERS, TEXT_VRS, UNSPLIT_VRS
from dicom.writer import raw_element

_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_BYTE_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_DEEPEST: Final = 32
_MOST_ELEMENTS: Final = 250_000
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_TRANSFER_SYNTAXES: Final = (0x00020010, 0x00083002)
"""In the file meta information, or as Available Transfer Syntax UID (PS3.18 10.5.2)."""
_NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")


class JsonError(ValueError):
    """Something that is no data set in the DICOM JSON model; the message never holds a value."""


class TooManyNodes(JsonError):
    """More parts than may be held at once."""


@dataclass(slots=True)
class NodeBudget:
    """What descriptions may still cost in memory, where two bytes of text can take a hundred.

    Parameters
    ----------
    left
        Objects, lists and values of JSON that may still come.
    """

    left: int = 2_000_000

    def spend(self, nodes: int) -> None:
        """Take away what is about to be held.

        Raises
        ------
        TooManyNodes
            If there is not so much left.
        """
        self.left -= nodes
        if self.left < 0:
            raise TooManyNodes("the description has too many parts; send fewer instances at once")


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that stands elsewhere.

    Parameters
    ----------
    vr
        Of the element.
    uri
        As the sender wrote it.
    """

    vr: str
    uri: str


@dataclass(slots=True)
class Described:
    """A data set as somebody described it.

    Parameters
    ----------
    dataset
        Its values are bytes or sequences.
    references
        By path (see `dicom.structure.BulkValue`).
    transfer_syntax_uid
        Where it is told.
    """

    dataset: Dataset
    references: dict[tuple[int, ...], Reference] = field(default_factory=dict)
    transfer_syntax_uid: str | None = None


def from_json(described: object) -> Described:
    """Read one data set.

    Parameters
    ----------
    described
        A JSON object, already parsed.

    Raises
    ------
    JsonError
        With the tag at which it is none.
    """
    reader = _Reader()
    dataset = reader.dataset(described, ())
    keys = cast("Iterable[BaseTag]", dataset.keys())
    elements: dict[BaseTag, Any] = {tag: dataset.get_item(tag) for tag in keys}
    charset = raw_element(_SPECIFIC_CHARACTER_SET, "CS", b"ISO_IR 192")
    elements[BaseTag(_SPECIFIC_CHARACTER_SET)] = charset
    return Described(Dataset(elements), reader.references, reader.transfer_syntax_uid)


class _Reader:
    def __init__(self) -> None:
        self.references: dict[tuple[int, ...], Reference] = {}
        self.transfer_syntax_uid: str | None = None
        self._left = _MOST_ELEMENTS

    def dataset(self, described: object, path: tuple[int, ...]) -> Dataset:
        if not isinstance(described, dict):
            raise JsonError(f"{_where(path)}: a data set is an object")
        if len(path) // 2 > _DEEPEST:
            raise JsonError(f"sequences deeper than {_DEEPEST}")
        elements: dict[BaseTag, Any] = {}
        for name, content in described.items():
            self._left -= 1
            if self._left < 0:
                raise JsonError(f"more than {_MOST_ELEMENTS} elements")
            if _TAG.fullmatch(name) is None or not isinstance(content, dict):
                raise JsonError(f"{_where(path)}: a tag is eight hexadecimal digits, and an object")
            found = self._element(int(name, 16), content, path)
            if found is not None:
                elements[BaseTag(found.tag)] = found
        return Dataset(dict(sorted(elements.items())))

    def _element(
        self, tag: int, content: dict[str, Any], path: tuple[int, ...]
    ) -> RawDataElement | DataElement | None:
        here = (*path, tag)
        vr = content.get("vr")
        if not isinstance(vr, str) or vr not in _READERS.keys() | _BYTE_VRS | {"SQ"}:
            raise JsonError(f"{_where(here)}: the VR is none")
        if not path and tag in _TRANSFER_SYNTAXES:
            self._take_transfer_syntax(content, here)
        if tag >> 16 in (0, 2, 0xFFFE) or not tag & 0xFFFF or tag == _SPECIFIC_CHARACTER_SET:
            return None
        if "BulkDataURI" in content:
            uri = content["BulkDataURI"]
            if not isinstance(uri, str) or not uri:
                raise JsonError(f"{_where(here)}: a BulkDataURI is text")
            self.references[here] = Reference(vr, uri)
            return None
        values = content.get("Value", [])
        if not isinstance(values, list):
            raise JsonError(f"{_where(here)}: Value is a list")
        if vr == "SQ":
            items = [self.dataset(each or {}, (*here, at)) for at, each in enumerate(values)]
            return DataElement(BaseTag(tag), "SQ", Sequence(items), already_converted=True)
        try:
            if "InlineBinary" in content or vr in _BYTE_VRS:
                data = base64.b64decode(content.get("InlineBinary", ""), validate=True)
            else:
                data = _READERS[vr](vr, values)
        except (ValueError, TypeError, binascii.Error, struct.error, OverflowError) as error:
            raise JsonError(f"{_where(here)}: a value that {vr} does not allow") from error
        return raw_element(tag, vr, data)

    def _take_transfer_syntax(self, content: dict[str, Any], path: tuple[int, ...]) -> None:
        values = content.get("Value")
        if not isinstance(values, list) or len(values) != 1 or not isinstance(values[0], str):
            raise JsonError(f"{_where(path)}: one transfer syntax is wanted")
        self.transfer_syntax_uid = values[0]


def _where(path: tuple[int, ...]) -> str:
    text = ".".join(str(part) if at % 2 else f"{part:08X}" for at, part in enumerate(path))
    return text or "the data set"


def _text(vr: str, values: list[Any]) -> bytes:
    parts = []
    for value in values:
        if value is None:
            parts.append("")
        elif isinstance(value, str) and "\0" not in value:
            if "\\" in value and vr not in UNSPLIT_VRS and len(values) > 1:
                raise ValueError("a backslash parts values")
            parts.append(value)
        else:
            raise TypeError("text is wanted")
    return "\\".join(parts).encode()


def _name(_vr: str, values: list[Any]) -> bytes:
    names = []
    for value in values:
        if value is None:
            names.append("")
            continue
        if isinstance(value, str):
            # PS3.18 F.2.2 wants an object; older writers give the text itself.
            names.append(value)
            continue
        if not isinstance(value, dict):
            raise TypeError("a name is an object")
        groups = [value.get(group) or "" for group in _NAME_GROUPS]
        names.append("=".join(groups).rstrip("="))
    return _text("PN", list(names))


def _decimal(vr: str, values: list[Any]) -> bytes:
    return "\\".join(_decimal_text(vr, value) for value in values).encode("ascii")


def _decimal_text(vr: str, value: object) -> str:
    match value:
        case None | "":
            return ""
        case bool():
            raise TypeError("a number is wanted")
        case float() if vr == "DS" or not value.is_integer():
            return format_number_as_ds(value)
        case int() | float() | str() if vr == "IS":
            return str(int(value))
        case int() | str():
            return str(value)
        case _:
            raise TypeError("a number is wanted")


def _binary(vr: str, values: list[Any]) -> bytes:
    code = BINARY_NUMBERS[vr]
    kind = float if code in "fd" else int
    return struct.pack(f"<{len(values)}{code}", *(kind(value) for value in values))


def _tags(_vr: str, values: list[Any]) -> bytes:
    found = []
    for value in values:
        if not isinstance(value, str) or _TAG.fullmatch(value) is None:
            raise TypeError("a tag is wanted")
        found.append(struct.pack("<HH", int(value[:4], 16), int(value[4:], 16)))
    return b"".join(found)


_READERS: Final[Mapping[str, Callable[[str, list[Any]], bytes]]] = {
    **dict.fromkeys(TEXT_VRS, _text),
    **dict.fromkeys(BINARY_NUMBERS, _binary),
    "PN": _name,
    "DS": _decimal,
    "IS": _decimal,
    "AT": _tags,
}
