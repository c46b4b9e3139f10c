"""WFDB headers, as header(5) of the WFDB Applications Guide describes them."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from ecg.formats.channels import uv_per_unit
from ecg.formats.companions import is_bare_name
from ecg.formats.demographics import age_years, sex_of
from ecg.formats.errors import EcgFormatError
from ecg.formats.text import decoded
from ecg.signal import Patient

DEFAULT_FS_HZ: Final = 250.0
DEFAULT_GAIN: Final = 200.0  # header(5): assumed where the gain is missing or 0
MIN_GAIN: Final = 1e-9
MAX_GAIN: Final = 1e15
MAX_SIGNALS: Final = 512
MAX_SEGMENTS: Final = 4096
MAX_FRAMES: Final = 1 << 40

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_INTEGER = re.compile(r"[-+]?\d{1,15}", re.ASCII)
_RECORD = re.compile(
    rf"(?P<name>[-\w.]+)(?:/(?P<segments>\d+))?\s+(?P<signals>\d+)"
    rf"(?:\s+(?P<fs>{_NUMBER})(?:/{_NUMBER}(?:\({_NUMBER}\))?)?(?:\s+(?P<frames>\d+)(?P<rest>\s.*)?)?)?",
    re.ASCII,
)
_FORMAT = re.compile(
    r"(?P<code>\d+)(?:x(?P<spf>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?", re.ASCII
)
_GAIN = re.compile(
    rf"(?P<gain>{_NUMBER})(?:\((?P<baseline>[-+]?\d+)\))?(?:/(?P<unit>\S+))?", re.ASCII
)
_SEGMENT = re.compile(r"(?P<name>~|[-\w.]+)\s+(?P<frames>\d+)", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,6})\d*)?", re.ASCII)
_DATES = ("%d/%m/%Y", "%d-%b-%Y", "%Y-%m-%d")
_STATED = re.compile(r"<?\s*([A-Za-z][A-Za-z _]{0,30}?)\s*>?\s*:\s*([^<]*)")
_AGE_SEX = re.compile(r"(-?\d{1,3})\s+([MF])\b")  # MIT-BIH: "69 M 1085 1629 x1"


@dataclass(frozen=True)
class SignalLine:
    """One signal specification line.

    Attributes
    ----------
    spf, skew, offset
        Samples a frame; samples by which it lags; bytes before the first sample in its file.
    gain, baseline
        Steps a physical unit; the step that means 0.
    uv_per_unit
        Microvolts in one physical unit, None if it is no voltage.
    initial, checksum
        The first sample, and the 16-bit sum of all, None where not stated.
    """

    file: str
    format: int
    spf: int
    skew: int
    offset: int
    gain: float
    baseline: int
    uv_per_unit: float | None
    initial: int
    checksum: int | None
    label: str


@dataclass(frozen=True)
class SegmentLine:
    """One segment specification line: a record's name, or None for a gap, and its frames."""

    name: str | None
    frames: int


@dataclass(frozen=True)
class Header:
    """A header file: of a record (``signals``) or of several segments (``segments``).

    Attributes
    ----------
    fs_hz
        Frames a second.
    frames
        None where not stated.
    """

    name: str
    fs_hz: float
    frames: int | None
    acquired_at: dt.datetime | None
    signals: tuple[SignalLine, ...]
    segments: tuple[SegmentLine, ...]
    comments: tuple[str, ...]


def _refusal(reason: str) -> EcgFormatError:
    return EcgFormatError(f"WFDB: {reason}")


def _acquired_at(rest: str) -> dt.datetime | None:
    """Return base date and time, in whichever order they stand; None without both."""
    time: dt.time | None = None
    date: dt.date | None = None
    for token in rest.split()[:4]:
        found = _TIME.fullmatch(token.strip("[]"))
        try:
            if found is not None:
                hour, minute, second = (int(part) for part in found.group(1, 2, 3))
                time = dt.time(hour, minute, second, int((found[4] or "0").ljust(6, "0")))
                continue
            for form in _DATES:
                try:
                    date = dt.datetime.strptime(token.strip("[]"), form).date()  # noqa: DTZ007 -- a day
                    break
                except ValueError:
                    continue
        except ValueError:
            continue
    return dt.datetime.combine(date, time) if date is not None and time is not None else None


def _whole(text: str, most: int, what: str) -> int:
    value = int(text) if len(text) <= 20 else most + 1
    if value > most:
        raise _refusal(f"{text:.20} {what} are too many")
    return value


def _integer(text: str, position: int) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise _refusal(f"signal line {position + 1} has {text:.20} where a number belongs")
    return int(text)


def _signal(line: str, position: int) -> SignalLine:
    """Parse ``file format gain(baseline)/unit resolution zero initial checksum block label``."""
    parts = line.split(None, 8)
    form = _FORMAT.fullmatch(parts[1]) if len(parts) > 1 else None
    if form is None or (parts[0] != "~" and not is_bare_name(parts[0])):
        raise _refusal(f"signal line {position + 1} is not one")
    gain = _GAIN.fullmatch(parts[2]) if len(parts) > 2 else None
    if gain is None and len(parts) > 2:
        raise _refusal(f"the gain {parts[2]:.40} of signal {position + 1} is not a number")
    numbers = [_integer(part, position) for part in parts[3:8]]
    zero = numbers[1] if len(numbers) > 1 else 0
    steps = float(gain["gain"]) if gain else 0.0
    if steps and not MIN_GAIN < abs(steps) < MAX_GAIN:
        raise _refusal(f"the gain of signal {position + 1} is beyond reason")
    unit = (gain["unit"] if gain else None) or "mV"
    return SignalLine(
        file=parts[0],
        format=_whole(form["code"], 1000, "as a storage format"),
        spf=max(1, _whole(form["spf"] or "1", 10_000, "samples a frame")),
        skew=_whole(form["skew"] or "0", 1 << 20, "samples of skew"),
        offset=_whole(form["offset"] or "0", 1 << 30, "bytes before the samples"),
        gain=steps or DEFAULT_GAIN,
        baseline=_integer(gain["baseline"], position) if gain and gain["baseline"] else zero,
        uv_per_unit=uv_per_unit(unit),
        initial=numbers[2] if len(numbers) > 2 else zero,
        checksum=numbers[3] if len(numbers) > 3 else None,
        label=parts[8].strip() if len(parts) > 8 else f"ch{position + 1}",
    )


def _segment(line: str) -> SegmentLine:
    found = _SEGMENT.match(line)
    if found is None:
        raise _refusal("a segment line is not one")
    name = None if found["name"] == "~" else found["name"]
    return SegmentLine(name, _whole(found["frames"], MAX_FRAMES, "samples"))


def parse_header(content: bytes) -> Header:
    """Parse a header file.

    Raises
    ------
    EcgFormatError
        If a line is missing or not what header(5) wants, or a number is beyond reason.
    """
    lines = [line.strip() for line in decoded(content).splitlines()]
    comments = tuple(line.lstrip("# ") for line in lines if line.startswith("#"))
    body = [line for line in lines if line and not line.startswith("#")]
    record = _RECORD.fullmatch(body[0]) if body else None
    if record is None:
        raise _refusal("the record line is not one")
    n_signals = _whole(record["signals"], MAX_SIGNALS, "signals")
    n_segments = _whole(record["segments"] or "0", MAX_SEGMENTS, "segments")
    wanted = n_segments or n_signals
    if len(body) <= wanted:
        raise _refusal(f"the header has {len(body) - 1} lines for {wanted} signals or segments")
    fs_hz = float(record["fs"] or DEFAULT_FS_HZ)
    if not 0.0 < fs_hz < 1e6:
        raise _refusal("the sampling rate is not one")
    frames = _whole(record["frames"] or "0", MAX_FRAMES, "samples")
    rows = body[1 : wanted + 1]
    return Header(
        name=record["name"],
        fs_hz=fs_hz,
        frames=frames or None,
        acquired_at=_acquired_at(record["rest"] or ""),
        signals=() if n_segments else tuple(_signal(row, at) for at, row in enumerate(rows)),
        segments=tuple(_segment(row) for row in rows) if n_segments else (),
        comments=comments,
    )


def looks_like_header(content: bytes) -> bool:
    """Return whether content begins with a record line and a signal or segment line."""
    head = content[:65536]
    if b"\0" in head:
        return False
    lines = (line.strip() for line in decoded(head).splitlines())
    body = [line for line in lines if line and not line.startswith("#")][:2]
    record = _RECORD.fullmatch(body[0]) if len(body) == 2 else None
    if record is None:
        return False
    if record["segments"]:
        return _SEGMENT.match(body[1]) is not None
    parts = body[1].split(None, 2)
    return len(parts) > 1 and _FORMAT.fullmatch(parts[1]) is not None


def patient_of(comments: tuple[str, ...]) -> Patient:
    """Return what the comments say of the patient.

    PTB, LUDB, the CinC challenges and `write_wfdb` write ``Age: 56``, ``<age>: 56``, ``Sex: M``;
    MIT-BIH begins with ``69 M``. ``Dx`` holds labels that people gave for a challenge: they are
    neither the patient's data nor the device's statement, and are not taken.
    """
    stated: dict[str, str] = {}
    for comment in comments:
        for key, value in _STATED.findall(comment):
            stated.setdefault(key.strip().lower().replace("_", " "), value.strip())
    first = _AGE_SEX.match(comments[0]) if comments else None
    age_text = stated.get("age") or (first[1] if first else "")
    sex_text = stated.get("sex") or stated.get("gender") or (first[2] if first else "")
    try:
        birth_date = dt.date.fromisoformat(stated.get("birth date", ""))
    except ValueError:
        birth_date = None
    return Patient(
        age_years=age_years(age_text),
        sex=sex_of(sex_text),
        id=stated.get("patient id") or None,
        name=stated.get("patient name") or None,
        birth_date=birth_date,
    )
