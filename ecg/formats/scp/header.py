"""Section 1: patient, device, filters and time (EN 1064 5.4)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ecg.formats.cursor import Cursor
from ecg.formats.demographics import DAYS_A_YEAR, age_at, full_name
from ecg.formats.scp.language import ASCII, decoded_text, encoded_text, language_of
from ecg.formats.scp.record import FORMAT_NAME
from ecg.signal import MAX_AGE_YEARS, EcgSignal, FilterInfo, Patient, Sex

MAX_FIELDS: Final = 1024
MAX_TEXT_BYTES: Final = 64
NO_OFFSET: Final = 0x7FFF
MAX_OFFSET_MIN: Final = 13 * 60
NOT_STATED: Final = 0xFFFF
LANGUAGE_AT: Final = 16
TEXTS_AT: Final = 36
END: Final = 255

LAST_NAME, FIRST_NAME, PATIENT_ID, SECOND_LAST_NAME = 0, 1, 2, 3
AGE, BIRTH_DATE, SEX, DEVICE = 4, 5, 8, 14
DATE, TIME, BASELINE_FILTER, LOW_PASS_FILTER, FILTERS, ZONE = 25, 26, 27, 28, 29, 34

_AGE_DAYS: Final = {1: DAYS_A_YEAR, 2: DAYS_A_YEAR / 12.0, 3: 7.0, 4: 1.0, 5: 1.0 / 24.0}
_SEXES: Final = {1: Sex.MALE, 2: Sex.FEMALE}
_NOTCHES_HZ: Final = {1: 60.0, 2: 50.0}
# Table 4 of the standard's first version; newer records write 255 and the maker's name.
_MAKERS: Final = (
    "", "Burdick", "Cambridge", "Compumed", "Datamed", "Fukuda", "Hewlett-Packard",
    "Marquette Electronics", "Mortara Instruments", "Nihon Kohden", "Okin", "Quinton", "Siemens",
    "Spacelabs", "Telemed", "Hellige", "ESA-OTE", "Schiller", "Picker-Schwarzer",
    "Elettronica-Trentina", "Zwönitz",
)  # fmt: skip
_NO_NAMES: Final = frozenset({"", "unknown"})


@dataclass(frozen=True)
class Header:
    """What section 1 says, and the language code that its texts and statements are written in."""

    patient: Patient
    acquired_at: dt.datetime | None
    device: str | None
    filters: FilterInfo
    language: int


def _fields(section: bytes) -> dict[int, bytes]:
    """Return the first value of each tag, as far as the tags make sense."""
    cursor = Cursor(section, FORMAT_NAME)
    found: dict[int, bytes] = {}
    for _ in range(MAX_FIELDS):
        if cursor.left < 3:
            break
        tag, size = cursor.unsigned(1), cursor.unsigned(2)
        if tag == END or size > cursor.left:
            break
        found.setdefault(tag, cursor.take(size))
    return found


def _date(field: bytes) -> dt.date | None:
    if len(field) < 4:
        return None
    try:
        return dt.date(int.from_bytes(field[:2], "little"), field[2], field[3])
    except ValueError:
        return None


def _acquired_at(fields: Mapping[int, bytes]) -> dt.datetime | None:
    """Return date and time, with the offset from UTC where it is stated."""
    day, clock = _date(fields.get(DATE, b"")), fields.get(TIME, b"")
    if day is None:
        return None
    try:
        time = dt.time(*clock[:3])
    except ValueError:
        time = dt.time()
    zone = fields.get(ZONE, b"")
    if len(zone) >= 2:
        minutes = int.from_bytes(zone[:2], "little", signed=True)
        if abs(minutes) <= MAX_OFFSET_MIN:
            time = time.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    return dt.datetime.combine(day, time)


def _age_years(
    field: bytes, birth_date: dt.date | None, acquired_at: dt.datetime | None
) -> float | None:
    """Return the stated age, else the one by birth date at acquisition."""
    age: float | None = None
    if len(field) >= 3:
        value, days = int.from_bytes(field[:2], "little"), _AGE_DAYS.get(field[2])
        if days is not None and value != NOT_STATED:
            age = round(value * days / DAYS_A_YEAR, 2)
    known = age is not None and 0.0 <= age <= MAX_AGE_YEARS
    return age if known else age_at(birth_date, acquired_at)


def _device(field: bytes, language: int) -> str | None:
    """Return maker and model from a machine identification (EN 1064 5.4.5, tag 14)."""
    if len(field) <= LANGUAGE_AT:
        return None
    model = decoded_text(field[8:14], language)
    code = field[7]
    maker = _MAKERS[code] if code < len(_MAKERS) else ""
    # Behind the program's revision: serial number, two softwares, maker.
    revision = field[TEXTS_AT - 1] if len(field) >= TEXTS_AT else 0
    texts = field[TEXTS_AT + revision :].split(b"\0")
    if len(texts) > 3:
        stated = decoded_text(texts[3], language)
        maker = stated if stated.lower() not in _NO_NAMES else maker
    return " ".join(part for part in (maker, model) if part) or None


def _filters(fields: Mapping[int, bytes]) -> FilterInfo:
    low_cut = int.from_bytes(fields.get(BASELINE_FILTER, b"")[:2], "little")
    high_cut = int.from_bytes(fields.get(LOW_PASS_FILTER, b"")[:2], "little")
    return FilterInfo(
        low_cut_hz=low_cut / 100.0 if 0 < low_cut < NOT_STATED else None,
        high_cut_hz=float(high_cut) if 0 < high_cut < NOT_STATED else None,
        notch_hz=_NOTCHES_HZ.get(fields.get(FILTERS, b"\0")[:1].ljust(1, b"\0")[0] & 3),
    )


def read_header(section: bytes | None) -> Header:
    """Read section 1; what makes no sense in it counts as not stated."""
    fields = _fields(section or b"")
    machine = fields.get(DEVICE, b"")
    language = machine[LANGUAGE_AT] if len(machine) > LANGUAGE_AT else ASCII
    texts = {
        tag: decoded_text(fields.get(tag, b""), language)
        for tag in (LAST_NAME, FIRST_NAME, PATIENT_ID, SECOND_LAST_NAME)
    }
    acquired_at = _acquired_at(fields)
    birth_date = _date(fields.get(BIRTH_DATE, b""))
    patient = Patient(
        age_years=_age_years(fields.get(AGE, b""), birth_date, acquired_at),
        sex=_SEXES.get(fields.get(SEX, b"\0")[:1].ljust(1, b"\0")[0]),
        id=texts[PATIENT_ID] or None,
        name=full_name(full_name(texts[LAST_NAME], texts[SECOND_LAST_NAME]), texts[FIRST_NAME]),
        birth_date=birth_date,
    )
    return Header(patient, acquired_at, _device(machine, language), _filters(fields), language)


def _date_field(day: dt.date | None) -> bytes:
    return bytes(4) if day is None else day.year.to_bytes(2, "little") + bytes((day.month, day.day))


def _age_field(age_years: float) -> bytes:
    """Return whole years, else days; an infant's age in days says more than "0 years"."""
    value, unit = (age_years, 1) if age_years == int(age_years) else (age_years * DAYS_A_YEAR, 4)
    return round(value).to_bytes(2, "little") + bytes((unit,))


def write_header(signal: EcgSignal) -> tuple[bytes, int]:
    """Return section 1 and the language code of its texts.

    Texts longer than the standard's 64 bytes end before. The device stands whole in the field of
    the maker, whose length is its own.
    """
    patient, filters = signal.patient, signal.filters
    texts = (patient.name, patient.id, signal.device, *signal.device_statements)
    language = language_of(text for text in texts if text)
    fields: dict[int, bytes] = {PATIENT_ID: encoded_text(patient.id or "", language)}
    if patient.name:
        fields[LAST_NAME] = encoded_text(patient.name, language)
    if patient.age_years is not None:
        fields[AGE] = _age_field(patient.age_years)
    if patient.birth_date is not None:
        fields[BIRTH_DATE] = _date_field(patient.birth_date)
    fields[SEX] = bytes(({Sex.MALE: 1, Sex.FEMALE: 2}.get(patient.sex, 0) if patient.sex else 0,))
    machine = bytearray(TEXTS_AT)
    machine[7], machine[14], machine[15], machine[LANGUAGE_AT] = 255, 20, 0xA0, language
    machine[17] = 0x10
    machine += b"\0\0\0" + encoded_text(signal.device or "", language)
    fields[DEVICE] = bytes(machine)
    moment = signal.acquired_at
    fields[DATE] = _date_field(moment)
    fields[TIME] = (
        bytes(3) if moment is None else bytes((moment.hour, moment.minute, moment.second))
    )
    offset = moment.utcoffset() if moment is not None else None
    if offset is not None:
        minutes = round(offset.total_seconds() / 60.0)
        fields[ZONE] = minutes.to_bytes(2, "little", signed=True) + bytes(3)
    if filters.low_cut_hz is not None:
        fields[BASELINE_FILTER] = round(filters.low_cut_hz * 100.0).to_bytes(2, "little")
    if filters.high_cut_hz is not None:
        fields[LOW_PASS_FILTER] = round(filters.high_cut_hz).to_bytes(2, "little")
    if filters.notch_hz is not None:
        bits = {hz: bit for bit, hz in _NOTCHES_HZ.items()}
        fields[FILTERS] = bytes((bits.get(filters.notch_hz, 0),))
    out = bytearray()
    for tag in sorted(fields):
        out += bytes((tag,)) + len(fields[tag]).to_bytes(2, "little") + fields[tag]
    return bytes(out) + bytes((END, 0, 0)), language
