"""Typed access to a data set: the only place where pydicom's ``Any`` ends.

Every function takes a data set and a DICOM keyword and returns None (or an empty tuple) for an
element that is absent, empty or undecodable. None of them raises for what a file may contain,
and none changes the data set.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from dicom.charset import DecodedText
from dicom.uids import is_uid
from dicom.values import (
    NestedDataset,
    Stored,
    charset_of,
    items,
    numbers,
    plain_numbers,
    plain_texts,
    raw_bytes,
    raw_item,
    stored,
    tag_of,
    texts,
)

_DATE: Final = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})", re.ASCII)
_TIME: Final = re.compile(r"(\d{2}):?(?:(\d{2}):?(?:(\d{2})(?:\.(\d{1,6}))?)?)?", re.ASCII)
_MOMENT: Final = re.compile(
    r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.(\d{1,6}))?([+-]\d{4})?", re.ASCII
)
_MINUTES_PER_HOUR: Final = 60
_HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A PN value in its three groups (PS3.5 6.2.1.2), components parted by carets.

    Parameters
    ----------
    alphabetic, ideographic, phonetic
        Empty where absent.
    repaired
        True where the label of the character set was false.
    """

    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""
    repaired: bool = False

    @property
    def display(self) -> str:
        """The ideographic name where there is one, else the alphabetic; spaces for carets.

        A Chinese name is written as one word: 张三, not 张 三.
        """
        name = self.ideographic or self.alphabetic or self.phonetic
        parts = [part for part in name.split("^") if part.strip()]
        return ("" if _HAN.fullmatch("".join(parts)) else " ").join(parts)


def element(ds: Dataset, keyword: str) -> Stored | None:
    """Return the stored element of a keyword, or None."""
    return stored(ds, tag_of(keyword))


def decoded(ds: Dataset, keyword: str) -> tuple[DecodedText, ...]:
    """Return every value of a text element with the note of repair."""
    found = stored(ds, tag_of(keyword))
    return () if found is None else texts(found, charset_of(ds))


def texts_of(ds: Dataset, keyword: str) -> tuple[str, ...]:
    """Return every value of a text element, stripped; empty values stay as ``""``."""
    raw = raw_item(ds, tag_of(keyword))
    if raw is None:
        return ()
    if isinstance(raw, RawDataElement) and (plain := plain_texts(raw.VR, raw.value)) is not None:
        return tuple(value.strip() for value in plain)
    return tuple(value.text.strip() for value in decoded(ds, keyword))


def text(ds: Dataset, keyword: str) -> str | None:
    """Return the first value of a text element that is not empty, stripped."""
    return next((value for value in texts_of(ds, keyword) if value), None)


def is_repaired(ds: Dataset, keyword: str) -> bool:
    """Tell whether the label of a text element's character set was false."""
    return any(value.repaired for value in decoded(ds, keyword))


def uid(ds: Dataset, keyword: str) -> str | None:
    """Return the first value where it is a UID as `dicom.uids.is_uid` has it."""
    found = text(ds, keyword)
    return found if found is not None and is_uid(found) else None


def numbers_of(ds: Dataset, keyword: str) -> tuple[float | None, ...]:
    """Return every value of a number element, None for those that are no number."""
    found = stored(ds, tag_of(keyword))
    if found is None:
        return ()
    return tuple(None if one is None else float(one) for one in numbers(found))


def decimal(ds: Dataset, keyword: str) -> float | None:
    """Return the first value of a number element."""
    found = numbers_of(ds, keyword)
    return found[0] if found else None


def integer(ds: Dataset, keyword: str) -> int | None:
    """Return the first value of a number element where it is whole."""
    tag = tag_of(keyword)
    raw = raw_item(ds, tag)
    if raw is None:
        return None
    plain = None
    if isinstance(raw, RawDataElement):
        plain = plain_numbers(raw.VR, raw.value, little_endian=raw.is_little_endian)
    if plain is None:
        found = stored(ds, tag)
        plain = () if found is None else numbers(found)
    value = next(iter(plain), None)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value


def date(ds: Dataset, keyword: str) -> dt.date | None:
    """Return a DA value; the retired form YYYY.MM.DD and YYYY-MM-DD are read too."""
    return parse_date(text(ds, keyword) or "")


def time(ds: Dataset, keyword: str) -> dt.time | None:
    """Return a TM value; missing minutes and seconds are 0, a leap second is 59."""
    return parse_time(text(ds, keyword) or "")


def moment(ds: Dataset, keyword: str) -> dt.datetime | None:
    """Return a DT value, aware of its zone only where the value itself names the offset."""
    return parse_moment(text(ds, keyword) or "")


def parse_date(value: str) -> dt.date | None:
    """Parse one DA value (PS3.5 6.2)."""
    found = _DATE.fullmatch(value)
    if found is None:
        return None
    try:
        return dt.date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def parse_time(value: str) -> dt.time | None:
    """Parse one TM value (PS3.5 6.2)."""
    found = _TIME.fullmatch(value)
    if found is None:
        return None
    hour, minute, second, fraction = found.groups()
    return _clock(hour, minute, second, fraction)


def parse_moment(value: str) -> dt.datetime | None:
    """Parse one DT value (PS3.5 6.2); missing parts take their lowest value."""
    found = _MOMENT.fullmatch(value)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    clock = _clock(hour or "00", minute, second, fraction)
    if clock is None:
        return None
    zone = None
    try:
        if offset is not None:
            sign = -1 if offset[0] == "-" else 1
            minutes = int(offset[1:3]) * _MINUTES_PER_HOUR + int(offset[3:])
            zone = dt.timezone(sign * dt.timedelta(minutes=minutes))
        day_of_year = dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return dt.datetime.combine(day_of_year, clock, tzinfo=zone)


def _clock(
    hour: str, minute: str | None, second: str | None, fraction: str | None
) -> dt.time | None:
    seconds = int(second or 0)
    try:
        return dt.time(
            int(hour),
            int(minute or 0),
            # TM allows 60 for a leap second, which Python's clock does not have.
            59 if seconds == 60 else seconds,
            int((fraction or "0").ljust(6, "0")),
        )
    except ValueError:
        return None


def person_name(ds: Dataset, keyword: str) -> PersonName | None:
    """Return the first value of a PN element, or None where all of it is empty."""
    found = next((value for value in decoded(ds, keyword) if value.text.strip()), None)
    return None if found is None else parse_person_name(found)


def parse_person_name(value: DecodedText) -> PersonName | None:
    """Part a PN value into its groups, or return None where they are all empty.

    Notes
    -----
    Devices write Han names into the first group; the groups are kept as they stand.
    """
    groups = [_trim_components(group) for group in value.text.split("=")[:3]]
    if not any(groups):
        return None
    groups += [""] * (3 - len(groups))
    return PersonName(groups[0], groups[1], groups[2], value.repaired)


def _trim_components(group: str) -> str:
    return "^".join(part.strip() for part in group.split("^")).rstrip("^")


def sequence(ds: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence, each knowing the character set it inherits."""
    found = stored(ds, tag_of(keyword))
    return () if found is None else nested_items(ds, found)


def nested_items(ds: Dataset, found: Stored) -> tuple[Dataset, ...]:
    """Return the items of a stored sequence of ``ds``, each with its inherited character set."""
    charset = charset_of(ds)
    inheriting = []
    for item in items(found):
        if isinstance(item, NestedDataset):
            inheriting.append(item)
        else:
            wrapped = NestedDataset(item)
            wrapped.inherited_charset = charset
            inheriting.append(wrapped)
    return tuple(inheriting)


def binary(ds: Dataset, keyword: str) -> bytes | None:
    """Return the bytes of an element such as OB, OW or UN."""
    found = stored(ds, tag_of(keyword))
    return None if found is None else raw_bytes(found)
