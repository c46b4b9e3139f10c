"""The Basic Application Level Confidentiality Profile and its options (PS3.15 Annex E).

What is done to each attribute is data: ``confidentiality.tsv``, Table E.1-1 of edition 2024b. Where
the table leaves a choice to the object's definition (X/Z, X/D, Z/D, X/Z/D), the one is made that
keeps any definition satisfied: a value rather than none, none rather than no element. Attributes
beyond the table are judged by their VR, as its note 4 foresees: person names are emptied, times and
UIDs treated as those of the table, and what PS3.6 does not know is removed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from pydicom.datadict import dictionary_has_tag

EDITION: Final = "PS3.15 2024b"


class Option(StrEnum):
    """An option of the profile (PS3.15 E.3)."""

    RETAIN_SAFE_PRIVATE = "retain-safe-private"
    RETAIN_UIDS = "retain-uids"
    RETAIN_DEVICE = "retain-device"
    RETAIN_INSTITUTION = "retain-institution"
    RETAIN_PATIENT = "retain-patient"
    RETAIN_FULL_DATES = "retain-full-dates"
    RETAIN_MODIFIED_DATES = "retain-modified-dates"
    CLEAN_DESCRIPTORS = "clean-descriptors"
    CLEAN_STRUCTURED = "clean-structured"
    CLEAN_GRAPHICS = "clean-graphics"


BASIC_CODE: Final = ("113100", "Basic Application Confidentiality Profile")
OPTION_CODES: Final[Mapping[Option, tuple[str, str]]] = {
    Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.RETAIN_UIDS: ("113110", "Retain UIDs Option"),
    Option.RETAIN_DEVICE: ("113109", "Retain Device Identity Option"),
    Option.RETAIN_INSTITUTION: ("113112", "Retain Institution Identity Option"),
    Option.RETAIN_PATIENT: ("113108", "Retain Patient Characteristics Option"),
    Option.RETAIN_FULL_DATES: (
        "113106",
        "Retain Longitudinal Temporal Information Full Dates Option",
    ),
    Option.RETAIN_MODIFIED_DATES: (
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.CLEAN_STRUCTURED: ("113104", "Clean Structured Content Option"),
    Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option"),
}
"""De-identification Method (PS3.16 CID 7050), coding scheme DCM."""


class Act(StrEnum):
    """What is done to an element."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    KEEP = "K"
    CLEAN = "C"
    REPLACE_UID = "U"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of Table E.1-1."""

    basic: Act
    options: Mapping[Option, Act]


_CHOICES: Final = {
    "X/Z": Act.EMPTY,
    "X/D": Act.DUMMY,
    "Z/D": Act.DUMMY,
    "X/Z/D": Act.DUMMY,
    # Sequences of references: kept, the UIDs within replaced.
    "X/Z/U*": Act.KEEP,
}
_TIMES: Final = frozenset({"DA", "DT", "TM"})
_FREE_TEXTS: Final = frozenset({0x0040A160, 0x00700006})
"""Text Value of reports, Unformatted Text Value of annotations: whatever somebody typed."""

SAFE_PRIVATE: Final[Mapping[tuple[int, str], frozenset[int]]] = {
    (0x7053, "Philips PET Private Group"): frozenset({0x00, 0x09}),
    (0x0019, "GEMS_ACQU_01"): frozenset({0x23, 0x24, 0x27}),
    (0x0025, "GEMS_SERS_01"): frozenset({0x07}),
    (0x0043, "GEMS_PARM_01"): frozenset({0x39, 0x6F}),
    (0x0045, "GEMS_HELIOS_01"): frozenset({0x01, 0x02}),
    (0x2001, "Philips Imaging DD 001"): frozenset({0x03, 0x04}),
    (0x2005, "Philips MR Imaging DD 001"): frozenset({0x0D, 0x0E}),
    (0x0019, "SIEMENS MR HEADER"): frozenset({0x0C, 0x0D, 0x0E, 0x27}),
}
"""The numbers and codes of Table E.3.10-1; its texts, UIDs and bytes are not kept."""


def rule_of(tag: int) -> Rule | None:
    """Return the row of an attribute, None for one the table does not name."""
    table = _table()
    found = table.get(f"{tag:08X}")
    if found is None and tag >> 24 == 0x50:
        return table["50XXXXXX"]
    if found is None and tag >> 24 == 0x60:
        return table.get(f"60XX{tag & 0xFFFF:04X}")
    return found


def act_on(tag: int, vr: str, options: Collection[Option]) -> Act:
    """Decide what is done to a standard element; private ones are no business of this.

    Parameters
    ----------
    tag, vr
        Of the element, the VR as PS3.6 has it where the file has none.
    options
        Those in force.
    """
    rule = rule_of(tag)
    if rule is None:
        return _beyond_the_table(tag, vr, options)
    chosen = {rule.options[option] for option in options if option in rule.options}
    if Act.KEEP in chosen:
        return Act.KEEP
    return Act.CLEAN if chosen else rule.basic


def _beyond_the_table(tag: int, vr: str, options: Collection[Option]) -> Act:
    if tag in _FREE_TEXTS:
        return Act.CLEAN
    if vr in _TIMES:
        if Option.RETAIN_FULL_DATES in options:
            return Act.KEEP
        return Act.CLEAN if Option.RETAIN_MODIFIED_DATES in options else Act.DUMMY
    if vr == "PN":
        return Act.EMPTY
    if vr == "UI":
        return Act.KEEP if Option.RETAIN_UIDS in options else Act.REPLACE_UID
    return Act.KEEP if dictionary_has_tag(tag) or tag >> 24 == 0x60 else Act.REMOVE


@cache
def _table() -> Mapping[str, Rule]:
    text = files("dicom").joinpath("confidentiality.tsv").read_text("utf-8")
    table = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        tag, basic, options, _ = line.split("\t")
        pairs = (each.split("=") for each in options.split())
        table[tag] = Rule(
            _CHOICES[basic] if basic in _CHOICES else Act(basic),
            {Option(name): Act(act) for name, act in pairs},
        )
    return table
