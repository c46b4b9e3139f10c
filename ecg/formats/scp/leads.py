"""Which leads were recorded when, and where their beats lie (EN 1064 5.6, 5.7).

Sample numbers count from 1 at the rate of the recording, before any thinning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom.leads import LEAD_NUMBERS, lead_of_code
from ecg.formats.cursor import Cursor
from ecg.formats.scp.record import FORMAT_NAME
from ecg.signal import MAX_LEADS

CALIBRATION_SHIFT: Final = 30
"""Codes 31-60 are the calibration signals of leads 1-30 (EN 1064 table 5)."""
_FURTHER: Final = {
    21: "LA", 22: "RA", 23: "LL", 24: "I Frank", 25: "E", 26: "C Frank", 27: "A Frank", 28: "M",
    29: "F", 30: "H", 73: "defib", 74: "pacing", 75: "A1", 76: "A2", 77: "A3", 78: "A4", 86: "C",
    87: "V", 88: "VR", 89: "VL", 90: "VF", 91: "MCL", 92: "MCL1", 93: "MCL2", 94: "MCL3",
    95: "MCL4", 96: "MCL5", 97: "MCL6", 98: "CC", 99: "CC1", 100: "CC2", 101: "CC3", 102: "CC4",
    103: "CC6", 104: "CC7", 105: "CM", 106: "CM1", 107: "CM2", 108: "CM3", 109: "CM4", 110: "CM6",
    121: "CM7", 122: "CH5", 123: "CS5", 124: "CB5", 125: "CR5", 126: "ML", 127: "AB1", 128: "AB2",
    129: "AB3", 130: "AB4", 134: "S", 147: "RL",
}  # fmt: skip
_CALIBRATIONS: Final = {79: 66, 80: 67, 81: 68, 82: 69, 83: 70, 84: 71, 85: 72}
_BASIC_CODES: Final = 30
_NUMBERS: Final = {name: code for code, name in _FURTHER.items()} | LEAD_NUMBERS


def lead_name(code: int) -> str:
    """Return the name of a lead code (ISO 11073-91064 table 4, 11073-10101 A.4)."""
    if CALIBRATION_SHIFT < code <= CALIBRATION_SHIFT + _BASIC_CODES:
        return f"{lead_name(code - CALIBRATION_SHIFT)} calibration"
    if code in _CALIBRATIONS:
        return f"{lead_name(_CALIBRATIONS[code])} calibration"
    return _FURTHER.get(code) or lead_of_code(f"2:{code}") or f"SCP {code}"


def lead_code(name: str) -> int | None:
    """Return the code of a lead name, or None where the standard has none."""
    base, _, calibration = name.partition(" calibration")
    code = _NUMBERS.get(base)
    if name != base and not calibration and code is not None and code <= _BASIC_CODES:
        return code + CALIBRATION_SHIFT
    return code if name == base else None


@dataclass(frozen=True)
class Span:
    """One lead's stretch.

    Attributes
    ----------
    code
        Lead code.
    start, end
        First and last sample number.
    """

    code: int
    start: int
    end: int

    @property
    def count(self) -> int:
        """Samples from start to end; where the device counts from 0, ``end`` is one too high."""
        return self.end - self.start + (self.start > 0)


@dataclass(frozen=True)
class LeadDefinition:
    """Section 3: the leads in the order of their data, and whether a beat was subtracted."""

    spans: Sequence[Span]
    uses_reference_beat: bool


def read_leads(section: bytes) -> LeadDefinition:
    """Read section 3.

    Raises
    ------
    EcgFormatError
        If it ends early, or has no leads, too many, or one that ends before it starts.
    """
    cursor = Cursor(section, FORMAT_NAME)
    count, flags = cursor.unsigned(1), cursor.unsigned(1)
    if not 1 <= count <= MAX_LEADS:
        raise cursor.refusal(f"{count} leads")
    spans: list[Span] = []
    for _ in range(count):
        start, end, code = cursor.unsigned(4), cursor.unsigned(4), cursor.unsigned(1)
        spans.append(Span(code, start, end))
        if spans[-1].count < 1:
            raise cursor.refusal(f"lead {lead_name(code)} ends before it starts")
    return LeadDefinition(spans, bool(flags & 1))


def write_leads(definition: LeadDefinition) -> bytes:
    """Return section 3."""
    spans = definition.spans
    together = len({(span.start, span.end) for span in spans}) == 1
    simultaneous = min(len(spans), 31) if together else 0
    flags = definition.uses_reference_beat | together << 2 | simultaneous << 3
    out = bytearray((len(spans), flags))
    for span in spans:
        out += span.start.to_bytes(4, "little") + span.end.to_bytes(4, "little")
        out.append(span.code)
    return bytes(out)


@dataclass(frozen=True)
class BeatMap:
    """Section 4: where beats lie, and what of them was kept whole.

    Attributes
    ----------
    length_ms
        Of the reference beat.
    fiducial
        Sample number within the reference beat that beats are aligned by.
    types
        0 where the reference beat was subtracted, shape (n_beats,).
    zones
        Start, fiducial and end of each subtraction, shape (n_beats, 3).
    protected
        First and last sample of each area that was not thinned, shape (n_areas, 2).
    """

    length_ms: int
    fiducial: int
    types: NDArray[np.int64]
    zones: NDArray[np.int64]
    protected: NDArray[np.int64]


def read_beats(section: bytes) -> BeatMap:
    """Read section 4; protected areas may be missing.

    Raises
    ------
    EcgFormatError
        If it ends within the beats.
    """
    cursor = Cursor(section, FORMAT_NAME)
    length_ms, fiducial, count = (cursor.unsigned(2) for _ in range(3))
    line = np.dtype([("type", "<u2"), ("zone", "<u4", 3)])
    beats = np.frombuffer(cursor.take(count * line.itemsize), dtype=line)
    has_areas = cursor.left >= 8 * count
    areas = np.frombuffer(cursor.take(8 * count if has_areas else 0), dtype="<u4").reshape(-1, 2)
    return BeatMap(
        length_ms=length_ms,
        fiducial=fiducial,
        types=beats["type"].astype(np.int64),
        zones=beats["zone"].astype(np.int64).reshape(-1, 3),
        protected=areas.astype(np.int64),
    )


def write_beats(beats: BeatMap) -> bytes:
    """Return section 4."""
    line = np.dtype([("type", "<u2"), ("zone", "<u4", 3)])
    rows = np.empty(len(beats.types), dtype=line)
    rows["type"], rows["zone"] = beats.types, beats.zones
    head = np.array([beats.length_ms, beats.fiducial, rows.size], dtype="<u2")
    return head.tobytes() + rows.tobytes() + beats.protected.astype("<u4").tobytes()
