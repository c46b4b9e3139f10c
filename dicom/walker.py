"""Walk the structure of an encoded data set with an explicit stack (PS3.5 chapter 7).

Nothing here recurses and every length is checked against the bytes around it before it is used,
so depth, element count and memory are bounded whatever the file claims. Values that are small
stand in the resulting data set, unconverted; large ones and pixel data are only located.
"""

from array import array
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final, Literal, cast

from pydicom._dicom_dict import DicomDictionary
from pydicom.charset import python_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from dicom.charset import DEFAULT_CHARSET, Charset, parse_charset
from dicom.faults import DicomFormatError, FormatFault
from dicom.source import ByteSource
from dicom.structure import BulkValue, Fragments, ScanLimits, Walked
from dicom.values import NestedDataset

UNDEFINED: Final = 0xFFFFFFFF
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_PIXEL_TAGS: Final = frozenset({0x7FE00010, 0x7FE00008, 0x7FE00009})
"""Pixel Data, Float and Double Float Pixel Data at the top level (PS3.3 C.7.6.3, C.7.6.24)."""
_IDENTITY: Final = frozenset({0x00080016, 0x00080018, 0x0020000D, 0x0020000E}) | _PIXEL_TAGS
"""Elements that two readers must not understand differently."""

_CAREFUL: Final = _IDENTITY | {_SPECIFIC_CHARACTER_SET}
_LONG_VRS: Final = {vr.encode(): str(vr) for vr in EXPLICIT_VR_LENGTH_32 if len(vr) == 2}
_SHORT_VRS: Final = {vr.encode(): str(vr) for vr in EXPLICIT_VR_LENGTH_16}
_UNTOLD: Final = frozenset({None, "UN"})
_BYTE_VRS: Final = frozenset({"OB", "OW", "OB or OW"})
_ITEM_COST: Final = 3
"""An item costs memory and time like so many elements."""
_LONGEST_PADDING: Final = 64 * 1024

_LITTLE: Final = Struct("<HHI")
_BIG: Final = Struct(">HHI")
_LITTLE_EXPLICIT: Final = Struct("<HH2sH")
_BIG_EXPLICIT: Final = Struct(">HH2sH")


@dataclass(slots=True)
class _Level:
    """A data set (``items`` is None) or a sequence (``elements`` is None) being read."""

    end: int
    undefined: bool
    implicit: bool
    little: bool
    path: tuple[int, ...]
    charset: Charset
    elements: dict[BaseTag, Any] | None = None
    items: list[Dataset] | None = None
    sniff: bool = False
    tentative: bool = False
    start: int = 0
    bulk_before: int = 0


class Walker:
    """One pass over an encoded data set.

    Parameters
    ----------
    source
        The file.
    limits
        What it may cost.
    implicit, little
        The encoding of the transfer syntax.
    """

    def __init__(
        self, source: ByteSource, limits: ScanLimits, *, implicit: bool, little: bool
    ) -> None:
        self._source = source
        self._limits = limits
        self._implicit = implicit
        self._little = little
        self._count = 0
        self._stack: list[_Level] = []
        self._found = Walked(Dataset())

    def walk(self, start: int, end: int) -> Walked:
        """Walk from ``start`` to ``end`` (offsets in bytes) and return what stands there.

        Raises
        ------
        DicomFormatError
            For any structure that PS3.5 chapter 7 does not allow, or that exceeds the limits.
        """
        root = _Level(
            end,
            undefined=False,
            implicit=self._implicit,
            little=self._little,
            path=(),
            charset=DEFAULT_CHARSET,
            elements={},
        )
        self._run(root, start)
        if root.elements is not None:
            self._found.dataset = Dataset(root.elements)
        self._found.dataset.set_original_encoding(self._implicit, self._little, root.charset.codecs)
        return self._found

    def _run(self, root: _Level, pos: int) -> None:
        stack = self._stack = [root]
        while stack:
            level = stack[-1]
            try:
                if pos >= level.end:
                    self._end(level)
                elif level.items is not None:
                    pos = self._item(level, pos)
                else:
                    pos = self._plain_elements(level, pos)
                    if pos < level.end:
                        pos = self._element(level, pos)
            except DicomFormatError as error:
                pos = self._abandon(error)

    def _end(self, level: _Level) -> None:
        if level.undefined:
            raise DicomFormatError(FormatFault.TRUNCATED, f"no delimiter before {level.end}")
        self._close()

    def _abandon(self, error: DicomFormatError) -> int:
        """Give up the innermost tentative sequence and keep its bytes opaque, or raise."""
        if error.code not in (FormatFault.TRUNCATED, FormatFault.BAD_STRUCTURE):
            raise error
        depth = next(
            (at for at in range(len(self._stack) - 1, -1, -1) if self._stack[at].tentative), None
        )
        if depth is None:
            raise error
        level = self._stack[depth]
        parent = self._stack[depth - 1]
        del self._stack[depth:]
        del self._found.bulk[level.bulk_before :]
        length = level.end - level.start
        if length > self._limits.inline_bytes:
            self._found.bulk.append(BulkValue(level.path, "UN", level.start, length))
        elif parent.elements is not None:
            tag = BaseTag(level.path[-1])
            value = self._source.peek(level.start, length)
            parent.elements[tag] = DataElement(tag, "UN", value, already_converted=True)
        return level.end

    def _spend(self, count: int = 1) -> None:
        self._count += count
        if self._count > self._limits.max_elements:
            raise DicomFormatError(
                FormatFault.TOO_MANY_ELEMENTS, f"more than {self._limits.max_elements} elements"
            )

    def _close(self) -> None:
        level = self._stack.pop()
        if not self._stack:
            return
        parent = self._stack[-1]
        if level.elements is not None and parent.items is not None:
            item = NestedDataset(
                level.elements,
                parent_encoding=[python_encoding.get(t, "iso8859") for t in parent.charset.terms]
                or "iso8859",
            )
            item.inherited_charset = parent.charset
            item.set_original_encoding(level.implicit, level.little)
            parent.items.append(item)
        elif level.items is not None and parent.elements is not None:
            tag = BaseTag(level.path[-1])
            parent.elements[tag] = DataElement(
                tag, "SQ", Sequence(level.items), already_converted=True
            )

    def _item(self, level: _Level, pos: int) -> int:
        self._check_room(level, pos, 8)
        tag, length = _tag_and_length(self._source.peek(pos, 8), little=level.little)
        pos += 8
        if tag == _SEQUENCE_END and level.undefined:
            self._close()
            return pos
        if tag != _ITEM or level.items is None:
            raise DicomFormatError(
                FormatFault.BAD_STRUCTURE, f"no item where one must stand, at offset {pos - 8}"
            )
        self._spend(_ITEM_COST)
        undefined = length == UNDEFINED
        end = level.end if undefined else pos + length
        if end > level.end:
            raise _overrun(pos - 8, length)
        if level.sniff and end - pos >= 8:
            # UN hides implicit VR (PS3.5 6.2.2), but some writers left explicit VR in it.
            level.implicit = self._source.peek(pos, 8)[4:6] not in _SHORT_VRS | _LONG_VRS
            level.sniff = False
        index = len(level.items)
        self._stack.append(
            _Level(
                end,
                undefined,
                level.implicit,
                level.little,
                (*level.path, index),
                level.charset,
                elements={},
            )
        )
        return pos

    def _plain_elements(self, level: _Level, pos: int) -> int:
        """Read the elements from ``pos`` on that need no care and stand in the window.

        Nine of ten elements are short and no sequences; this loop is what a scan costs. It stops
        at anything else, which `_element` then judges.
        """
        window, base = self._source.window()
        at = pos - base
        if at < 0:
            return pos
        last = min(len(window), level.end - base)
        longest = self._limits.inline_bytes
        elements = cast("dict[BaseTag, Any]", level.elements)
        little, implicit = level.little, level.implicit
        if implicit:
            unpack = (_LITTLE if little else _BIG).unpack_from
        else:
            unpack = (_LITTLE_EXPLICIT if little else _BIG_EXPLICIT).unpack_from
        count = 0
        while at + 8 <= last:
            vr = None
            if implicit:
                group, number, length = unpack(window, at)
                tag = group << 16 | number
                entry = DicomDictionary.get(tag)
                if entry is None or entry[0] == "SQ":
                    break
            else:
                group, number, code, length = unpack(window, at)
                tag = group << 16 | number
                vr = _SHORT_VRS.get(code)
                if vr is None:
                    break
            start = at + 8
            end = start + length
            if end > last or length > longest or tag in _CAREFUL or group < 8 or group == 0xFFFE:
                break
            key = BaseTag(tag)
            elements[key] = RawDataElement(
                key, vr, length, window[start:end], base + start, implicit, little
            )
            at = end
            count += 1
        # The window bounds how far one call can go beyond the limit.
        self._spend(count)
        return base + at

    def _element(self, level: _Level, pos: int) -> int:
        if pos + 8 > level.end:
            return self._tail(level, pos)
        tag, vr, length, start = self._header(level, pos)
        if tag >> 16 in (0xFFFE, 0):
            return self._delimiter(level, tag, pos)
        self._spend()
        if tag in _IDENTITY and not level.path and tag in cast("dict[int, Any]", level.elements):
            raise DicomFormatError(FormatFault.DUPLICATE_ELEMENT, f"({tag:08X}) stands twice")
        if length == UNDEFINED:
            return self._undefined(level, tag, vr, start)
        end = start + length
        if end > level.end:
            raise _overrun(pos, length)
        if vr == "SQ" or (vr is None and _dictionary_vr(tag) == "SQ"):
            return self._open(level, tag, start, end)
        if vr in _UNTOLD and length >= 8 and self._may_hide_items(level, tag, vr, start):
            return self._open(level, tag, start, end, un=vr == "UN", tentative=True)
        self._value(level, tag, vr, start, length)
        return end

    def _header(self, level: _Level, pos: int) -> tuple[int, str | None, int, int]:
        """Return tag, VR (None where implicit), length, and the offset of the value."""
        head = self._source.peek(pos, 8)
        if level.implicit:
            group, number, length = (_LITTLE if level.little else _BIG).unpack(head)
            return group << 16 | number, None, length, pos + 8
        group, number, code, length = (_LITTLE_EXPLICIT if level.little else _BIG_EXPLICIT).unpack(
            head
        )
        tag = group << 16 | number
        vr = _SHORT_VRS.get(code)
        if vr is not None:
            return tag, vr, length, pos + 8
        vr = _LONG_VRS.get(code)
        order: Literal["little", "big"] = "little" if level.little else "big"
        if vr is not None:
            self._check_room(level, pos, 12)
            return tag, vr, int.from_bytes(self._source.peek(pos + 8, 4), order), pos + 12
        if code.isalpha() and code.isupper():
            # An unknown VR: pydicom and DCMTK take a 16-bit length, too.
            return tag, "UN", length, pos + 8
        # The writer fell back to implicit VR inside an explicit file.
        return tag, None, int.from_bytes(head[4:], order), pos + 8

    def _value(self, level: _Level, tag: int, vr: str | None, start: int, length: int) -> None:
        if tag in _PIXEL_TAGS and not level.path:
            self._set_pixel_data(BulkValue((tag,), vr or "OW", start, length))
        elif length > self._limits.inline_bytes:
            path = (*level.path, tag)
            self._found.bulk.append(BulkValue(path, vr or _dictionary_vr(tag), start, length))
        else:
            value = self._source.peek(start, length)
            if tag == _SPECIFIC_CHARACTER_SET:
                level.charset = parse_charset(value)
            key = BaseTag(tag)
            cast("dict[BaseTag, Any]", level.elements)[key] = RawDataElement(
                key, vr, length, value, start, vr is None, level.little
            )

    def _tail(self, level: _Level, pos: int) -> int:
        rest = self._source.peek(pos, level.end - pos)
        if not level.path and rest.strip(b"\0") == b"":
            return level.end
        raise DicomFormatError(FormatFault.TRUNCATED, f"an element is cut at offset {pos}")

    def _is_padding(self, level: _Level, pos: int) -> bool:
        """Tell whether nothing but zeros follows, which some archives append to a file."""
        rest = level.end - pos
        return (
            not level.path
            and rest <= _LONGEST_PADDING
            and not self._source.read_apart(pos, rest).strip(b"\0")
        )

    def _delimiter(self, level: _Level, tag: int, pos: int) -> int:
        if tag == _ITEM_END and level.undefined:
            self._close()
            return pos + 8
        if tag == 0 and self._is_padding(level, pos):
            return level.end
        raise DicomFormatError(
            FormatFault.BAD_STRUCTURE, f"({tag:08X}) where an element must stand, offset {pos}"
        )

    def _check_room(self, level: _Level, pos: int, length: int) -> None:
        if pos + length > level.end:
            raise DicomFormatError(FormatFault.TRUNCATED, f"a header is cut at offset {pos}")

    def _open(
        self,
        level: _Level,
        tag: int,
        start: int,
        end: int,
        *,
        undefined: bool = False,
        un: bool = False,
        tentative: bool = False,
    ) -> int:
        path = (*level.path, tag)
        if len(path) // 2 >= self._limits.max_depth:
            raise DicomFormatError(
                FormatFault.TOO_DEEP, f"sequences deeper than {self._limits.max_depth}"
            )
        self._stack.append(
            _Level(
                end,
                undefined,
                level.implicit or un,
                level.little or un,
                path,
                level.charset,
                items=[],
                sniff=un,
                tentative=tentative,
                start=start,
                bulk_before=len(self._found.bulk),
            )
        )
        return start

    def _undefined(self, level: _Level, tag: int, vr: str | None, start: int) -> int:
        """Go into an element of undefined length: a sequence, or fragments (PS3.5 7.1.1, A.4)."""
        if vr in _BYTE_VRS or (vr is None and _dictionary_vr(tag) in _BYTE_VRS):
            vr = vr or "OB"
            fragments, end = self._fragments(level, start)
            found = BulkValue((*level.path, tag), vr, start, end - start, encapsulated=True)
            if not level.path and tag in _PIXEL_TAGS:
                self._set_pixel_data(found)
                self._found.fragments = fragments
            else:
                self._found.bulk.append(found)
            return end
        if vr in ("SQ", "UN", None):
            return self._open(level, tag, start, level.end, undefined=True, un=vr == "UN")
        raise DicomFormatError(FormatFault.BAD_STRUCTURE, f"undefined length of VR {vr}")

    def _fragments(self, level: _Level, start: int) -> tuple[Fragments, int]:
        read = self._source.read_apart
        starts = array("Q")
        lengths = array("Q")
        table = b""
        base = pos = start
        first = True
        while True:
            self._check_room(level, pos, 8)
            tag, length = _tag_and_length(read(pos, 8), little=level.little)
            pos += 8
            if tag == _SEQUENCE_END:
                return Fragments(table, base, starts, lengths), pos
            if tag != _ITEM or length == UNDEFINED:
                raise DicomFormatError(
                    FormatFault.BAD_PIXEL_DATA, f"no fragment where one must stand, {pos - 8}"
                )
            if pos + length > level.end:
                raise DicomFormatError(
                    FormatFault.PIXEL_DATA_TRUNCATED, f"a fragment of {length} bytes at {pos}"
                )
            if first:
                if length > 4 * self._limits.max_fragments:
                    raise _too_many_fragments(self._limits)
                table = read(pos, length)
                base = pos + length
                first = False
            else:
                starts.append(pos)
                lengths.append(length)
                if len(starts) > self._limits.max_fragments:
                    raise _too_many_fragments(self._limits)
            pos += length

    def _may_hide_items(self, level: _Level, tag: int, vr: str | None, start: int) -> bool:
        """Tell whether a value of unknown VR begins with an item, and so may be a sequence.

        Private and unknown sequences lose their VR in implicit files and in UN. Read here, they
        stay under the limits; pydicom would read them later, recursively.
        """
        if _dictionary_vr(tag) not in ("UN", "SQ"):
            return False
        little = level.little or vr == "UN"
        first, _ = _tag_and_length(self._source.peek(start, 8), little=little)
        return first == _ITEM

    def _set_pixel_data(self, found: BulkValue) -> None:
        if self._found.pixel_data is not None:
            raise DicomFormatError(FormatFault.DUPLICATE_ELEMENT, "pixel data stands twice")
        self._found.pixel_data = found


def _tag_and_length(head: bytes, *, little: bool) -> tuple[int, int]:
    group, number, length = (_LITTLE if little else _BIG).unpack(head)
    return group << 16 | number, length


def _dictionary_vr(tag: int) -> str:
    entry = DicomDictionary.get(tag)
    return "UN" if entry is None else entry[0]


def _overrun(pos: int, length: int) -> DicomFormatError:
    return DicomFormatError(
        FormatFault.TRUNCATED, f"{length} bytes claimed at offset {pos} are not there"
    )


def _too_many_fragments(limits: ScanLimits) -> DicomFormatError:
    return DicomFormatError(
        FormatFault.TOO_MANY_FRAGMENTS, f"more than {limits.max_fragments} fragments"
    )
