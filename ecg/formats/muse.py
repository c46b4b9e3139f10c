"""GE MUSE resting ECG XML (root ``RestingECG``) as `EcgSignal`.

The waveform of type "Rhythm" is taken, never "Median". MUSE stores I, II and the chest leads; III,
aVR, aVL and aVF follow from I and II. The machine's own words and measurements are those under
``Original…``, where the file keeps them apart from what a physician edited. Fields as described in
GE's "MUSE XML Developer's and Installer's Guide"; the checksum is CRC-32 of the decoded bytes,
which all development samples confirm.
"""

import datetime as dt
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.demographics import (
    age_at,
    age_years,
    full_name,
    moment,
    sex_of,
    written,
)
from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import Piece, assembled, with_limb_leads
from ecg.formats.text import MAX_STATEMENT, MAX_STATEMENTS
from ecg.formats.values import from_base64, number
from ecg.formats.xmltree import Element, read_xml, root_name
from ecg.signal import EcgSignal, FilterInfo, Patient

NAME: Final = "MUSE XML"

_DATES: Final = ("%m-%d-%Y", "%m/%d/%Y", "%Y-%m-%d", "%d-%b-%Y")
_MICROVOLTS: Final = {"MICROVOLTS": 1.0, "MILLIVOLTS": 1e3, "NANOVOLTS": 1e-3}
_DTYPES: Final = {2: "<i2", 4: "<i4"}
_MEASURED: Final = {
    "VentricularRate": "heart_rate_bpm",
    "PRInterval": "pr_ms",
    "QRSDuration": "qrs_ms",
    "QTInterval": "qt_ms",
    "QTCorrected": "qtc_bazett_ms",
    "QTcFrederica": "qtc_fridericia_ms",
    "PAxis": "axis_p_deg",
    "RAxis": "axis_qrs_deg",
    "TAxis": "axis_t_deg",
}


def looks_like_muse(content: bytes) -> bool:
    """Return whether the root element is ``RestingECG``."""
    return root_name(content) == "RestingECG"


def _samples(lead: Element) -> NDArray[np.float64]:
    """Return one lead in microvolts."""
    name = lead.words("LeadID") or "?"
    width = int(number(lead.words("LeadSampleSize")) or 2.0)
    dtype = _DTYPES.get(width)
    gain, unit = number(lead.words("LeadAmplitudeUnitsPerBit")), lead.words("LeadAmplitudeUnits")
    factor = _MICROVOLTS.get((unit or "MICROVOLTS").upper())
    if dtype is None or not gain or factor is None:
        raise EcgFormatError(f"lead {name}'s sample size, gain or unit is not one that is read")
    raw = from_base64(lead.words("WaveFormData") or "")
    stated = number(lead.words("LeadDataCRC32"))
    if stated and stated % (1 << 32) != zlib.crc32(raw):
        raise EcgFormatError(f"lead {name}'s samples do not match their checksum")
    count = number(lead.words("LeadSampleCountTotal"))
    if len(raw) % width or (count is not None and count != len(raw) // width):
        raise EcgFormatError(f"lead {name} has another number of samples than it states")
    counts: NDArray[np.float64] = np.frombuffer(raw, dtype).astype(np.float64)
    return counts * (gain * factor)


def _rhythm(root: Element) -> Element:
    found = [
        each
        for each in root.all("Waveform")
        if (each.words("WaveformType") or "").upper() == "RHYTHM"
    ]
    if not found:
        raise EcgFormatError("there is no rhythm waveform")
    return max(found, key=lambda each: sum(1 for _ in each.all("LeadData")))


def _rate(waveform: Element) -> float:
    base, exponent = number(waveform.words("SampleBase")), number(waveform.words("SampleExponent"))
    if base is None or not -9.0 <= (exponent or 0.0) <= 9.0:
        raise EcgFormatError("the sampling rate is missing")
    return float(base * 10.0 ** (exponent or 0.0))


def _filters(waveform: Element) -> FilterInfo:
    """Return the filters; MUSE writes the high-pass in hundredths of a hertz: 16 is 0.16 Hz."""
    text = waveform.words("HighPassFilter") or ""
    low = number(text)
    if low is not None and "." not in text:
        low /= 100.0
    return FilterInfo(
        low_cut_hz=low or None,
        high_cut_hz=number(waveform.words("LowPassFilter")) or None,
        notch_hz=number(waveform.words("ACFilter")) or None,
    )


def _patient(root: Element, acquired_at: dt.datetime | None) -> Patient:
    person = root.find("PatientDemographics")
    if person is None:
        return Patient()
    birth = moment(person.words("DateofBirth"), *_DATES)
    born = birth.date() if birth else None
    stated = age_years(person.words("PatientAge"), person.words("AgeUnits"))
    return Patient(
        age_years=age_at(born, acquired_at) if stated is None else stated,
        sex=sex_of(person.words("Gender")),
        id=written(person.words("PatientID")),
        name=full_name(person.words("PatientLastName"), person.words("PatientFirstName")),
        birth_date=born,
    )


def _first(root: Element, *paths: str) -> Element | None:
    return next((found for path in paths if (found := root.find(path)) is not None), None)


def _statements(root: Element) -> tuple[str, ...]:
    """Return the lines of the machine's diagnosis: a statement flagged ENDSLINE ends its line."""
    diagnosis = _first(root, "OriginalDiagnosis", "Diagnosis")
    lines: list[str] = []
    line: list[str] = []
    for each in diagnosis.all("DiagnosisStatement") if diagnosis is not None else ():
        flags = {flag.text.upper() for flag in each.all("StmtFlag")}
        if "USERINSERT" in flags:
            continue
        line.append(each.words("StmtText") or "")
        if "ENDSLINE" in flags:
            lines.append(" ".join(" ".join(line).split()))
            line = []
    lines.append(" ".join(" ".join(line).split()))
    return tuple(text[:MAX_STATEMENT] for text in lines if text)[:MAX_STATEMENTS]


def _measurements(root: Element) -> dict[str, float]:
    found = _first(root, "OriginalRestingECGMeasurements", "RestingECGMeasurements")
    if found is None:
        return {}
    stated = {name: number(found.words(tag)) for tag, name in _MEASURED.items()}
    return {name: value for name, value in stated.items() if value is not None}


def _signal(root: Element) -> EcgSignal:
    waveform = _rhythm(root)
    leads = waveform.all("LeadData")
    names, samples = assembled(Piece(each.words("LeadID") or "", _samples(each)) for each in leads)
    names, samples = with_limb_leads(names, samples)
    test = root.find("TestDemographics")
    day, clock = (
        (test.words("AcquisitionDate"), test.words("AcquisitionTime")) if test else (None, None)
    )
    acquired_at = moment(
        f"{day} {clock or '00:00:00'}",
        *(f"{date} {time}" for date in _DATES for time in ("%H:%M:%S", "%H:%M")),
    )
    model = written(test.words("AcquisitionDevice")) if test else None
    return EcgSignal(
        samples_uv=samples,
        fs_hz=_rate(waveform),
        leads=names,
        acquired_at=acquired_at,
        patient=_patient(root, acquired_at),
        device_statements=_statements(root),
        device_measurements=_measurements(root),
        device=f"GE {model}" if model else "GE MUSE",
        filters=_filters(waveform),
        source_format="muse",
    )


def read_muse(content: bytes) -> EcgSignal:
    """Read a GE MUSE XML file.

    Raises
    ------
    EcgFormatError
        If the XML is damaged or hostile, a checksum fails, or it holds no rhythm.
    """
    return read_xml(content, NAME, _signal)
