"""What every part of an annotated ECG is made of: codes, times, quantities with units."""

import datetime as dt
import re
from typing import Final

from ecg.formats.errors import EcgFormatError
from ecg.formats.values import number
from ecg.formats.xmltree import Element

MICROVOLTS: Final = {"NV": 1e-3, "UV": 1.0, "ΜV": 1.0, "MV": 1e3, "V": 1e6}
SECONDS: Final = {"NS": 1e-9, "US": 1e-6, "MS": 1e-3, "S": 1.0, "MIN": 60.0, "H": 3600.0}
_TIMESTAMP = re.compile(r"(\d{8})(\d{2})?(\d{2})?(\d{2})?(?:\.(\d{1,9}))?([+-]\d{4})?")


def code_of(element: Element) -> str:
    """Return an element's code in capitals, or nothing."""
    found = element.find("code")
    return ((found.get("code") if found else None) or "").upper()


def time_of(text: str | None) -> dt.datetime | None:
    """Return an HL7 time stamp, YYYYMMDD[HHMM[SS[.U…]]][±ZZZZ]; None where it has no day."""
    found = _TIMESTAMP.fullmatch(text or "")
    if found is None:
        return None
    day, hour, minute, second, fraction, zone = found.groups()
    clock = f"{hour or '00'}{minute or '00'}{second or '00'}{(fraction or '0')[:6]:0<6}"
    pattern = "%Y%m%d%H%M%S%f" + ("%z" if zone else "")
    try:
        return dt.datetime.strptime(day + clock + (zone or ""), pattern)  # noqa: DTZ007 -- as stated
    except ValueError:
        return None


def factor_of(unit: str | None, factors: dict[str, float], default: float) -> float:
    """Return what a unit is worth, ``default`` where it is absent.

    Raises
    ------
    EcgFormatError
        If it is not known.
    """
    if unit is None:
        return default
    factor = factors.get(unit.upper())
    if factor is None:
        raise EcgFormatError(f"the unit {unit[:20]!r} is not known here")
    return factor


def quantity(value: Element, name: str) -> tuple[float | None, str | None]:
    """Return number and unit of a child element, None each where absent."""
    found = value.find(name)
    return (number(found.get("value")), found.get("unit")) if found else (None, None)
