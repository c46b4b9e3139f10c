"""What the device itself measured, in Waveform Annotations (PS3.3 C.10.10), by our names."""

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from dicom import dataset as access


@dataclass(frozen=True)
class Measure:
    """One global measurement and its codes.

    Attributes
    ----------
    name
        Field of `ecg.intervals.Measurements`.
    code, meaning
        MDC (ISO/IEEE 11073-10102; PS3.16 CID 3228, 3227 and TID 3713). Written.
    scp_code
        SCPECG, as carts on the EN 1064 model write it; read only.
    unit, unit_meaning
        UCUM.
    """

    name: str
    code: str
    meaning: str
    scp_code: str | None = None
    unit: str = "ms"
    unit_meaning: str = "millisecond"


_PER_MINUTE: Final = ("{H.B.}/min", "heart beats per minute")
_DEGREES: Final = ("deg", "degree")

MEASURES: Final = (
    Measure("heart_rate_bpm", "2:16016", "Ventricular Heart Rate", None, *_PER_MINUTE),
    Measure("rr_mean_ms", "2:16168", "RR interval global", "5.10.2.1-3"),
    Measure("p_ms", "2:16184", "P duration global"),
    Measure("pr_ms", "2:15872", "PR interval global", "5.13.5-7"),
    Measure("qrs_ms", "2:16156", "QRS duration global", "5.13.5-9"),
    Measure("qt_ms", "2:16160", "QT interval global", "5.13.5-11"),
    Measure("qtc_bazett_ms", "2:15880", "QTc global using Bazett formula"),
    Measure("qtc_fridericia_ms", "2:15892", "QTc global using Fredericia formula"),
    Measure("axis_p_deg", "2:16128", "P Axis", "5.10.3-11", *_DEGREES),
    Measure("axis_qrs_deg", "2:16132", "QRS Axis", "5.10.3-13", *_DEGREES),
    Measure("axis_t_deg", "2:16136", "T Axis", "5.10.3-15", *_DEGREES),
)
"""A corrected QT without its formula is not read: nobody knows which limit it may be held to."""

BY_NAME: Final = {measure.name: measure for measure in MEASURES}
_BY_CODE: Final = {("MDC", measure.code): measure for measure in MEASURES} | {
    ("SCPECG", measure.scp_code): measure for measure in MEASURES if measure.scp_code
}
_FACTORS: Final = {
    "ms": {"ms": 1.0, "s": 1000.0},
    "deg": {"deg": 1.0},
    "{H.B.}/min": {"{H.B.}/min": 1.0, "/min": 1.0, "{beats}/min": 1.0, "bpm": 1.0},
}


def device_measurements(ds: Dataset) -> dict[str, float]:
    """Return the device's global measurements, the first of each; 0 is no interval."""
    found: dict[str, float] = {}
    for item in access.sequence(ds, "WaveformAnnotationSequence"):
        concept = next(iter(access.sequence(item, "ConceptNameCodeSequence")), Dataset())
        scheme = access.text(concept, "CodingSchemeDesignator") or ""
        measure = _BY_CODE.get((scheme, access.text(concept, "CodeValue") or ""))
        value = access.decimal(item, "NumericValue")
        if measure is None or value is None:
            continue
        units = next(iter(access.sequence(item, "MeasurementUnitsCodeSequence")), Dataset())
        factor = _FACTORS[measure.unit].get(access.text(units, "CodeValue") or "")
        if factor is None or (measure.unit != "deg" and value <= 0):
            continue
        found.setdefault(measure.name, value * factor)
    return found
