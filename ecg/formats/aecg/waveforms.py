"""The rhythm of an annotated ECG: series, sequence sets, time axes, value lists."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.aecg.codes import MICROVOLTS, SECONDS, code_of, factor_of, quantity, time_of
from ecg.formats.errors import EcgFormatError
from ecg.formats.values import numbers
from ecg.formats.xmltree import Element
from ecg.signal import MAX_FS_HZ, MAX_LEADS, MIN_FS_HZ, normal_lead_name

_LEAD_CODE = re.compile(r"MDC_ECG_(?:LEAD|ELEC_POTL)_(\w{1,20})")
_NOT_RHYTHM: Final = ("REPRESENTATIVE", "MEDIAN", "TEMPLATE", "AVERAGE")
_TIME_CODES: Final = ("TIME_ABSOLUTE", "TIME_RELATIVE")


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


def _listed(value: Element, factors: dict[str, float]) -> NDArray[np.float64]:
    """Return an SLIST's values, origin + scale x digit, in the unit that has factor 1."""
    origin, origin_unit = quantity(value, "origin")
    scale, scale_unit = quantity(value, "scale")
    unit = factor_of(scale_unit or origin_unit, factors, 1.0)
    digits = numbers(value.words("digits") or "")
    step = 1.0 if scale is None else scale
    shift = (origin or 0.0) * factor_of(origin_unit or scale_unit, factors, 1.0)
    return digits * (step * unit) + shift


def _time_axis(value: Element) -> tuple[float, dt.datetime | None, float]:
    """Return sampling rate, absolute time and relative time (s) of the first sample."""
    increment, unit = quantity(value, "increment")
    if increment is not None:
        step = increment * factor_of(unit, SECONDS, 1.0)
        head, head_unit = quantity(value, "head")
        found = value.find("head")
        begin = time_of(found.get("value")) if found and head_unit is None else None
        offset = 0.0 if head is None or begin else head * factor_of(head_unit, SECONDS, 1.0)
    else:
        times = _listed(value, SECONDS)
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
        code, value = code_of(sequence), sequence.find("value")
        if value is None:
            continue
        lead = _LEAD_CODE.fullmatch(code)
        if code in _TIME_CODES and axis is None:
            axis = _time_axis(value)
        elif lead is not None and value.find("digits") is not None:
            leads.setdefault(normal_lead_name(lead[1]), _listed(value, MICROVOLTS))
    leads = {name: samples for name, samples in leads.items() if samples.size}
    if not leads:
        return None
    if axis is None:
        raise EcgFormatError("a sequence set has leads but no time sequence")
    return SequenceSet(*axis, tuple(leads.items()))


def start_s(one: SequenceSet, origin: dt.datetime | None) -> float:
    """Return where a set begins, in seconds after ``origin``."""
    if one.begin is None or origin is None:
        return one.offset_s
    return (one.begin - origin).total_seconds()


def begin_of(sets: list[SequenceSet]) -> dt.datetime | None:
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
    return code_of(series) == "RHYTHM", len(_leads(sets)), longest


def rhythm(root: Element) -> tuple[Element, list[SequenceSet]]:
    """Return the chosen series and the sequence sets that make the recording."""
    found: list[tuple[Element, list[SequenceSet]]] = []
    for series in root.all("component/series"):
        if any(word in code_of(series) for word in _NOT_RHYTHM):
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
