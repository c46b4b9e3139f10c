"""GE Sapphire XML (root ``sapphire``), what MAC carts write to a card or folder, as `EcgSignal`.

Values stand in attributes: V a value, U its unit, S a scale, INV whether it is invalid. The rhythm
is ``wav/ecgWaveformMXG``; the waveforms of ``medianTemplate`` are left out. -32768 is a missing
sample. GE publishes no description: the fields are those on which public readers of files from
MAC 800 and MAC 2000 carts agree; none of these files is public, so the tests build their own.
"""

import datetime as dt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.demographics import age_at, full_name, sex_of, written
from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import Piece, assembled, with_limb_leads
from ecg.formats.text import MAX_STATEMENT, MAX_STATEMENTS
from ecg.formats.values import number, numbers
from ecg.formats.xmltree import Element, read_xml, root_name
from ecg.signal import EcgSignal, FilterInfo, Patient

NAME: Final = "GE Sapphire XML"
MISSING: Final = -32768.0

_MICROVOLTS: Final = {"UV": 1.0, "MV": 1e3, "NV": 1e-3}
_HERTZ: Final = {"HZ": 1.0, "KHZ": 1e3}
_MEASURED: Final = {
    "PR_Interval": "pr_ms",
    "QRS_Duration": "qrs_ms",
    "QT_Interval": "qt_ms",
}


def looks_like_sapphire(content: bytes) -> bool:
    """Return whether the root element is ``sapphire``."""
    return root_name(content) == "sapphire"


def _first(root: Element, tag: str) -> Element:
    """Return the first element of a tag outside the median template, or an empty one."""
    found = (each for each in root.walk(without="medianTemplate") if each.tag == tag)
    return next(found, Element("none", {}))


def _value(holder: Element, path: str) -> str | None:
    """Return the valid value at a path, or None."""
    found = holder.find(path)
    if found is None or (found.get("INV") or "").lower() == "true":
        return None
    return written(found.get("V"))


def _time(text: str | None) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text or "")
    except ValueError:
        return None


def _samples(lead: Element, group: Element) -> NDArray[np.float64]:
    """Return one lead in microvolts."""
    scale = number(lead.get("S") or group.get("S"))
    factor = _MICROVOLTS.get((lead.get("U") or group.get("U") or "?").upper())
    if not scale or factor is None:
        raise EcgFormatError("a lead's scale or unit is not one that is read")
    values = numbers(lead.get("V") or "")
    return np.where(values == MISSING, np.nan, values * (scale * factor))


def _rhythm(root: Element) -> Element:
    for each in root.walk(without="medianTemplate"):
        if each.tag == "ecgWaveformMXG" and any(lead.get("V") for lead in each.all("ecgWaveform")):
            return each
    raise EcgFormatError("there is no rhythm waveform")


def _rate(group: Element) -> float:
    found = group.find("sampleRate")
    rate = number(found.get("V")) if found is not None else None
    factor = _HERTZ.get(((found.get("U") if found else None) or "Hz").upper())
    if rate is None or factor is None:
        raise EcgFormatError("the sampling rate is missing")
    return rate * factor


def _patient(root: Element, acquired_at: dt.datetime | None) -> Patient:
    person = _first(root, "patientInfo")
    birth = _time(_value(person, "birthDateTime"))
    born = birth.date() if birth else None
    return Patient(
        age_years=age_at(born, acquired_at),
        sex=sex_of(_value(person, "gender")),
        id=_value(person, "identifier/id") or _value(person, "identifier"),
        name=full_name(_value(person, "name/family"), _value(person, "name/given")),
        birth_date=born,
    )


def _measurements(root: Element) -> dict[str, float]:
    template = next((each for each in root.walk() if each.tag == "medianTemplate"), None)
    holder = template.find("measurements/global") if template is not None else None
    if holder is None:
        return {}
    stated = {name: number(_value(holder, tag)) for tag, name in _MEASURED.items()}
    return {name: value for name, value in stated.items() if value is not None and value != MISSING}


def _statements(root: Element) -> tuple[str, ...]:
    said = (
        each.get("V") for each in _first(root, "interpretation").walk() if each.tag == "statement"
    )
    texts = [text[:MAX_STATEMENT] for text in map(written, said) if text]
    return tuple(texts[:MAX_STATEMENTS])


def _signal(root: Element) -> EcgSignal:
    group = _rhythm(root)
    names, samples = assembled(
        Piece(lead.get("lead") or lead.get("label") or "", _samples(lead, group))
        for lead in group.all("ecgWaveform")
    )
    names, samples = with_limb_leads(names, samples)
    acquired_at = _time(_value(_first(root, "testInfo"), "acquisitionDateTime"))
    model = _value(_first(root, "device"), "modelID")
    return EcgSignal(
        samples_uv=samples,
        fs_hz=_rate(group),
        leads=names,
        acquired_at=acquired_at,
        patient=_patient(root, acquired_at),
        device_statements=_statements(root),
        device_measurements=_measurements(root),
        device=f"GE {model}" if model else "GE",
        filters=FilterInfo(
            low_cut_hz=number(_value(group, "filters/highPass/frequency")) or None,
            high_cut_hz=number(_value(group, "filters/lowPass/frequency")) or None,
        ),
        source_format="sapphire",
    )


def read_sapphire(content: bytes) -> EcgSignal:
    """Read a GE Sapphire XML file.

    Raises
    ------
    EcgFormatError
        If the XML is damaged or hostile, or holds no rhythm that `EcgSignal` takes.
    """
    return read_xml(content, NAME, _signal)
