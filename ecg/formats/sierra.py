"""Philips Sierra ECG XML 1.03, 1.04 and 1.04.01 (root ``restingecgdata``) as `EcgSignal`.

The rhythm (``parsedwaveforms``) is taken, never the representative beats. Compressed limb leads
III, aVR, aVL and aVF are stored as what is left over from their prediction by I and II. Statements
that a human editor added are left out.
"""

import datetime as dt
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
from ecg.formats.leads import Piece, assembled, without_calibration
from ecg.formats.text import MAX_STATEMENT, MAX_STATEMENTS
from ecg.formats.values import from_base64, number
from ecg.formats.xli import decode_xli
from ecg.formats.xmltree import Element, read_xml, root_name
from ecg.signal import MAX_LEADS, STANDARD_LEADS, EcgSignal, FilterInfo, Patient

NAME: Final = "Philips Sierra XML"
TYPES: Final = ("SierraECG", "PhilipsECG")
VERSIONS: Final = ("1.03", "1.04", "1.04.01")
MAX_TOTAL_SAMPLES: Final = 1 << 21

_MEASURED: Final = {
    "heart_rate_bpm": ("heartrate",),
    "pr_ms": ("print", "meanprint"),
    "qrs_ms": ("qrsdur", "meanqrsdur"),
    "qt_ms": ("qtint", "meanqtint"),
    "qtc_bazett_ms": ("qtcb", "meanqtc"),
    "qtc_fridericia_ms": ("qtcf",),
    "axis_p_deg": ("pfrontaxis",),
    "axis_qrs_deg": ("qrsfrontaxis",),
    "axis_t_deg": ("tfrontaxis",),
}


def looks_like_sierra(content: bytes) -> bool:
    """Return whether the root element is ``restingecgdata``."""
    return root_name(content) == "restingecgdata"


def _check_version(root: Element) -> None:
    kind = root.words("documentinfo/documenttype")
    version = root.words("documentinfo/documentversion")
    if kind not in TYPES or version not in VERSIONS:
        raise EcgFormatError(
            f"documents of type {(kind or '?')[:40]!r} and version {(version or '?')[:20]!r} "
            f"are not read, only {' and '.join(TYPES)} {', '.join(VERSIONS)}"
        )


def _labels(waveforms: Element, characteristics: Element) -> list[str]:
    """Return the stored leads; version 1.03 states their number alone, in the standard order."""
    labels = (waveforms.get("leadlabels") or "").split()
    if not labels:
        stated = number(characteristics.words("numberchannelsallocated"))
        count = int(stated) if stated is not None else 0
        if count != len(STANDARD_LEADS):
            raise EcgFormatError(f"{count} leads without labels are not the standard twelve")
        return list(STANDARD_LEADS)
    stated = number(waveforms.get("numberofleads"))
    labels = labels[: int(stated) if stated is not None and stated >= 1 else len(labels)]
    if len(labels) > MAX_LEADS:
        raise EcgFormatError(f"there are more than {MAX_LEADS} leads")
    return labels


def _half(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.trunc(values / 2.0).astype(np.int64)


def _predicted(rows: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int64]]:
    """Undo the prediction of III, aVR, aVL and aVF; halves are rounded towards zero.

    Deviation from Sierra ECG Tools, which rounds down: what the carts left over lies in 0 to 1 of
    odd positive sums and in -1 to 0 of odd negative ones.
    """
    if not set(STANDARD_LEADS[:6]) <= set(rows):
        raise EcgFormatError("compressed limb leads are not all there")
    i, ii = rows["I"], rows["II"]
    iii = ii - i - rows["III"]
    restored = {
        "III": iii,
        "aVR": -rows["aVR"] - _half(i + ii),
        "aVL": _half(i - iii) - rows["aVL"],
        "aVF": _half(ii + iii) - rows["aVF"],
    }
    return {name: restored.get(name, row) for name, row in rows.items()}


def _rows(
    waveforms: Element, characteristics: Element, fs_hz: float
) -> dict[str, NDArray[np.int64]]:
    """Return the samples of each lead in steps of the resolution."""
    labels = _labels(waveforms, characteristics)
    duration_ms = number(waveforms.get("durationperchannel")) or 0.0
    count = round(duration_ms * fs_hz / 1000.0)
    if not 3 <= count * len(labels) <= MAX_TOTAL_SAMPLES:
        raise EcgFormatError("the stated duration is none of a resting ECG")
    if (waveforms.get("dataencoding") or "").upper() != "BASE64":
        raise EcgFormatError("the samples are not encoded as base64")
    bits = number(waveforms.get("bitspersample") or waveforms.get("nbitspersample"))
    if bits not in (None, 16.0):
        raise EcgFormatError("samples of other than 16 bits are not read")
    raw = from_base64(waveforms.text)
    method = waveforms.get("compression") or waveforms.get("compressmethod") or "Uncompressed"
    if (waveforms.get("compressflag") or "").upper() == "FALSE":
        method = "Uncompressed"
    if method.upper() == "XLI":
        decoded = decode_xli(raw, len(labels), count)
        return _predicted(
            {name: row.astype(np.int64) for name, row in zip(labels, decoded, strict=True)}
        )
    if method.upper() not in ("UNCOMPRESSED", "NONE"):
        raise EcgFormatError(f"the compression {method[:20]!r} is not known")
    if len(raw) < 2 * count * len(labels):
        raise EcgFormatError("the samples end early")
    plain = np.frombuffer(raw, "<i2", count * len(labels)).reshape(len(labels), count)
    return {name: row.astype(np.int64) for name, row in zip(labels, plain, strict=True)}


def _filters(waveforms: Element, characteristics: Element) -> FilterInfo:
    low, _, high = (characteristics.words("signalbandwidth") or "").partition("-")
    notched = (waveforms.get("notchfiltered") or "").upper() == "TRUE"
    return FilterInfo(
        low_cut_hz=number(waveforms.get("hipass") or characteristics.words("hipass") or low)
        or None,
        high_cut_hz=number(waveforms.get("lowpass") or characteristics.words("lowpass") or high)
        or None,
        notch_hz=(number(characteristics.words("acsetting")) or None) if notched else None,
    )


def _patient(root: Element, acquired_at: dt.datetime | None) -> Patient:
    person = root.find("patient/generalpatientdata")
    if person is None:
        return Patient()
    birth = moment(person.words("age/dateofbirth"), "%Y-%m-%d")
    born = birth.date() if birth else None
    stated = age_years(person.words("age/years"))
    return Patient(
        age_years=age_at(born, acquired_at) if stated is None else stated,
        sex=sex_of(person.words("sex")),
        id=written(person.words("patientid")) or written(person.words("MRN")),
        name=full_name(person.words("name/lastname"), person.words("name/firstname")),
        birth_date=born,
    )


def _statements(interpretation: Element) -> tuple[str, ...]:
    edited = {
        component.get("code")
        for each in interpretation.walk()
        if (each.get("source") or "").upper() == "EDITOR"
        and (component := each.find("unparsedstatement")) is not None
    }
    texts: list[str] = []
    severity = written((interpretation.words("severity") or "").strip(" -"))
    for each in interpretation.all("statement"):
        code = each.words("statementcode")
        parts = (written(each.words("leftstatement")), written(each.words("rightstatement")))
        if any(parts) and (code is None or code not in edited):
            texts.append(", ".join(part for part in parts if part)[:MAX_STATEMENT])
    return (*texts[:MAX_STATEMENTS], *((severity,) if severity else ()))


def _measurements(interpretation: Element) -> dict[str, float]:
    holder = interpretation.find("globalmeasurements") or interpretation.find(
        "interpretationmeasurements"
    )
    if holder is None:
        return {}
    found: dict[str, float] = {}
    for name, tags in _MEASURED.items():
        values = (number(holder.words(tag)) for tag in tags)
        value = next((each for each in values if each is not None), None)
        if value is not None:
            found[name] = value
    return found


def _signal(root: Element) -> EcgSignal:
    _check_version(root)
    waveforms = root.find("waveforms/parsedwaveforms")
    acquisition = root.find("dataacquisition")
    if waveforms is None or acquisition is None:
        raise EcgFormatError("there is no rhythm waveform")
    characteristics = acquisition.find("signalcharacteristics") or Element("none", {})
    fs_hz = number(waveforms.get("samplespersecond") or characteristics.words("samplingrate"))
    quantum_uv = number(
        waveforms.get("resolution")
        or characteristics.words("resolution")
        or characteristics.words("signalresolution")
    )
    if not fs_hz or not quantum_uv or fs_hz < 0.0:
        raise EcgFormatError("the sampling rate or the resolution is missing")
    offset = number(waveforms.get("signaloffset") or characteristics.words("signaloffset")) or 0.0
    rows = _rows(waveforms, characteristics, fs_hz)
    names, samples = assembled(
        Piece(name, (row.astype(np.float64) - offset) * quantum_uv) for name, row in rows.items()
    )
    acquired_at = moment(
        f"{acquisition.get('date')} {acquisition.get('time')}", "%Y-%m-%d %H:%M:%S"
    )
    interpretation = root.find("interpretations/interpretation") or Element("none", {})
    machine = written(acquisition.words("machine"))
    return EcgSignal(
        samples_uv=without_calibration(samples, fs_hz),
        fs_hz=fs_hz,
        leads=names,
        acquired_at=acquired_at,
        patient=_patient(root, acquired_at),
        device_statements=_statements(interpretation),
        device_measurements=_measurements(interpretation),
        device=f"Philips {machine}" if machine else "Philips",
        filters=_filters(waveforms, characteristics),
        source_format="sierra",
    )


def read_sierra(content: bytes) -> EcgSignal:
    """Read a Philips Sierra ECG XML file.

    Raises
    ------
    EcgFormatError
        If the XML is damaged or hostile, of another version, or holds no rhythm.
    """
    return read_xml(content, NAME, _signal)
