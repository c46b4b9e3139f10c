"""Sections 7, 8, 10 and 11: what the device measured and concluded (EN 1064 5.10-5.14).

Kept apart from what this package finds, as "device says". A part that makes no sense ends the
reading of its section: what stands before it is kept, the recording is not refused for it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ecg.formats.cursor import Cursor
from ecg.formats.errors import EcgFormatError
from ecg.formats.scp.language import decoded_text, encoded_text
from ecg.formats.scp.leads import lead_name
from ecg.formats.scp.record import FORMAT_NAME
from ecg.formats.text import MAX_STATEMENT, MAX_STATEMENTS

MISSING: Final = 29999
MAX_MS: Final = 10_000
MAX_RATE: Final = 1000
NO_AXIS: Final = 999
BAZETT, HODGES = 1, 2
_UNSET_TIMES: Final = frozenset({19999, 29996, 29997, 29998, MISSING})
_FORMULAS: Final = {BAZETT: "qtc_bazett_ms", HODGES: "qtc_hodges_ms"}
_AXES: Final = ("axis_p_deg", "axis_qrs_deg", "axis_t_deg")
_SPIKE_BYTES: Final = 4 + 6
CODES_TYPE, TEXT_TYPE, LOGIC_TYPE = 1, 2, 3


def _between(start: int, end: int) -> float | None:
    """Return a length in milliseconds, or None where an end was not measured."""
    if start in _UNSET_TIMES or end in _UNSET_TIMES or not 0 < end - start <= MAX_MS:
        return None
    return float(end - start)


def _global(cursor: Cursor) -> dict[str, float]:
    """Return the first block of section 7: that of reference beat type 0."""
    p_on, p_off, qrs_on, qrs_off, t_off = (cursor.unsigned(2) for _ in range(5))
    found = {
        "p_ms": _between(p_on, p_off),
        "pr_ms": _between(p_on, qrs_on),
        "qrs_ms": _between(qrs_on, qrs_off),
        "qt_ms": _between(qrs_on, t_off),
    }
    for name in _AXES:
        degrees = cursor.signed(2)
        found[name] = float(degrees) if -180 <= degrees <= 180 else None
    return {name: value for name, value in found.items() if value is not None}


def read_measurements(section: bytes | None) -> dict[str, float]:
    """Return the global measurements by the names of `ecg.intervals.Measurements`."""
    found: dict[str, float] = {}
    if section is None:
        return found
    cursor = Cursor(section, FORMAT_NAME)
    try:
        blocks, spikes = cursor.unsigned(1), cursor.unsigned(1)
        rr_ms = cursor.unsigned(2)
        cursor.take(2)
        if rr_ms not in _UNSET_TIMES and 0 < rr_ms <= MAX_MS:
            found["heart_rate_bpm"] = round(60_000.0 / rr_ms, 1)
            found["rr_mean_ms"] = float(rr_ms)
        if blocks:
            found |= _global(cursor)
            cursor.take(16 * (blocks - 1))
        cursor.take(_SPIKE_BYTES * spikes)
        cursor.take(cursor.unsigned(2))
        rate, _, qtc_ms = (cursor.unsigned(2) for _ in range(3))
        formula = _FORMULAS.get(cursor.unsigned(1))
        if 0 < rate <= MAX_RATE:
            found["heart_rate_bpm"] = float(rate)
        if formula is not None and qtc_ms not in _UNSET_TIMES and 0 < qtc_ms <= MAX_MS:
            found[formula] = float(qtc_ms)
    except EcgFormatError:
        pass
    return found


# Values of section 10 by their place behind the lead's head, and what `ecg.amplitudes` calls them.
_DURATIONS: Final = {4: "q_ms", 5: "r_ms", 6: "s_ms"}
_AMPLITUDES: Final = {
    9: "q_mv", 10: "r_mv", 11: "s_mv", 12: "r2_mv", 13: "s2_mv", 14: "st_j_mv", 27: "st_j60_mv",
    28: "st_j80_mv",
}  # fmt: skip
_SIGNS: Final = {"q_mv": -1, "s_mv": -1, "s2_mv": -1, "r_mv": 1, "r2_mv": 1}
"""Q and S are negative by definition; some devices write how deep they are."""
_PHASES: Final = {"p": (15, 16), "t": (17, 18)}
"""Places of the positive and the negative phase of a wave."""
MAX_MEASURED_LEADS: Final = 255
MAX_LEAD_VALUES: Final = 64


def _lead_values(values: Sequence[int]) -> dict[str, float]:
    """Return what one lead of section 10 states; 0 is a wave that is not there."""
    known = {place: value for place, value in enumerate(values) if value not in _UNSET_TIMES}
    found = {name: float(known[at]) for at, name in _DURATIONS.items() if known.get(at, 0) > 0}
    for at, name in _AMPLITUDES.items():
        if at in known and (known[at] or name.startswith("st")):
            sign = _SIGNS.get(name, 0)
            found[name] = (sign * abs(known[at]) if sign else known[at]) / 1000.0
    for wave, places in _PHASES.items():
        phases = sorted((known[at] for at in places if known.get(at)), key=abs, reverse=True)
        for suffix, value in zip(("", "2"), phases, strict=False):
            found[f"{wave}{suffix}_mv"] = value / 1000.0
    return found


def read_lead_measurements(section: bytes | None) -> dict[str, float]:
    """Return section 10 as ``"r_mv V5"``: a field of `LeadMeasurements` and the lead."""
    found: dict[str, float] = {}
    if section is None:
        return found
    cursor = Cursor(section, FORMAT_NAME)
    try:
        count = min(cursor.unsigned(2), MAX_MEASURED_LEADS)
        cursor.take(2)
        for _ in range(count):
            name = lead_name(cursor.unsigned(2))
            part = cursor.part(cursor.unsigned(2))
            values = np.frombuffer(part.take(part.left // 2 * 2), dtype="<i2")
            for key, value in _lead_values(values[:MAX_LEAD_VALUES].tolist()).items():
                found.setdefault(f"{key} {name}", value)
    except EcgFormatError:
        pass
    return found


def _statements(section: bytes) -> list[bytes]:
    """Return the raw statements of section 8 or 11, in their order."""
    cursor = Cursor(section, FORMAT_NAME)
    found: list[bytes] = []
    try:
        cursor.take(8)
        for _ in range(cursor.unsigned(1)):
            cursor.take(1)
            found.append(cursor.take(cursor.unsigned(2)))
    except EcgFormatError:
        pass
    return found[:MAX_STATEMENTS]


def read_statements(texts: bytes | None, coded: bytes | None, language: int) -> tuple[str, ...]:
    """Return the device's conclusions.

    Parameters
    ----------
    texts, coded
        Sections 8 and 11. Of the latter, codes of one statement stand behind each other as the
        device joined them (``"AMI PROBABLE"``); what repeats a text is left out.
    language
        Language support code.
    """
    found = [decoded_text(raw, language) for raw in _statements(texts or b"")]
    for raw in _statements(coded or b""):
        kind, body = raw[:1], raw[1:]
        if kind == bytes((CODES_TYPE,)):
            found.append(" ".join(body.replace(b"\0", b" ").decode("latin-1").split()))
        elif kind == bytes((TEXT_TYPE,)):
            found.append(decoded_text(body, language))
    kept = [text[:MAX_STATEMENT] for text in dict.fromkeys(found) if text]
    return tuple(kept[:MAX_STATEMENTS])


def _clipped(value: float | None, low: int, high: int, missing: int) -> int:
    return missing if value is None or not low <= value <= high else round(value)


def write_measurements(found: Mapping[str, float]) -> bytes | None:
    """Return section 7, or None where nothing that it holds was measured.

    The length of P is left out where PR is not known but QRS is: their places would tell a PR.
    """
    axes = [_clipped(found.get(name), -180, 180, NO_AXIS) for name in _AXES]
    pr_ms, qrs_ms, qt_ms, p_ms = (found.get(name) for name in ("pr_ms", "qrs_ms", "qt_ms", "p_ms"))
    formula = next((code for code, name in _FORMULAS.items() if name in found), 0)
    qtc_ms = _clipped(found.get(_FORMULAS.get(formula, "")), 1, MAX_MS, MISSING)
    rate = _clipped(found.get("heart_rate_bpm"), 1, MAX_RATE, 0)
    rr_ms = _clipped(found.get("rr_mean_ms"), 1, MAX_MS, MISSING)
    named = {"pr_ms", "qrs_ms", "qt_ms", "p_ms", "heart_rate_bpm", "rr_mean_ms", *_AXES}
    if not named & set(found) and not formula:
        return None

    def after(start: int, length: float | None) -> int:
        if start == MISSING or length is None or not 0 < length <= MAX_MS:
            return MISSING
        return start + round(length)

    qrs_on = MAX_MS + 1
    p_on = MISSING if after(0, pr_ms) == MISSING else qrs_on - after(0, pr_ms)
    if {pr_ms, qrs_ms, qt_ms} == {None}:
        # The length of P alone: without QRS there is no PR to be told.
        p_on, qrs_on = 0, MISSING
    times = [p_on, after(p_on, p_ms), qrs_on, after(qrs_on, qrs_ms), after(qrs_on, qt_ms)]
    out = bytearray((1, 0)) + rr_ms.to_bytes(2, "little") + MISSING.to_bytes(2, "little")
    for value in times:
        out += value.to_bytes(2, "little")
    for value in axes:
        out += value.to_bytes(2, "little", signed=True)
    out += bytes(2) + rate.to_bytes(2, "little") + MISSING.to_bytes(2, "little")
    out += qtc_ms.to_bytes(2, "little") + bytes((formula, 0, 0))
    return bytes(out)


def write_statements(
    texts: Sequence[str], moment: dt.datetime | None, language: int
) -> bytes | None:
    """Return section 8 with unconfirmed statements, or None where there are none."""
    kept = list(texts)[:MAX_STATEMENTS]
    if not kept:
        return None
    stamp = bytes(7)
    if moment is not None:
        clock = (moment.month, moment.day, moment.hour, moment.minute, moment.second)
        stamp = moment.year.to_bytes(2, "little") + bytes(clock)
    out = bytearray(b"\0" + stamp)
    out.append(len(kept))
    for number, text in enumerate(kept, start=1):
        raw = encoded_text(text, language, MAX_STATEMENT)
        out += bytes((number,)) + len(raw).to_bytes(2, "little") + raw
    return bytes(out)
