"""Mortara (Welch Allyn, Baxter) ELI XML (root ``ECG``) as `EcgSignal`.

Everything stands in attributes. The rhythm is the ``CHANNEL`` elements, never ``TYPICAL_CYCLE``.
The maker publishes no description: the layout is that of ELI 250 and 280 exports as a public
reader's tests (ECGDataKit) reproduce it; the tests build their own file. A channel offset other
than 0 is refused, since nothing says whether it means time or voltage.
"""

import datetime as dt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.demographics import age_at, age_years, full_name, moment, sex_of, written
from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import Piece, assembled, with_limb_leads
from ecg.formats.text import MAX_STATEMENT, MAX_STATEMENTS
from ecg.formats.values import from_base64, number
from ecg.formats.xmltree import Element, read_xml, root_name
from ecg.signal import EcgSignal, FilterInfo, Patient

NAME: Final = "Mortara XML"

_MEASURED: Final = {
    "PR_DURATION": "pr_ms",
    "QRS_DURATION": "qrs_ms",
    "QT": "qt_ms",
    "QTB": "qtc_bazett_ms",
    "QTF": "qtc_fridericia_ms",
    "P_AXIS": "axis_p_deg",
    "QRS_AXIS": "axis_qrs_deg",
    "T_AXIS": "axis_t_deg",
}


def looks_like_mortara(content: bytes) -> bool:
    """Return whether the root element is ``ECG``."""
    return root_name(content) == "ECG"


def _samples(channel: Element) -> NDArray[np.float64]:
    """Return one channel in microvolts."""
    coding = [(channel.get(name) or "").upper() for name in ("BITS", "FORMAT", "ENCODING")]
    if coding != ["16", "SIGNED", "BASE64"] or (number(channel.get("OFFSET")) or 0.0) != 0.0:
        raise EcgFormatError("a channel's coding is not one that is read")
    units_per_mv = number(channel.get("UNITS_PER_MV"))
    if not units_per_mv:
        raise EcgFormatError("a channel's gain is missing")
    raw = from_base64(channel.get("DATA") or "")
    count = number(channel.get("DURATION"))
    if len(raw) % 2 or (count is not None and count != len(raw) // 2):
        raise EcgFormatError("a channel has another number of samples than it states")
    counts: NDArray[np.float64] = np.frombuffer(raw, "<i2").astype(np.float64)
    return counts * (1000.0 / units_per_mv)


def _rate(channels: list[Element]) -> float:
    rates = {number(each.get("SAMPLE_FREQ")) for each in channels}
    rate = rates.pop() if len(rates) == 1 else None
    if rate is None:
        raise EcgFormatError("the sampling rate is missing or differs between channels")
    return rate


def _patient(root: Element, acquired_at: dt.datetime | None) -> Patient:
    person = root.find("SUBJECT") or Element("none", {})
    birth = moment(person.get("DOB"), "%Y%m%d")
    born = birth.date() if birth else None
    stated = age_years(root.get("AGE"), root.get("AGE_UNITS"))
    return Patient(
        age_years=age_at(born, acquired_at) if stated is None else stated,
        sex=sex_of(person.get("GENDER")),
        id=written(person.get("ID")),
        name=full_name(person.get("LAST_NAME"), person.get("FIRST_NAME")),
        birth_date=born,
    )


def _statements(root: Element) -> tuple[str, ...]:
    texts: list[str] = []
    for each in root.all("AUTOMATIC_INTERPRETATION/STATEMENT"):
        parts = (written(each.get("TEXT")), written(each.get("REASON")))
        if any(parts):
            texts.append(", ".join(part for part in parts if part)[:MAX_STATEMENT])
    return tuple(texts[:MAX_STATEMENTS])


def _measurements(root: Element) -> dict[str, float]:
    cycle = root.find("TYPICAL_CYCLE") or Element("none", {})
    stated = {name: number(cycle.get(tag)) for tag, name in _MEASURED.items()}
    stated["heart_rate_bpm"] = number(root.get("VENT_RATE"))
    return {name: value for name, value in stated.items() if value is not None}


def _signal(root: Element) -> EcgSignal:
    channels = list(root.all("CHANNEL"))
    if not channels:
        raise EcgFormatError("there is no rhythm channel")
    names, samples = assembled(Piece(each.get("NAME") or "", _samples(each)) for each in channels)
    names, samples = with_limb_leads(names, samples)
    acquired_at = moment(root.get("ACQUISITION_TIME"), "%Y%m%d%H%M%S")
    source = root.find("SOURCE") or Element("none", {})
    made_by = (written(source.get("MANUFACTURER")), written(source.get("MODEL")))
    return EcgSignal(
        samples_uv=samples,
        fs_hz=_rate(channels),
        leads=names,
        acquired_at=acquired_at,
        patient=_patient(root, acquired_at),
        device_statements=_statements(root),
        device_measurements=_measurements(root),
        device=" ".join(part for part in made_by if part) or None,
        filters=FilterInfo(high_cut_hz=number(source.get("LOW_PASS_FILTER")) or None),
        source_format="mortara",
    )


def read_mortara(content: bytes) -> EcgSignal:
    """Read a Mortara ELI XML file.

    Raises
    ------
    EcgFormatError
        If the XML is damaged or hostile, or holds no rhythm that `EcgSignal` takes.
    """
    return read_xml(content, NAME, _signal)
