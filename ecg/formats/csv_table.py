"""Tables of numbers as text, in the ways that programs and people write them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.errors import EcgFormatError
from ecg.formats.text import decoded

MAX_NUMBER: Final = 1e15
MAX_COMMENTS: Final = 200
MAX_COLUMNS: Final = 128
MAX_BYTES: Final = 128 * 1024 * 1024
MAX_ROWS: Final = 4_500_000  # a day at 50 Hz
MAX_HEAD: Final = 100  # characters of a column's head, and of a comment's key
MAX_JITTER: Final = 0.02  # of the interval, beside what the rounding of times explains
_PROBE_BYTES: Final = 1 << 16
_DELIMITERS: Final = "\t;,"
_BREAKS: Final = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # those of str.splitlines
_STATES = re.compile("[=:：]")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")
_UNIT = re.compile(
    r"(?P<label>.*?)\s*"
    r"(?:[(\[（](?P<inside>[^)\]）]{1,16})[)\]）]|[/_ ](?P<behind>[nuµμm]V|m?s|sec))",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?:(\d{1,9}):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)", re.ASCII)
_UNITS_ZH: Final = {"微伏": "uV", "毫伏": "mV", "伏": "V", "伏特": "V"}
_EMPTY: Final = frozenset({"", "-", "null", "NULL", "None"})
_RATE_KEYS: Final = ("fs_hz", "fs", "sampling_rate", "sampling_rate_hz", "sample_rate", "采样率")
_SECONDS: Final = {"s": 1.0, "sec": 1.0, "秒": 1.0, "ms": 1e-3, "毫秒": 1e-3}


@dataclass(frozen=True)
class Column:
    """One column's head: its label and its unit, None where not said."""

    label: str
    unit: str | None


@dataclass(frozen=True)
class Table:
    """A table before its numbers are read.

    Attributes
    ----------
    columns
        None where the first line already holds numbers.
    rows
        The lines of numbers.
    """

    stated: dict[str, str]
    delimiter: str
    columns: tuple[Column, ...] | None
    rows: list[str]


def refusal(reason: str) -> EcgFormatError:
    """Make the error that names this format."""
    return EcgFormatError(f"CSV: {reason}")


def _text(content: bytes) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", "replace")
    return decoded(content.removeprefix(b"\xef\xbb\xbf"))


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip().strip("\"'").strip() for cell in line.split(delimiter)]


def _delimiter(line: str) -> str:
    """Return what stands between cells: a tab or semicolon if there is one, else a comma."""
    return next((each for each in _DELIMITERS if each in line), ",")


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _is_data(cells: Sequence[str]) -> bool:
    """Return whether a line holds numbers: no cell is a word, but for a first one of time."""
    words = [cell for cell in cells[1:] if cell and not _is_number(cell) and cell.lower() != "nan"]
    return not words and any(_is_number(cell) for cell in cells)


def looks_like_csv(content: bytes) -> bool:
    """Return whether content is text with a delimiter and, within its first lines, numbers."""
    head = content[:_PROBE_BYTES]
    if b"\0" in head and head[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        return False
    lines = _text(head if len(head) == len(content) else head.rpartition(b"\n")[0]).splitlines()
    body = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "%"))]
    for line in body[:3]:
        cells = _cells(line, _delimiter(line))
        if _is_data(cells) and (len(cells) > 1 or line is not body[0]):
            return True
    return False


def _column(cell: str) -> Column:
    """Split a head such as ``I (mV)``, ``aVR[uV]``, ``V1_mV`` or ``导联II（毫伏）``."""
    found = _UNIT.fullmatch(cell) if len(cell) <= MAX_HEAD else None
    if found is None:
        return Column(cell, None)
    unit = (found["inside"] or found["behind"]).strip()
    return Column(found["label"], _UNITS_ZH.get(unit, unit))


def _lines(content: bytes) -> list[str]:
    """Return the lines of a text that is no larger than a table can be."""
    if len(content) > MAX_BYTES:
        raise refusal(f"the table is larger than {MAX_BYTES >> 20} MiB")
    text = _text(content)
    if sum(map(text.count, _BREAKS)) - text.count("\r\n") > MAX_ROWS:
        raise refusal(f"the table has more than {MAX_ROWS} lines")
    return text.splitlines()


def parse_table(content: bytes) -> Table:
    """Take a text apart: comments, the header line and perhaps one of units, rows of samples.

    Raises
    ------
    EcgFormatError
        If there are no rows, or more rows or columns than possible.
    """
    lines = [line for line in _lines(content) if line.strip()]
    while lines and not lines[-1].strip(" \t,;"):  # spreadsheets append rows of nothing
        del lines[-1]
    stated: dict[str, str] = {}
    at = 0
    while at < len(lines) and lines[at].lstrip().startswith(("#", "%", "//")):
        key, *value = _STATES.split(lines[at], maxsplit=1)
        key = key.strip().lstrip("#%/ ").strip()
        if value and 0 < len(key) <= MAX_HEAD and at < MAX_COMMENTS:
            stated.setdefault(key.lower().replace(" ", "_"), value[0].strip())
        at += 1
    lines = lines[at:]
    if not lines:
        raise refusal("there are no lines of samples")
    delimiter = _delimiter(lines[0])
    head = _cells(lines[0], delimiter)
    if len(head) > MAX_COLUMNS:
        raise refusal(f"{len(head)} columns are more than {MAX_COLUMNS}")
    if _is_data(head):
        return Table(stated, delimiter, None, lines)
    columns = tuple(_column(cell) for cell in head)
    begin = 1
    if len(lines) > 1 and not _is_data(units := _cells(lines[1], delimiter)):
        if len(units) != len(columns):
            raise refusal("the second line is neither of samples nor of units")
        columns = tuple(Column(c.label, u or c.unit) for c, u in zip(columns, units, strict=True))
        begin = 2
    return Table(stated, delimiter, columns, lines[begin:])


def _seconds(cell: str) -> float:
    """Return a time of day or elapsed time in seconds: ``1.25``, ``0:01.250``, ``12:00:01.25``."""
    clock = _CLOCK.search(cell)
    if clock is not None:
        return int(clock[1] or 0) * 3600.0 + int(clock[2]) * 60.0 + float(clock[3])
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return math.nan


def numbers(table: Table, used: Sequence[int]) -> NDArray[np.float64]:
    """Return the used columns' numbers, shape (n_used, n_rows); an empty cell is NaN.

    Raises
    ------
    EcgFormatError
        If a row is too short, or a cell is not a number.
    """
    decimal_comma = table.delimiter != ","
    last = max(used)
    out = np.empty((len(table.rows), len(used)))
    for number, row in enumerate(table.rows):
        cells = row.split(table.delimiter)
        if len(cells) <= last:
            raise refusal(f"row {number + 1} of the samples is shorter than the first")
        try:
            out[number] = [float(cells[at]) if cells[at] else math.nan for at in used]
        except ValueError:
            plain = [cells[at].strip().strip("\"'").strip() for at in used]
            if decimal_comma:
                plain = [cell.replace(",", ".") for cell in plain]
            try:
                out[number] = [math.nan if cell in _EMPTY else float(cell) for cell in plain]
            except ValueError:
                raise refusal(f"row {number + 1} of the samples is not of numbers") from None
    if np.fmax.reduce(np.abs(out), axis=None) > MAX_NUMBER:
        raise refusal("a sample is infinite, or beyond reason")
    return out.T


def rate_hz(table: Table, columns: Sequence[Column], time_at: int | None) -> float:
    """Return the rate that a comment states, else the one that the column of time shows.

    Raises
    ------
    EcgFormatError
        If neither says it, or the times do not rise evenly.
    """
    for key in _RATE_KEYS:
        found = _NUMBER.match(table.stated.get(key, ""))
        if found is not None:
            return float(found[0].replace(",", "."))
    if time_at is None:
        raise refusal("the rate is not said: add a line # fs_hz=500 above, or a column of time")
    head = columns[time_at]
    factor = _SECONDS.get((head.unit or head.label).lower(), 1.0)
    cells = [row.split(table.delimiter)[time_at].strip(" \"'") for row in table.rows]
    times_s = np.array([_seconds(cell) for cell in cells]) * factor
    rounding_s = factor * 10.0 ** -max(
        len(cell.replace(",", ".").partition(".")[2]) for cell in cells
    )
    finite = bool(np.isfinite(times_s).all())
    whole_s = float(times_s[-1] - times_s[0]) if finite else 0.0
    if len(cells) < 2 or whole_s <= 0.0:
        raise refusal("the column of time does not rise")
    interval_s = whole_s / (len(cells) - 1)
    drift_s = np.abs(times_s - times_s[0] - np.arange(len(cells)) * interval_s).max()
    if drift_s > rounding_s + MAX_JITTER * interval_s:
        raise refusal("the samples are not equally spaced in time")
    # The rate that the times allow and that is whole, if there is one.
    shown_hz = 1.0 / interval_s
    allowed_hz = shown_hz * (rounding_s / whole_s + 1e-9)
    return float(round(shown_hz)) if abs(shown_hz - round(shown_hz)) <= allowed_hz else shown_hz
