"""GE CASE/CardioSoft XML (root ``CardiologyXML``) as `EcgSignal`.

The rhythm is ``StripData``, never ``MedianSamples`` nor the averaged full disclosure of exercise
tests. Fields after the "CASE/CardioSoft XML Data Export Reference Manual" as public readers of UK
Biobank's files use them; those files are not public, so the tests build their own. The corrected QT
is left out: its formula is a setting that the file does not state.
"""

import datetime as dt
from typing import Final

from ecg.formats.demographics import age_at, age_years, full_name, moment, sex_of, written
from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import Piece, assembled, with_limb_leads
from ecg.formats.text import MAX_STATEMENT, MAX_STATEMENTS
from ecg.formats.values import number, numbers
from ecg.formats.xmltree import Element, read_xml, root_name
from ecg.signal import EcgSignal, Patient

NAME: Final = "CardioSoft XML"

_QUANTA_UV: Final = {"UVPERLSB": 1.0, "MVPERLSB": 1e3, "NVPERLSB": 1e-3}
_MEASURED: Final = {
    "VentricularRate": "heart_rate_bpm",
    "PQInterval": "pr_ms",
    "QRSDuration": "qrs_ms",
    "QTInterval": "qt_ms",
    "PAxis": "axis_p_deg",
    "RAxis": "axis_qrs_deg",
    "TAxis": "axis_t_deg",
}


def looks_like_cardiosoft(content: bytes) -> bool:
    """Return whether the root element is ``CardiologyXML``."""
    return root_name(content) == "CardiologyXML"


def _moment(holder: Element | None) -> dt.datetime | None:
    """Return the time whose parts are elements: Year, Month, Day, Hour, Minute, Second."""
    if holder is None:
        return None
    parts = [holder.words(tag) or "0" for tag in ("Year", "Month", "Day")]
    parts += [holder.words(tag) or "0" for tag in ("Hour", "Minute", "Second")]
    return moment(" ".join(parts), "%Y %m %d %H %M %S")


def _quantum_uv(strip: Element) -> float:
    found = strip.find("Resolution")
    steps = number(found.text) if found is not None else None
    factor = _QUANTA_UV.get(((found.get("units") if found else None) or "uVperLsb").upper())
    if not steps or factor is None:
        raise EcgFormatError("the resolution is missing or in a unit that is not known")
    return steps * factor


def _patient(root: Element, acquired_at: dt.datetime | None) -> Patient:
    person = root.find("PatientInfo")
    if person is None:
        return Patient()
    birth = _moment(person.find("BirthDateTime"))
    born = birth.date() if birth else None
    age = person.find("Age")
    stated = age_years(age.text, age.get("units")) if age is not None else None
    return Patient(
        age_years=age_at(born, acquired_at) if stated is None else stated,
        sex=sex_of(person.words("Gender")),
        id=written(person.words("PID")),
        name=full_name(person.words("Name/FamilyName"), person.words("Name/GivenName")),
        birth_date=born,
    )


def _statements(root: Element) -> tuple[str, ...]:
    said = (
        text.text
        for path in ("Interpretation/Diagnosis", "Interpretation/Conclusion")
        for each in root.all(path)
        for text in each.children
        if text.tag in ("DiagnosisText", "ConclusionText")
    )
    texts = dict.fromkeys(text[:MAX_STATEMENT] for text in map(written, said) if text)
    return tuple(texts)[:MAX_STATEMENTS]


def _measurements(root: Element) -> dict[str, float]:
    holder = root.find("RestingECGMeasurements") or Element("none", {})
    stated = {name: number(holder.words(tag)) for tag, name in _MEASURED.items()}
    return {name: value for name, value in stated.items() if value is not None}


def _signal(root: Element) -> EcgSignal:
    strip = root.find("StripData") or root.find("Strip/StripData")
    if strip is None:
        raise EcgFormatError("there is no rhythm strip")
    rate = number(strip.words("SampleRate"))
    if rate is None:
        raise EcgFormatError("the sampling rate is missing")
    quantum_uv = _quantum_uv(strip)
    names, samples = assembled(
        Piece(each.get("lead") or "", numbers(each.text) * quantum_uv)
        for each in strip.all("WaveformData")
    )
    names, samples = with_limb_leads(names, samples)
    acquired_at = _moment(root.find("ObservationDateTime"))
    return EcgSignal(
        samples_uv=samples,
        fs_hz=rate,
        leads=names,
        acquired_at=acquired_at,
        patient=_patient(root, acquired_at),
        device_statements=_statements(root),
        device_measurements=_measurements(root),
        device="GE CardioSoft",
        source_format="cardiosoft",
    )


def read_cardiosoft(content: bytes) -> EcgSignal:
    """Read a CASE/CardioSoft XML file.

    Raises
    ------
    EcgFormatError
        If the XML is damaged or hostile, or holds no rhythm that `EcgSignal` takes.
    """
    return read_xml(content, NAME, _signal)
