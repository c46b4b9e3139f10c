"""HL7 annotated ECG (ANSI/HL7 V3 ECG R1, PORT_MT020001) as `EcgSignal`.

The rhythm is taken, never a representative beat: series coded so, and every derived series, are
left out. Sequence sets of a series are laid out at their own times; further rhythm series of other
leads at the same rate join it. Deviation from the standard: a value list without a unit is read as
microvolts, a time without one as milliseconds where it measures and seconds where it samples.
"""

import datetime as dt
from typing import Final

from ecg.formats.aecg.annotations import measurements, statements
from ecg.formats.aecg.codes import code_of, quantity, time_of
from ecg.formats.aecg.waveforms import begin_of, rhythm, start_s
from ecg.formats.demographics import age_at, age_years, full_name, sex_of, written
from ecg.formats.leads import Piece, assembled, with_limb_leads, without_calibration
from ecg.formats.xmltree import Element, read_xml, root_name
from ecg.signal import EcgSignal, FilterInfo, Patient

NAME: Final = "HL7 aECG"

_AGE: Final = "21612-7"


def looks_like_aecg(content: bytes) -> bool:
    """Return whether the root element is ``AnnotatedECG``."""
    return root_name(content) == "AnnotatedECG"


def _effective(element: Element | None, duration_s: float) -> dt.datetime | None:
    """Return when an interval begins: its low, own or central value, or its end less duration."""
    if element is None:
        return None
    stated = [element.get("value")]
    stated += [found.get("value") for tag in ("low", "center") for found in element.all(tag)]
    begin = next((time for time in map(time_of, stated) if time is not None), None)
    high = element.find("high")
    end = time_of(high.get("value")) if begin is None and high is not None else None
    return end - dt.timedelta(seconds=duration_s) if end is not None else begin


def _name(person: Element | None) -> str | None:
    found = person.find("name") if person is not None else None
    if found is None:
        return None
    given = " ".join(each.text for each in found.all("given"))
    return full_name(found.words("family"), given) or written(found.text)


def _age(root: Element, person: Element | None) -> float | None:
    """Return the reported age (LOINC 21612-7), else the one some makers write into the person."""
    found = [
        age_years(value.get("value"), value.get("unit"))
        for each in root.all("controlVariable/relatedObservation")
        if code_of(each) == _AGE and (value := each.find("value")) is not None
    ]
    beside = person.find("age") if person is not None else None
    if beside is not None and beside.get("unit") is not None:
        found.append(age_years(beside.text, beside.get("unit")))
    return next((age for age in found if age is not None), None)


def _patient(root: Element, acquired_at: dt.datetime | None) -> Patient:
    """Return the subject; Contec spreads it over two, Mindray and Lepu add an ID of their own."""
    path = "componentOf/timepointEvent/componentOf/subjectAssignment/subject/trialSubject"
    subjects = list(root.all(path))
    people = [each.find("subjectDemographicPerson") for each in subjects]
    person = next((each for each in people if each is not None), None)
    identities = [identity for each in subjects for identity in each.all("id")]
    ids = [person.words("PatientID"), person.words("patientID")] if person is not None else []
    ids += [each.get(name) for name in ("extension", "root") for each in identities]
    gender = person.find("administrativeGenderCode") if person is not None else None
    birth = person.find("birthTime") if person is not None else None
    born = time_of(((birth.get("value") if birth else None) or "")[:8])
    birth_date = born.date() if born else None
    stated = _age(root, person)
    return Patient(
        age_years=age_at(birth_date, acquired_at) if stated is None else stated,
        sex=sex_of(gender.get("code")) if gender else None,
        id=next((each for each in map(written, ids) if each), None),
        name=_name(person),
        birth_date=birth_date,
    )


def _device(series: Element) -> str | None:
    author = series.find("author/seriesAuthor")
    if author is None:
        return None
    maker = written(author.words("manufacturerOrganization/name"))
    model = written(author.words("manufacturedSeriesDevice/manufacturerModelName"))
    return " ".join(part for part in (maker, model) if part) or None


def _filters(series: Element) -> FilterInfo:
    stated: dict[str, float] = {}
    for control in series.all("controlVariable/controlVariable"):
        for each in control.walk():
            frequency, unit = quantity(each, "value")
            if frequency and frequency > 0.0 and (unit or "Hz").upper() == "HZ":
                stated.setdefault(code_of(control), frequency)
    prefix = "MDC_ECG_CTL_VBL_ATTR_FILTER_"
    return FilterInfo(
        low_cut_hz=stated.get(prefix + "HIGH_PASS"),
        high_cut_hz=stated.get(prefix + "LOW_PASS"),
        notch_hz=stated.get(prefix + "NOTCH"),
    )


def _signal(root: Element) -> EcgSignal:
    series, sets = rhythm(root)
    begin, fs_hz = begin_of(sets), sets[0].fs_hz
    names, samples = assembled(
        Piece(lead, row, round(start_s(each, begin) * fs_hz))
        for each in sets
        for lead, row in each.leads
    )
    names, samples = with_limb_leads(names, without_calibration(samples, fs_hz))
    duration_s = samples.shape[1] / fs_hz
    acquired_at = (
        begin
        or _effective(series.find("effectiveTime"), duration_s)
        or _effective(root.find("effectiveTime"), duration_s)
    )
    return EcgSignal(
        samples_uv=samples,
        fs_hz=fs_hz,
        leads=names,
        acquired_at=acquired_at,
        patient=_patient(root, acquired_at),
        device_statements=statements(series),
        device_measurements=measurements(series),
        device=_device(series),
        filters=_filters(series),
        source_format="aecg",
    )


def read_aecg(content: bytes) -> EcgSignal:
    """Read an HL7 annotated ECG.

    Raises
    ------
    EcgFormatError
        If the XML is damaged or hostile, or holds no rhythm that `EcgSignal` takes.
    """
    return read_xml(content, NAME, _signal)
