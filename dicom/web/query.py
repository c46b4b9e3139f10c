"""QIDO-RS parameters, parsed into typed matches (PS3.18 8.3.4, PS3.4 C.2.2.2)."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pydicom.datadict import dictionary_keyword, keyword_dict
from pydicom.dataset import Dataset

from dicom.dataset import parse_date, parse_moment, parse_time
from dicom.uids import is_uid
from dicom.values import vr_of

Moment = dt.date | dt.time | dt.datetime


class QueryError(ValueError):
    """A query that cannot be answered; the message names the parameter, never its value."""


@dataclass(frozen=True, slots=True)
class Universal:
    """Any value, or none: the attribute is only asked for (C.2.2.2.3)."""


@dataclass(frozen=True, slots=True)
class Exact:
    """That value (C.2.2.2.1)."""

    value: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Text in which ``*`` stands for any characters and ``?`` for one (C.2.2.2.4)."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Range:
    """Dates, times or moments from ``low`` to ``high``, both included; None is open (C.2.2.2.5).

    A single date or time is a range as wide as its precision: ``1015`` ends at 10:15:59.999999.
    """

    low: Moment | None
    high: Moment | None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of those values: a list of UIDs or codes (C.2.2.2.2)."""

    values: tuple[str, ...]


Match = Universal | Exact | Wildcard | Range | AnyOf


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query.

    Parameters
    ----------
    matches
        Keyword to match; attributes of items as ``RequestAttributesSequence.RequestedProcedureID``.
        What has no keyword, such as a private attribute, is named by its tag.
    include
        Keywords (or paths) to return beyond the required ones.
    include_all
        True for ``includefield=all``.
    fuzzy
        ``fuzzymatching=true``.
    limit, offset
        Of the page; limit None where not stated.
    combined_times
        A range of dates and one of times are one period, and not hours of each day.
    unknown
        Fields to include that are no attributes; ``?`` for what no header could show.
    unsupported
        Options that are asked for and not performed here.
    """

    matches: Mapping[str, Match]
    include: tuple[str, ...] = ()
    include_all: bool = False
    fuzzy: bool = False
    limit: int | None = None
    offset: int = 0
    combined_times: bool = False
    unknown: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()


_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_SHOWABLE: Final = re.compile(r"[A-Za-z0-9.]{1,64}", re.ASCII)
_WHOLE_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", re.ASCII)
_WILDCARD_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT", "AS"})
_LIST_VRS: Final = frozenset({"UI", "CS"})
_NUMBER_VRS: Final = frozenset({"DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "UV", "SV"})
_UNSUPPORTED: Final = ("emptyvaluematching", "multiplevaluematching")
_ANSWER_PARAMETERS: Final = frozenset({"accept", "charset"})
"""Query parameters that speak of the response, not of the search (8.3.3)."""
_MOST_PARAMETERS: Final = 128
_LONGEST_VALUE: Final = 16384
_MOST_VALUES: Final = 1000
_DEEPEST_PATH: Final = 4
_WEST_MOST, _EAST_MOST = dt.timedelta(hours=-12), dt.timedelta(hours=14)


def parse_query(parameters: Iterable[tuple[str, str]]) -> Query:
    """Parse the query parameters of a search transaction.

    Parameters
    ----------
    parameters
        Decoded names and values in order.

    Returns
    -------
    Query

    Raises
    ------
    QueryError
        For a key that is no attribute, a value that its VR does not allow, or too much of either.
    """
    matches: dict[str, Match] = {}
    options: dict[str, str] = {}
    include: list[str] = []
    for count, (name, value) in enumerate(parameters):
        if count >= _MOST_PARAMETERS or len(value) > _LONGEST_VALUE:
            raise QueryError("the query is too long")
        match name.lower():
            case "includefield":
                include.extend(field.strip() for field in value.split(",") if field.strip())
            case (
                "limit"
                | "offset"
                | "fuzzymatching"
                | ("emptyvaluematching" | "multiplevaluematching") as option
            ):
                if option in options:
                    raise QueryError(f"{option} stands twice")
                options[option] = value
            case other if other in _ANSWER_PARAMETERS:
                continue
            case _:
                path, vr = _attribute(name)
                if path in matches:
                    raise QueryError(f"{path} stands twice")
                matches[path] = parse_match(vr, value, path)
    everything = any(field.lower() == "all" for field in include)
    fields, unknown = _fields(field for field in include if field.lower() != "all")
    return Query(
        matches=MappingProxyType(matches),
        include=fields,
        include_all=everything,
        fuzzy=_flag(options, "fuzzymatching"),
        limit=_whole(options["limit"], "limit") if "limit" in options else None,
        offset=_whole(options.get("offset", "0"), "offset"),
        unknown=unknown,
        unsupported=tuple(option for option in _UNSUPPORTED if _flag(options, option)),
    )


def _fields(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the attributes to include, and what is none: an answer without it is an answer."""
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for name in names:
        try:
            known[_attribute(name)[0]] = None
        except QueryError:
            unknown[name if _SHOWABLE.fullmatch(name) else "?"] = None
    return tuple(known), tuple(unknown)


def _attribute(name: str) -> tuple[str, str]:
    """Return the keyword path and the VR of an attribute named by keywords or tags."""
    parts = name.split(".")
    if len(parts) > _DEEPEST_PATH:
        raise QueryError("the attribute is nested too deep")
    tags = [_tag(part) for part in parts]
    vrs = [vr_of(_NOTHING, tag) if _keyword(tag) else "UN" for tag in tags]
    if any(vr != "SQ" for vr in vrs[:-1]):
        raise QueryError("an attribute path goes through what is no sequence")
    return ".".join(_keyword(tag) or f"{tag:08X}" for tag in tags), vrs[-1]


_NOTHING: Final = Dataset()


def _tag(part: str) -> int:
    tag = int(part, 16) if _TAG.fullmatch(part) else keyword_dict.get(part)
    if tag is None:
        raise QueryError(f"unknown attribute {part if _SHOWABLE.fullmatch(part) else '?'}")
    return tag


def _keyword(tag: int) -> str:
    """Return a tag's keyword, nothing of a private or an unknown one."""
    try:
        return dictionary_keyword(tag)
    except KeyError:
        return ""


def parse_match(vr: str, value: str, name: str) -> Match:
    r"""Parse one matching value.

    Parameters
    ----------
    vr
        Of the attribute.
    value
        Empty and ``*`` match everything. Lists of UIDs and codes are parted by comma or backslash.
    name
        For the error message.

    Raises
    ------
    QueryError
        If the VR does not allow the value.
    """
    text = value.strip()
    if vr == "PN":
        # Empty components and groups at its end say nothing (PS3.5 6.2.1).
        text = text.rstrip("^= ")
    if text in ("", "*", '""'):
        return Universal()
    match vr:
        case "DA" | "TM" | "DT":
            return _range(vr, text, name)
        case "SQ":
            raise QueryError(f"{name} is a sequence: name an attribute of its items")
        case _ if vr in _NUMBER_VRS:
            if _DECIMAL.fullmatch(text) is None:
                raise QueryError(f"{name} wants a number")
            return Exact(text)
        case _ if vr == "UI" or (vr in _LIST_VRS and re.search(r"[,\\]", text)):
            values = tuple(dict.fromkeys(p.strip() for p in re.split(r"[,\\]", text) if p.strip()))
            return _any_of(vr, values, name)
        case _ if vr in _WILDCARD_VRS and ("*" in text or "?" in text):
            return Wildcard(text)
        case _:
            return Exact(text)


def _any_of(vr: str, values: tuple[str, ...], name: str) -> Match:
    if not values or len(values) > _MOST_VALUES:
        raise QueryError(f"{name} wants 1 to {_MOST_VALUES} values")
    if vr == "UI" and not all(is_uid(one) for one in values):
        raise QueryError(f"{name} wants UIDs")
    return Exact(values[0]) if len(values) == 1 else AnyOf(values)


def _range(vr: str, text: str, name: str) -> Range:
    for low_text, high_text in _splits(text):
        low = _bounds(vr, low_text) if low_text else None
        high = _bounds(vr, high_text) if high_text else None
        if (low_text and low is None) or (high_text and high is None):
            continue
        return Range(low and low[0], high and high[1])
    raise QueryError(f"{name} wants a {_NAMES[vr]} or a range of them")


_NAMES: Final = {"DA": "date", "TM": "time", "DT": "date and time"}


def _splits(text: str) -> Iterable[tuple[str, str]]:
    """Yield the readings of a range: whole first, since a hyphen may begin a zone's offset."""
    yield text, text
    for at, char in enumerate(text):
        if char == "-" and len(text) > 1:
            yield text[:at], text[at + 1 :]


def _bounds(vr: str, text: str) -> tuple[Moment, Moment] | None:
    """Return the first and last moment that a value means by its precision."""
    match vr:
        case "DA":
            day = parse_date(text)
            return None if day is None else (day, day)
        case "TM":
            return _clock_bounds(text)
        case _:
            return _moment_bounds(text)


def _clock_bounds(text: str) -> tuple[dt.time, dt.time] | None:
    low = parse_time(text)
    if low is None:
        return None
    match len(text.replace(":", "")):
        case 2:
            return low, low.replace(minute=59, second=59, microsecond=999_999)
        case 4:
            return low, low.replace(second=59, microsecond=999_999)
        case 6:
            return low, low.replace(microsecond=999_999)
        case _:
            return low, low


def _moment_bounds(text: str) -> tuple[dt.datetime, dt.datetime] | None:
    low = parse_moment(text)
    if low is None:
        return None
    offset = low.utcoffset()
    if offset is not None and not _WEST_MOST <= offset <= _EAST_MOST:
        return None
    if "." in text:
        return low, low
    try:
        high = _next(low, digits=len(re.split(r"[+-]", text, maxsplit=1)[0]))
    except (ValueError, OverflowError):
        return None
    return low, high - dt.timedelta(microseconds=1)


def _next(low: dt.datetime, *, digits: int) -> dt.datetime:
    """Return the first moment after what a DT value of so many digits means."""
    match digits:
        case 4:
            return low.replace(year=low.year + 1)
        case 6:
            return (low.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
        case _:
            return low + _STEPS.get(digits, dt.timedelta(seconds=1))


_STEPS: Final = {
    8: dt.timedelta(days=1),
    10: dt.timedelta(hours=1),
    12: dt.timedelta(minutes=1),
}


def _flag(options: Mapping[str, str], name: str) -> bool:
    match options.get(name, "false").strip().lower():
        case "true":
            return True
        case "false":
            return False
        case _:
            raise QueryError(f"{name} wants true or false")


def _whole(text: str, name: str) -> int:
    if _WHOLE_NUMBER.fullmatch(text.strip()) is None:
        raise QueryError(f"{name} wants a whole number")
    return int(text)
