"""What the device itself says in an annotated ECG: measurements and statements."""

from collections.abc import Iterator
from statistics import median
from typing import Final

import numpy as np

from ecg.formats.aecg.codes import SECONDS, code_of
from ecg.formats.demographics import written
from ecg.formats.text import MAX_STATEMENT, MAX_STATEMENTS
from ecg.formats.values import number
from ecg.formats.xmltree import Element

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


def _annotations(holder: Element, beat: bool = False) -> Iterator[tuple[Element, bool]]:
    """Yield a device's annotations with whether they lie within that of a single beat."""
    for annotation in holder.all("component/annotation"):
        yield annotation, beat
        yield from _annotations(annotation, beat or code_of(annotation) == "MDC_ECG_BEAT")


def _device_annotations(series: Element) -> Iterator[tuple[Element, bool]]:
    for group in series.all("subjectOf/annotationSet"):
        if group.find("author/assignedEntity/assignedAuthorType/assignedPerson") is None:
            yield from _annotations(group)


def _one_lead(annotation: Element) -> bool:
    parts = annotation.all("support/supportingROI/component/boundary")
    return any(code_of(each).startswith("MDC_ECG_LEAD") for each in parts)


def _measured(annotation: Element) -> tuple[str, float] | None:
    name, value = _MEASURED.get(code_of(annotation)), annotation.find("value")
    if name is None or value is None or _one_lead(annotation):
        return None
    amount, unit = number(value.get("value")), value.get("unit")
    if amount is None:
        return None
    if name.endswith("_ms"):
        amount *= SECONDS.get((unit or "ms").upper(), np.nan) * 1e3
    elif name.endswith("_deg"):
        amount = -((180.0 - amount) % 360.0 - 180.0)
    return (name, round(amount, 3)) if np.isfinite(amount) else None


def measurements(series: Element) -> dict[str, float]:
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


def statements(series: Element) -> tuple[str, ...]:
    """Return the device's statements on rhythm and interpretation, each once."""
    texts: dict[str, None] = {}
    for annotation, _ in _device_annotations(series):
        code, value = code_of(annotation), annotation.find("value")
        if value is None or not code.startswith(("MDC_ECG_INTERPRETATION", "MDC_ECG_RHY")):
            continue
        said = value.text or value.words("originalText") or value.get("displayName")
        text = written((said or "").strip(" ,;"))
        if text:
            texts.setdefault(text[:MAX_STATEMENT])
    return tuple(texts)[:MAX_STATEMENTS]
