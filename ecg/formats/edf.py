"""EDF, EDF+ and BDF, BDF+ recordings (Kemp et al. 1992; Kemp and Olivan 2003; BioSemi for BDF).

The ECG channels of the rate that most of them share are taken. Records of a discontinuous file
(EDF+D) lie at their stated times with NaN between. Annotations tell the records' times; what people
wrote in them is no device statement and is not taken.

Our own reader, not edfio: edfio 0.4.18 reads a truncated file as a shorter one with no more than a
warning, hands out raw steps where the physical range is empty, and answers damage with IndexError.
"""

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.channels import (
    at_common_rate,
    check_size,
    ecg_channels,
    lead_names,
    uv_per_unit,
    within_voltage,
)
from ecg.formats.cursor import Cursor
from ecg.formats.demographics import age_at, sex_of
from ecg.formats.errors import EcgFormatError
from ecg.formats.text import decoded
from ecg.signal import EcgSignal, FilterInfo, Patient

MAX_SIGNALS: Final = 4096
MAX_FACTOR_UV: Final = 1e15
_BDF: Final = b"\xffBIOSEMI"
_EDF: Final = b"0       "
_ANNOTATIONS: Final = ("EDF Annotations", "BDF Annotations")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN")
_MONTHS_2: Final = ("JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DATE = re.compile(r"(\d{1,2})-([A-Z]{3})-(\d{4})", re.IGNORECASE | re.ASCII)
_ONSET = re.compile(rb"([+-]\d{1,12}(?:\.\d{1,12})?)(?:\x15[\d.]*)?\x14")
_PLACEHOLDER = re.compile(r"(?:[Xx]|dd-MMM-yyyy|\s)*")
_FILTER = re.compile(r"\b(HP|LP|N)\s*:\s*(\d+(?:[.,]\d+)?)\s*(m?)Hz", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Channel:
    """One signal of the header.

    Attributes
    ----------
    gain_uv, zero_uv
        Microvolts are steps times the first plus the second; None where it is no voltage.
    samples
        Samples in one record.
    """

    label: str
    gain_uv: float | None
    zero_uv: float
    prefilter: str
    samples: int


@dataclass(frozen=True)
class Header:
    """The file's header; ``records`` is None where the file says -1, unknown."""

    patient: str
    recording: str
    begun: tuple[str, str]
    size: int
    reserved: str
    records: int | None
    record_s: float
    channels: tuple[Channel, ...]


def looks_like_edf(content: bytes) -> bool:
    """Return whether content begins with EDF's or BDF's version and has their numbers in place."""
    if content[:8] not in (_EDF, _BDF):
        return False
    return content[184:192].strip().isdigit() and content[252:256].strip().isdigit()


def _number(text: str, what: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise EcgFormatError(f"EDF: the {what} {text[:12]!r} is not a number")
    return value


def _channel(fields: list[str]) -> Channel:
    """Build a channel of label, unit, physical and digital range, prefilter, samples a record."""
    label, unit, prefilter = fields[0], fields[2], fields[7]
    samples = _number(fields[8], "number of samples")
    if not 0 <= samples <= 1 << 30 or samples != int(samples):
        raise EcgFormatError(f"EDF: {fields[8]:.12} samples a record are not possible")
    factor = None if label in _ANNOTATIONS else uv_per_unit(unit)
    gain_uv, zero_uv = None, 0.0
    if factor is not None:
        low, high = _number(fields[3], "physical minimum"), _number(fields[4], "physical maximum")
        least, most = _number(fields[5], "digital minimum"), _number(fields[6], "digital maximum")
        # Equal ends give no gain: the channel cannot be told in volts.
        if most != least and high != low:
            gain_uv = (high - low) / (most - least) * factor
            zero_uv = low * factor - least * gain_uv
            if max(abs(gain_uv), abs(zero_uv)) > MAX_FACTOR_UV:
                raise EcgFormatError(f"EDF: the range of signal {label:.16} is beyond reason")
    return Channel(label, gain_uv, zero_uv, prefilter, int(samples))


def _header(cursor: Cursor) -> Header:
    cursor.take(8)
    patient, recording = decoded(cursor.take(80)), decoded(cursor.take(80))
    begun = (decoded(cursor.take(8)), decoded(cursor.take(8)))
    size = _number(decoded(cursor.take(8)), "header size")
    reserved = decoded(cursor.take(44))
    records = _number(decoded(cursor.take(8)), "number of records")
    record_s = _number(decoded(cursor.take(8)), "length of a record")
    n_signals = _number(decoded(cursor.take(4)), "number of signals")
    if not 1 <= n_signals <= MAX_SIGNALS or size != 256 * (n_signals + 1):
        raise EcgFormatError("EDF: the number of signals and the header's size do not agree")
    if not -1 <= records <= 1 << 31 or records != int(records) or not 0 <= record_s < 1e9:
        raise EcgFormatError("EDF: the number or length of records is not possible")
    columns = [
        [decoded(cursor.take(width)) for _ in range(int(n_signals))]
        for width in (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
    ]
    channels = tuple(_channel(list(row)) for row in zip(*columns, strict=True))
    count = int(records) if records >= 0 else None
    return Header(patient, recording, begun, int(size), reserved, count, record_s, channels)


def _month_date(text: str) -> dt.date | None:
    """Parse ``02-MAR-2002``."""
    found = _DATE.fullmatch(text)
    months = _MONTHS + _MONTHS_2
    if found is None or found[2].upper() not in months:
        return None
    try:
        return dt.date(int(found[3]), months.index(found[2].upper()) + 1, int(found[1]))
    except ValueError:
        return None


def _acquired_at(header: Header, offset_s: float) -> dt.datetime | None:
    """Return the start: EDF+'s own date (four-digit year), else the header's (85-99 is 19xx)."""
    parts = [re.split(r"\D", text) for text in header.begun]
    if any(len(part) != 3 or not all(each.isdigit() for each in part) for part in parts):
        return None
    day, month, year = (int(each) for each in parts[0])
    hour, minute, second = (int(each) for each in parts[1])
    subfields = header.recording.split()
    stated = _month_date(subfields[1]) if subfields[:1] == ["Startdate"] and subfields[1:] else None
    try:
        date = stated or dt.date(year + (1900 if year >= 85 else 2000), month, day)
        begun = dt.datetime.combine(date, dt.time(hour, minute, second))
        return begun + dt.timedelta(seconds=offset_s)
    except (ValueError, OverflowError):
        return None


def _patient(header: Header, acquired_at: dt.datetime | None) -> Patient:
    """Parse EDF+'s ``code sex birthdate name``; what is not of that form is an identification."""
    text = header.patient
    parts = text.split()
    if len(parts) >= 3 and parts[1] in {"M", "F", "X"}:
        code, name = parts[0], " ".join(parts[3:]).replace("_", " ").strip()
        born = _month_date(parts[2])
        return Patient(
            age_years=age_at(born, acquired_at),
            sex=sex_of(parts[1]),
            id=None if _PLACEHOLDER.fullmatch(code) else code.replace("_", " "),
            name=None if _PLACEHOLDER.fullmatch(name) else name,
            birth_date=born,
        )
    return Patient(id=None if _PLACEHOLDER.fullmatch(text) else text)


def _device(header: Header) -> str | None:
    """Return the equipment of EDF+'s ``Startdate date code technician equipment``."""
    parts = header.recording.split()
    if len(parts) < 5 or parts[0] != "Startdate":
        return None
    name = " ".join(parts[4:]).replace("_", " ").strip()
    return None if _PLACEHOLDER.fullmatch(name) else name


def _filters(texts: list[str]) -> FilterInfo:
    """Return what all channels' prefilter texts say, as ``HP:0.1Hz LP:75Hz N:50Hz``."""
    found = [
        {
            key.upper(): float(value.replace(",", ".")) * (1e-3 if milli else 1.0)
            for key, value, milli in _FILTER.findall(text)
        }
        for text in texts
    ]

    def common(key: str) -> float | None:
        values = {each.get(key) for each in found}
        return values.pop() or None if len(values) == 1 else None

    return FilterInfo(low_cut_hz=common("HP"), high_cut_hz=common("LP"), notch_hz=common("N"))


def _onsets_s(header: Header, table: NDArray[np.uint8], width: int) -> list[float]:
    """Return each record's start in seconds, from the first entry of its first annotations."""
    begin, end = 0, 0
    for channel in header.channels:
        end = begin + channel.samples * width
        if channel.label in _ANNOTATIONS:
            break
        begin = end
    else:
        raise EcgFormatError("EDF: the annotations that time its records are missing")
    onsets: list[float] = []
    for row in table:
        found = _ONSET.match(row[begin:end].tobytes())
        if found is None:
            raise EcgFormatError(f"EDF: record {len(onsets) + 1} does not tell its time")
        onsets.append(float(found[1]))
    return onsets


def _first_onset_s(header: Header, table: NDArray[np.uint8], width: int) -> float:
    """Return the fraction of a second by which the first record is later than the header says."""
    if not header.reserved.startswith(("EDF+", "BDF+")):
        return 0.0
    return _onsets_s(header, table[:1], width)[0]


def _steps(table: NDArray[np.uint8], begin: int, samples: int, width: int) -> NDArray[np.float64]:
    """Return one channel's steps, shape (n_records, samples)."""
    raw = np.ascontiguousarray(table[:, begin : begin + samples * width])
    if width == 2:
        return raw.view("<i2").astype(np.float64)
    triples = raw.reshape(len(raw), samples, 3)
    wide = np.zeros((len(raw), samples, 4), np.uint8)
    wide[:, :, 1:] = triples
    return (wide.view("<i4")[:, :, 0] >> 8).astype(np.float64)


def _on_one_axis(
    steps: NDArray[np.float64], onsets_s: list[float] | None, fs_hz: float, n_channels: int
) -> NDArray[np.float64]:
    """Lay records, shape (n_records, samples), end to end, or at their onsets with NaN between."""
    if onsets_s is None:
        return steps.reshape(-1)
    starts = np.round((np.array(onsets_s) - onsets_s[0]) * fs_hz).astype(np.int64)
    samples = steps.shape[1]
    if (np.diff(starts) < samples).any():
        raise EcgFormatError("EDF: records overlap in time")
    length = int(starts[-1]) + samples
    check_size(length * n_channels, steps.size * n_channels, "EDF")
    row = np.full(length, np.nan)
    row[starts[:, np.newaxis] + np.arange(samples)] = steps
    return row


def _signal(content: bytes) -> EcgSignal:
    cursor = Cursor(content, "EDF")
    width = 3 if content[:8] == _BDF else 2
    header = _header(cursor)
    channels = header.channels
    record_bytes = width * sum(channel.samples for channel in channels)
    if record_bytes == 0 or header.record_s == 0.0:
        raise EcgFormatError("EDF: there are no signals, only annotations")
    n_records = cursor.left // record_bytes if header.records is None else header.records
    if n_records == 0:
        raise EcgFormatError("EDF: there are no records")
    body = cursor.take(n_records * record_bytes)
    table = np.frombuffer(body, np.uint8).reshape(n_records, record_bytes)
    ecg = ecg_channels(
        [channel.label for channel in channels],
        [channel.gain_uv is not None for channel in channels],
    )
    kept = at_common_rate(ecg, [channel.samples / header.record_s for channel in channels], "EDF")
    samples = channels[kept[0]].samples
    fs_hz = samples / header.record_s
    onsets = None
    if header.reserved.startswith(("EDF+D", "BDF+D")):
        onsets = _onsets_s(header, table, width)
    begins = np.cumsum([0, *(channel.samples * width for channel in channels)])
    rows: list[NDArray[np.float64]] = []
    for at in kept:
        gain_uv = channels[at].gain_uv or 0.0
        steps = _steps(table, int(begins[at]), samples, width) * gain_uv + channels[at].zero_uv
        rows.append(_on_one_axis(steps, onsets, fs_hz, len(kept)))
    used = [n for n, row in enumerate(rows) if within_voltage(row)]
    if not used:
        raise EcgFormatError("EDF: no signal keeps to an ECG's voltages: is the unit right?")
    acquired_at = _acquired_at(header, _first_onset_s(header, table, width))
    return EcgSignal(
        samples_uv=np.stack([rows[n] for n in used]),
        fs_hz=fs_hz,
        leads=lead_names([channels[kept[n]].label for n in used]),
        acquired_at=acquired_at,
        patient=_patient(header, acquired_at),
        device=_device(header),
        filters=_filters([channels[kept[n]].prefilter for n in used]),
        source_format="edf",
    )


def read_edf(content: bytes) -> EcgSignal:
    """Read an EDF, EDF+, BDF or BDF+ recording.

    Parameters
    ----------
    content
        The whole file. A file of fewer records than it states is damaged; one that states -1 has as
        many as are whole.

    Returns
    -------
    EcgSignal

    Raises
    ------
    EcgFormatError
        If the file is damaged, or holds no ECG that `EcgSignal` takes.
    """
    try:
        return _signal(content)
    except EcgFormatError:
        raise
    except ValueError as error:
        raise EcgFormatError(f"EDF: {error}") from error
