"""HL7 annotated ECG (ANSI/HL7 V3 ECG R1, PORT_MT020001) as `EcgSignal`.

The rhythm is taken, never a representative beat: series coded so, and every derived series, are
left out. Sequence sets of a series are laid out at their own times; further rhythm series of other
leads at the same rate join it. Deviation from the standard: a value list without a unit is read as
microvolts, a time without one as milliseconds where it measures and seconds where it samples.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.demographics import age_at, age_years, full_name, sex_of, written
from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import Piece, assembled, with_limb_leads, without_calibration
from ecg.formats.values import number, numbers
from ecg.formats.xmltree import Element, parse_xml, root_name
from ecg.signal import (
    MAX_FS_HZ,
    MAX_LEADS,
    MIN_FS_HZ,
    EcgSignal,
    FilterInfo,
    Patient,
    normal_lead_name,
)

NAME: Final = "HL7 aECG"
MAX_STATEMENTS: Final = 64
MAX_STATEMENT: Final = 400

_LEAD_CODE = re.compile(r"MDC_ECG_(?:LEAD|ELEC_POTL)_(\w{1,20})")
_NOT_RHYTHM: Final = ("REPRESENTATIVE", "MEDIAN", "TEMPLATE", "AVERAGE")
_TIME_CODES: Final = ("TIME_ABSOLUTE", "TIME_RELATIVE")
_MICROVOLTS: Final = {"NV": 1e-3, "UV": 1.0, "ΜV": 1.0, "µV": 1.0, "MV": 1e3, "V": 1e6}
_SECONDS: Final = {"NS": 1e-9, "US": 1e-6, "MS": 1e-3, "S": 1.0, "MIN": 60.0, "H": 3600.0}
_TIMESTAMP = re.compile(r"(\d{8})(\d{2})?(\d{2})?(\d{2})?(?:\.(\d{1,9}))?([+-]\d{4})?")
_AGE: Final = "21612-7"
_MEASURED: Final = {
    "MDC_ECG_HEART_RATE": "heart_rate_bpm",
    "MDC_ECG_TIME_PD_PR": "pr_ms",
    "MDC_ECG_TIME_PD_QRS": "qrs_ms",
    "MDC_ECG_TIME_PD_QT": "qt_ms",
    "MDC_ECG_TIME_PD_QTCB": "qtc_bazett_ms",
    "MDC_ECG_TIME_PD_QTCF": "qtc_fridericia_ms",
    "MDC_ECG_ANGLE_P_FRONT": "axis_p_deg",
    "MDC_ECG_ANGLE_QRS_FRONT": "axis_qrs_deg",
    "MDC_ECG_ANGLE_T_FRONT": "axis_t_deg",
}


@dataclass(frozen=True)
class SequenceSet:
    """Leads that share one time axis.

    Attributes
    ----------
    begin
        Absolute time of the first sample, where stated.
    offset_s
        Relative time of the first sample.
    leads
        Microvolts of each lead, shape (n_samples,) each.
    """

    fs_hz: float
    begin: dt.datetime | None
    offset_s: float
    leads: tuple[tuple[str, NDArray[np.float64]], ...]


def looks_like_aecg(content: bytes) -> bool:
    """Return whether the root element is ``AnnotatedECG``."""
    return root_name(content) == "AnnotatedECG"


def _code(element: Element) -> str:
    found = element.find("code")
    return ((found.get("code") if found else None) or "").upper()


def _time(text: str | None) -> dt.datetime | None:
    """Return an HL7 time stamp, YYYYMMDD[HHMM[SS[.U…]]][±ZZZZ]; None where it has no day."""
    found = _TIMESTAMP.fullmatch(text or "")
    if found is None:
        return None
    day, hour, minute, second, fraction, zone = found.groups()
    clock = f"{hour or '00'}{minute or '00'}{second or '00'}{(fraction or '0')[:6]:0<6}"
    pattern = "%Y%m%d%H%M%S%f" + ("%z" if zone else "")
    try:
        return dt.datetime.strptime(day + clock + (zone or ""), pattern)  # noqa: DTZ007 - as stated
    except ValueError:
        return None


def _factor(unit: str | None, factors: dict[str, float], default: float) -> float:
    if unit is None:
        return default
    factor = factors.get(unit.upper())
    if factor is None:
        raise EcgFormatError(f"the unit {unit[:20]!r} is not known here")
    return factor


def _quantity(value: Element, name: str) -> tuple[float | None, str | None]:
    found = value.find(name)
    return (number(found.get("value")), found.get("unit")) if found else (None, None)


def _listed(value: Element, factors: dict[str, float]) -> NDArray[np.float64]:
    """Return an SLIST's values, origin + scale x digit, in the unit that has factor 1."""
    origin, origin_unit = _quantity(value, "origin")
    scale, scale_unit = _quantity(value, "scale")
    unit = _factor(scale_unit or origin_unit, factors, 1.0)
    digits = numbers(value.words("digits") or "")
    step = 1.0 if scale is None else scale
    shift = (origin or 0.0) * _factor(origin_unit or scale_unit, factors, 1.0)
    return digits * (step * unit) + shift


def _time_axis(value: Element) -> tuple[float, dt.datetime | None, float]:
    """Return sampling rate, absolute time and relative time (s) of the first sample."""
    increment, unit = _quantity(value, "increment")
    if increment is not None:
        step = increment * _factor(unit, _SECONDS, 1.0)
        head, head_unit = _quantity(value, "head")
        found = value.find("head")
        begin = _time(found.get("value")) if found and head_unit is None else None
        offset = 0.0 if head is None or begin else head * _factor(head_unit, _SECONDS, 1.0)
    else:
        times = _listed(value, _SECONDS)
        steps = np.diff(times)
        if steps.size == 0 or np.ptp(steps) > 1e-3 * abs(steps[0]):
            raise EcgFormatError("the samples are not evenly spaced in time")
        step, begin, offset = float(steps.mean()), None, float(times[0])
    if not step > 0.0 or not MIN_FS_HZ <= 1.0 / step <= MAX_FS_HZ:
        raise EcgFormatError(f"a sampling interval of {step:g} s is none of an ECG")
    return round(1.0 / step, 6), begin, offset


def _sequence_set(element: Element) -> SequenceSet | None:
    """Return a sequence set with leads, or None for one without."""
    axis: tuple[float, dt.datetime | None, float] | None = None
    leads: dict[str, NDArray[np.float64]] = {}
    for sequence in element.all("component/sequence"):
        code, value = _code(sequence), sequence.find("value")
        if value is None:
            continue
        lead = _LEAD_CODE.fullmatch(code)
        if code in _TIME_CODES and axis is None:
            axis = _time_axis(value)
        elif lead is not None and value.find("digits") is not None:
            leads.setdefault(normal_lead_name(lead[1]), _listed(value, _MICROVOLTS))
    leads = {name: samples for name, samples in leads.items() if samples.size}
    if not leads:
        return None
    if axis is None:
        raise EcgFormatError("a sequence set has leads but no time sequence")
    return SequenceSet(*axis, tuple(leads.items()))


def _start_s(one: SequenceSet, origin: dt.datetime | None) -> float:
    if one.begin is None or origin is None:
        return one.offset_s
    return (one.begin - origin).total_seconds()


def _begin(sets: list[SequenceSet]) -> dt.datetime | None:
    """Return the earliest absolute time of a sample, or None where none is stated."""
    begins = [each.begin for each in sets if each.begin is not None]
    if len({begin.tzinfo is None for begin in begins}) > 1:
        raise EcgFormatError("some times have a zone and some have none")
    return min(begins, default=None)


def _leads(sets: list[SequenceSet]) -> set[str]:
    return {name for each in sets for name, _ in each.leads}


def _rank(entry: tuple[Element, list[SequenceSet]]) -> tuple[bool, int, float]:
    series, sets = entry
    longest = sum(max(row.size for _, row in each.leads) / each.fs_hz for each in sets)
    return _code(series) == "RHYTHM", len(_leads(sets)), longest


def _rhythm(root: Element) -> tuple[Element, list[SequenceSet]]:
    """Return the chosen series and the sequence sets that make the recording."""
    found: list[tuple[Element, list[SequenceSet]]] = []
    for series in root.all("component/series"):
        if any(word in _code(series) for word in _NOT_RHYTHM):
            continue
        read = (_sequence_set(each) for each in series.all("component/sequenceSet"))
        kept = [each for each in read if each is not None]
        if kept:
            found.append((series, [each for each in kept if each.fs_hz == kept[0].fs_hz]))
    if not found:
        raise EcgFormatError("there is no rhythm series with samples")
    (chosen, first), *others = sorted(found, key=_rank, reverse=True)
    sets, taken = list(first), _leads(first)
    for _, more in others:
        own = _leads(more)
        if not own & taken and more[0].fs_hz == first[0].fs_hz and len(taken | own) <= MAX_LEADS:
            sets += more
            taken |= own
    return chosen, sets


def _effective(element: Element | None, duration_s: float) -> dt.datetime | None:
    """Return when an interval begins: its low, own or central value, or its end less duration."""
    if element is None:
        return None
    stated = [element.get("value")]
    stated += [found.get("value") for tag in ("low", "center") for found in element.all(tag)]
    begin = next((time for time in map(_time, stated) if time is not None), None)
    high = element.find("high")
    end = _time(high.get("value")) if begin is None and high is not None else None
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
        if _code(each) == _AGE and (value := each.find("value")) is not None
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
    born = _time(((birth.get("value") if birth else None) or "")[:8])
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
            frequency, unit = _quantity(each, "value")
            if frequency and frequency > 0.0 and (unit or "Hz").upper() == "HZ":
                stated.setdefault(_code(control), frequency)
    prefix = "MDC_ECG_CTL_VBL_ATTR_FILTER_"
    return FilterInfo(
        low_cut_hz=stated.get(prefix + "HIGH_PASS"),
        high_cut_hz=stated.get(prefix + "LOW_PASS"),
        notch_hz=stated.get(prefix + "NOTCH"),
    )


def _annotations(holder: Element, beat: bool = False) -> Iterator[tuple[Element, bool]]:
    """Yield a device's annotations with whether they lie within that of a single beat."""
    for annotation in holder.all("component/annotation"):
        yield annotation, beat
        yield from _annotations(annotation, beat or _code(annotation) == "MDC_ECG_BEAT")


def _device_annotations(series: Element) -> Iterator[tuple[Element, bool]]:
    for group in series.all("subjectOf/annotationSet"):
        if group.find("author/assignedEntity/assignedAuthorType/assignedPerson") is None:
            yield from _annotations(group)


def _one_lead(annotation: Element) -> bool:
    parts = annotation.all("support/supportingROI/component/boundary")
    return any(_code(each).startswith("MDC_ECG_LEAD") for each in parts)


def _measured(annotation: Element) -> tuple[str, float] | None:
    name, value = _MEASURED.get(_code(annotation)), annotation.find("value")
    if name is None or value is None or _one_lead(annotation):
        return None
    amount, unit = number(value.get("value")), value.get("unit")
    if amount is None:
        return None
    if name.endswith("_ms"):
        amount *= _SECONDS.get((unit or "ms").upper(), np.nan) * 1e3
    elif name.endswith("_deg"):
        amount = -((180.0 - amount) % 360.0 - 180.0)
    return (name, round(amount, 3)) if np.isfinite(amount) else None


def _measurements(series: Element) -> dict[str, float]:
    """Return the device's global measurements: stated as such, else of its beat, else medians."""
    by_rank: dict[str, dict[int, list[float]]] = {}
    derived = list(series.all("derivation/derivedSeries"))
    for holder, is_derived in [(series, False), *((each, True) for each in derived)]:
        for annotation, beat in _device_annotations(holder):
            found = _measured(annotation)
            if found is not None:
                rank = 0 if not beat else 1 if is_derived else 2
                by_rank.setdefault(found[0], {}).setdefault(rank, []).append(found[1])
    return {name: median(ranks[min(ranks)]) for name, ranks in by_rank.items()}


def _statements(series: Element) -> tuple[str, ...]:
    texts: dict[str, None] = {}
    for annotation, _ in _device_annotations(series):
        code, value = _code(annotation), annotation.find("value")
        if value is None or not code.startswith(("MDC_ECG_INTERPRETATION", "MDC_ECG_RHY")):
            continue
        said = value.text or value.words("originalText") or value.get("displayName")
        text = written((said or "").strip(" ,;"))
        if text:
            texts.setdefault(text[:MAX_STATEMENT])
    return tuple(texts)[:MAX_STATEMENTS]


def _signal(root: Element) -> EcgSignal:
    series, sets = _rhythm(root)
    begin, fs_hz = _begin(sets), sets[0].fs_hz
    names, samples = assembled(
        Piece(lead, row, round(_start_s(each, begin) * fs_hz))
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
        device_statements=_statements(series),
        device_measurements=_measurements(series),
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
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return _signal(parse_xml(content))
    except (ValueError, OverflowError) as error:
        raise EcgFormatError(f"{NAME}: {error}") from error
