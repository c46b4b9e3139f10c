"""Structured reports: the tree of content items, each value put into words (PS3.3 C.17.3, C.18)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.uids import is_uid, name_of_uid

MOST_ITEMS: Final = 20_000
_MOST_NUMBERS: Final = 12
"""Coordinates that are spelt out; a contour of thousands of points is only counted."""
_UCUM_DIMENSIONLESS: Final = frozenset({"1", "{ratio}"})


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 Table 8.8-1).

    Parameters
    ----------
    value, scheme
        Code Value (also long or a URN) and Coding Scheme Designator.
    meaning
        Code Meaning; the value where the writer left it out.
    """

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A composite object that an item refers to.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid
        Of the object; empty where they are no UIDs.
    frames
        Referenced Frame Number, in the words of the writer.
    study_uid, series_uid
        Where the report's evidence tells the object stands (C.17.2.3); empty where it does not.
    """

    sop_class_uid: str
    sop_instance_uid: str
    frames: tuple[int, ...] = ()
    study_uid: str = ""
    series_uid: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A tabulated value (C.18.10): the heads of its columns, and its rows of cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ContentItem:
    """A node of the tree.

    Parameters
    ----------
    value_type
        Such as ``CONTAINER`` or ``NUM``; empty for an item by reference.
    relationship
        To the node above, such as ``CONTAINS`` or ``HAS CONCEPT MOD``.
    name
        The concept, or None.
    text
        The value in words; empty for a container, a reference and a table.
    continuous
        True where the items of a container are to be read as one text (C.18.8.1.1).
    reference, table
        Of the value types that have one.
    target
        Of an item by reference: the position of its target, from 1, such as ``(1, 3, 2)``.
    children
        The nodes below.
    """

    value_type: str
    relationship: str
    name: Code | None
    text: str = ""
    continuous: bool = False
    reference: Reference | None = None
    table: Table | None = None
    target: tuple[int, ...] = ()
    children: "tuple[ContentItem, ...]" = ()


@dataclass(frozen=True, slots=True)
class StructuredReport:
    """A report's tree.

    Parameters
    ----------
    root
        Its container.
    whole
        False where items beyond `MOST_ITEMS` were left out.
    """

    root: ContentItem
    whole: bool


def read_report(ds: Dataset) -> StructuredReport:
    """Read the content tree of a structured report.

    Parameters
    ----------
    ds
        As `dicom.part10.scan` gives it, whose limits bound the tree's depth.

    Notes
    -----
    Nothing is refused: a report that breaks its template is still what somebody wrote. An item of
    an unknown value type keeps its name, its children and whatever value of another type it holds.
    """
    reader = _Reader(_evidence(ds))
    root = reader.item(ds)
    return StructuredReport(root, reader.left >= 0)


class _Reader:
    def __init__(self, evidence: dict[str, tuple[str, str]]) -> None:
        self._evidence = evidence
        self.left = MOST_ITEMS

    def item(self, ds: Dataset) -> ContentItem:
        self.left -= 1
        value_type = access.text(ds, "ValueType") or ""
        return ContentItem(
            value_type=value_type,
            relationship=access.text(ds, "RelationshipType") or "",
            name=code_of(ds, "ConceptNameCodeSequence"),
            text=_value(ds, value_type),
            continuous=access.text(ds, "ContinuityOfContent") == "CONTINUOUS",
            reference=self._reference(ds),
            table=_table(ds),
            target=_integers(ds, "ReferencedContentItemIdentifier"),
            children=tuple(self._children(ds)),
        )

    def _children(self, ds: Dataset) -> Iterator[ContentItem]:
        for child in access.sequence(ds, "ContentSequence"):
            if self.left <= 0:
                self.left = -1
                return
            yield self.item(child)

    def _reference(self, ds: Dataset) -> Reference | None:
        for found in access.sequence(ds, "ReferencedSOPSequence"):
            instance = access.uid(found, "ReferencedSOPInstanceUID") or ""
            study, series = self._evidence.get(instance, ("", ""))
            return Reference(
                access.uid(found, "ReferencedSOPClassUID") or "",
                instance,
                _integers(found, "ReferencedFrameNumber"),
                study,
                series,
            )
        return None


def _evidence(ds: Dataset) -> dict[str, tuple[str, str]]:
    """Return the study and series of each object that the report's evidence lists."""
    found = {}
    for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        for study in access.sequence(ds, keyword):
            study_uid = access.uid(study, "StudyInstanceUID") or ""
            for series in access.sequence(study, "ReferencedSeriesSequence"):
                series_uid = access.uid(series, "SeriesInstanceUID") or ""
                for each in access.sequence(series, "ReferencedSOPSequence"):
                    instance = access.uid(each, "ReferencedSOPInstanceUID") or ""
                    if all(map(is_uid, (study_uid, series_uid, instance))):
                        found[instance] = study_uid, series_uid
    return found


def code_of(ds: Dataset, keyword: str) -> Code | None:
    """Return the first code of a sequence that says anything."""
    for item in access.sequence(ds, keyword):
        value = next(
            (
                found
                for one in ("CodeValue", "LongCodeValue", "URNCodeValue")
                if (found := access.text(item, one))
            ),
            "",
        )
        meaning = access.text(item, "CodeMeaning") or value
        if meaning:
            return Code(value, access.text(item, "CodingSchemeDesignator") or "", meaning)
    return None


def _value(ds: Dataset, value_type: str) -> str:
    """Put a value into words; what a type unknown here says as text is kept."""
    return VALUE_TYPES.get(value_type, _text)(ds)


def _none(_: Dataset) -> str:
    """Items whose value is a reference, a table or nothing but their children."""
    return ""


def _text(ds: Dataset) -> str:
    return access.text(ds, "TextValue") or ""


def _coded(ds: Dataset) -> str:
    code = code_of(ds, "ConceptCodeSequence")
    return "" if code is None else code.meaning


def _person(ds: Dataset) -> str:
    person = access.person_name(ds, "PersonName")
    return "" if person is None else person.display


def _day(ds: Dataset) -> str:
    day = access.date(ds, "Date")
    return access.text(ds, "Date") or "" if day is None else day.isoformat()


def _clock(ds: Dataset) -> str:
    clock = access.time(ds, "Time")
    return access.text(ds, "Time") or "" if clock is None else clock.isoformat("seconds")


def _moment(ds: Dataset) -> str:
    return moment_in_words(ds, "DateTime")


def _uid(ds: Dataset) -> str:
    return name_of_uid(access.text(ds, "UID") or "")


def moment_in_words(ds: Dataset, keyword: str) -> str:
    """Return a DT value as ISO 8601 with a space, or as it stands where it is none."""
    found = access.moment(ds, keyword)
    if found is None:
        return access.text(ds, keyword) or ""
    return found.isoformat(" ", "seconds")


def _measured(ds: Dataset) -> str:
    """Return number and unit, or why there is none (C.18.1)."""
    for measured in access.sequence(ds, "MeasuredValueSequence"):
        number = access.text(measured, "NumericValue")
        if number is None:
            continue
        unit = code_of(measured, "MeasurementUnitsCodeSequence")
        if unit is None or unit.value in _UCUM_DIMENSIONLESS:
            return number
        # UCUM codes are what is read on scales; annotations in braces are not.
        short = unit.value if unit.scheme == "UCUM" and "{" not in unit.value else unit.meaning
        return f"{number} {short}"
    why = code_of(ds, "NumericValueQualifierCodeSequence")
    return "" if why is None else why.meaning


def _flat(ds: Dataset) -> str:
    return _coordinates(ds, 2)


def _spatial(ds: Dataset) -> str:
    return _coordinates(ds, 3)


def _coordinates(ds: Dataset, dimensions: int) -> str:
    kind = access.text(ds, "GraphicType") or ""
    numbers = access.numbers_of(ds, "GraphicData")
    points = [
        f"({', '.join(_plain(one) for one in numbers[at : at + dimensions])})"
        for at in range(0, len(numbers) // dimensions * dimensions, dimensions)
    ]
    shown = " ".join(points[:_MOST_NUMBERS])
    more = f" … ({len(points)})" if len(points) > _MOST_NUMBERS else ""
    return f"{kind} {shown}{more}".strip()


def _temporal(ds: Dataset) -> str:
    kind = access.text(ds, "TemporalRangeType") or ""
    positions = [_plain(one) for one in access.numbers_of(ds, "ReferencedSamplePositions")]
    offsets = [f"{_plain(one)} s" for one in access.numbers_of(ds, "ReferencedTimeOffsets")]
    values = positions or offsets or access.texts_of(ds, "ReferencedDateTime")
    more = f" … ({len(values)})" if len(values) > _MOST_NUMBERS else ""
    return f"{kind} {', '.join(values[:_MOST_NUMBERS])}{more}".strip()


VALUE_TYPES: Final[dict[str, Callable[[Dataset], str]]] = {
    "TEXT": _text,
    "NUM": _measured,
    "CODE": _coded,
    "DATETIME": _moment,
    "DATE": _day,
    "TIME": _clock,
    "PNAME": _person,
    "UIDREF": _uid,
    "SCOORD": _flat,
    "SCOORD3D": _spatial,
    "TCOORD": _temporal,
    **dict.fromkeys(("CONTAINER", "COMPOSITE", "IMAGE", "WAVEFORM", "TABLE", ""), _none),
}
"""What puts each value type into words (C.17.3.2.1)."""


def _table(ds: Dataset) -> Table | None:
    for found in access.sequence(ds, "TabulatedValuesSequence"):
        heads = {
            access.integer(each, "TableColumnNumber") or 0: code_of(each, "ConceptNameCodeSequence")
            for each in access.sequence(found, "TableColumnDefinitionSequence")
        }
        cells: dict[int, dict[int, str]] = {}
        for cell in access.sequence(found, "CellValuesSequence"):
            row = access.integer(cell, "TableRowNumber") or 0
            column = access.integer(cell, "TableColumnNumber") or 0
            cells.setdefault(row, {})[column] = _cell(cell)
        columns = sorted({*heads, *(column for row in cells.values() for column in row)})
        if len(columns) * len(cells) > MOST_ITEMS:
            return None
        return Table(
            tuple("" if (head := heads.get(at)) is None else head.meaning for at in columns),
            tuple(tuple(cells[row].get(at, "") for at in columns) for row in sorted(cells)),
        )
    return None


def _cell(cell: Dataset) -> str:
    for in_words in VALUE_TYPES.values():
        if value := in_words(cell):
            return value
    return access.text(cell, "NumericValue") or ""


def _integers(ds: Dataset, keyword: str) -> tuple[int, ...]:
    return tuple(int(one) for one in access.numbers_of(ds, keyword) if one is not None)


def _plain(number: float | None) -> str:
    return "?" if number is None else f"{number:g}"
