"""Putting leads together: pieces in time, and limb leads that a format leaves to arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.errors import EcgFormatError
from ecg.signal import MAX_LEADS, MAX_SAMPLES, normal_lead_name

Array = NDArray[np.float64]

MAX_DILUTION: Final = 16
FREE_SAMPLES: Final = 1 << 20
MAX_MISSING: Final = 1 << 24
PULSE_TOLERANCE_UV: Final = 25.0
MIN_PULSE_S: Final = 0.05


@dataclass(frozen=True)
class Piece:
    """Samples of one lead in microvolts, shape (n_samples,), from ``start`` samples on."""

    lead: str
    samples_uv: Array
    start: int = 0


def assembled(pieces: Iterable[Piece]) -> tuple[list[str], Array]:
    """Return lead names in order of appearance and samples of shape (n_leads, n_samples).

    NaN fills what no piece covers; where two pieces of a lead overlap the first one holds.

    Raises
    ------
    EcgFormatError
        If there is none, or the pieces lie so far apart that gaps would fill memory.
    """
    kept = [piece for piece in pieces if piece.samples_uv.size]
    if not kept:
        raise EcgFormatError("there is no ECG lead with samples")
    names = list(dict.fromkeys(normal_lead_name(piece.lead) for piece in kept))
    begin = min(piece.start for piece in kept)
    length = max(piece.start + piece.samples_uv.size for piece in kept) - begin
    recorded = sum(piece.samples_uv.size for piece in kept)
    total = length * len(names)
    if len(names) > MAX_LEADS:
        raise EcgFormatError(f"there are more than {MAX_LEADS} leads")
    most = min(MAX_SAMPLES, MAX_DILUTION * recorded + FREE_SAMPLES, recorded + MAX_MISSING)
    if total > most:
        raise EcgFormatError("the parts of the recording lie too far apart")
    samples = np.full((len(names), length), np.nan)
    for piece in reversed(kept):
        first = piece.start - begin
        row = samples[names.index(normal_lead_name(piece.lead))]
        row[first : first + piece.samples_uv.size] = piece.samples_uv
    return names, samples


def with_limb_leads(names: list[str], samples_uv: Array) -> tuple[list[str], Array]:
    """Return the leads with III, aVR, aVL and aVF computed behind II where I and II are alone.

    III = II - I, aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2 (Einthoven, Goldberger). A file
    that holds any of the four is left as it is.
    """
    derived = ("III", "aVR", "aVL", "aVF")
    if not {"I", "II"} <= set(names) or set(names) & set(derived):
        return names, samples_uv
    i, ii = samples_uv[names.index("I")], samples_uv[names.index("II")]
    rows = np.stack([ii - i, -(i + ii) / 2.0, i - ii / 2.0, ii - i / 2.0])
    at = names.index("II") + 1
    return [*names[:at], *derived, *names[at:]], np.insert(samples_uv, [at] * 4, rows, axis=0)


def without_calibration(samples_uv: Array, fs_hz: float) -> Array:
    """Return the samples without a 1 mV calibration pulse that a device appended to all leads.

    It is told by what no heart can do: every lead at 1 mV, though I + III = II. Philips carts
    append 100 ms of 0, 200 ms of 1 mV and 100 ms of 0.
    """
    if samples_uv.shape[0] < 3:
        return samples_uv
    rest = np.all(np.abs(samples_uv) <= PULSE_TOLERANCE_UV, axis=0)
    pulse = np.all(np.abs(samples_uv - 1000.0) <= PULSE_TOLERANCE_UV, axis=0)
    other = np.flatnonzero(~(rest | pulse))
    begin = int(other[-1]) + 1 if other.size else 0
    high = np.flatnonzero(pulse[begin:]) + begin
    if begin == 0 or high.size < MIN_PULSE_S * fs_hz:
        return samples_uv
    behind = samples_uv.shape[1] - 1 - int(high[-1])
    return samples_uv[:, : max(begin, int(high[0]) - behind)]
