"""What devices write of a patient, in the spellings they use."""

import datetime as dt
import re
from typing import Final

from ecg.formats.values import number
from ecg.signal import MAX_AGE_YEARS, Sex

DAYS_A_YEAR: Final = 365.2425
_YEARS_A_UNIT: Final = {
    "Y": 1.0,
    "A": 1.0,
    "岁": 1.0,
    "M": 1.0 / 12.0,
    "月": 1.0 / 12.0,
    "W": 7.0 / DAYS_A_YEAR,
    "周": 7.0 / DAYS_A_YEAR,
    "D": 1.0 / DAYS_A_YEAR,
    "天": 1.0 / DAYS_A_YEAR,
    "H": 1.0 / 24.0 / DAYS_A_YEAR,
}
_SEX: Final = {
    "M": Sex.MALE,
    "MALE": Sex.MALE,
    "男": Sex.MALE,
    "F": Sex.FEMALE,
    "FEMALE": Sex.FEMALE,
    "女": Sex.FEMALE,
}
_HAN = re.compile(r"[㐀-鿿·]+")
_WRITTEN = re.compile(r"[^\W_]")


def written(text: str | None) -> str | None:
    """Return a text that holds a letter or digit, without surrounding blanks; ``"---"`` is none."""
    kept = (text or "").strip()
    return kept if _WRITTEN.search(kept) else None


def sex_of(text: str | None) -> Sex | None:
    """Return the sex named by M, F, male, female, 男 or 女."""
    return _SEX.get((text or "").strip().upper())


def full_name(family: str | None, given: str | None) -> str | None:
    """Return family and given name; a Chinese name is one word: 张三, not 张 三."""
    parts = [part for part in (written(family), written(given)) if part]
    return ("" if _HAN.fullmatch("".join(parts)) else " ").join(parts) or None


def age_years(value: str | None, unit: str | None = None) -> float | None:
    """Return an age in years; its unit, years where absent, is told by its first letter."""
    age, factor = number(value), _YEARS_A_UNIT.get((unit or "Y").strip().upper()[:1])
    if age is None or factor is None:
        return None
    years = round(age * factor, 2)
    return years if 0.0 <= years <= MAX_AGE_YEARS else None


def age_at(birth_date: dt.date | None, acquired_at: dt.datetime | None) -> float | None:
    """Return whole years from birth to acquisition, or None where either is unknown."""
    if birth_date is None or acquired_at is None:
        return None
    day = acquired_at.date()
    years = day.year - birth_date.year
    if (day.month, day.day) < (birth_date.month, birth_date.day):
        years -= 1
    return float(years) if 0 <= years <= MAX_AGE_YEARS else None


def moment(text: str | None, *patterns: str) -> dt.datetime | None:
    """Return the time a text gives in one of the `strptime` patterns, or None."""
    for pattern in patterns:
        try:
            return dt.datetime.strptime((text or "").strip(), pattern)  # noqa: DTZ007 -- local
        except ValueError:
            continue
    return None
