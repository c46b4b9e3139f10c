"""P waves that march through the QRS complexes on their own: atrioventricular dissociation.

After the QRS complexes are bridged and what is locked to them (T, conducted P) is subtracted as its
median, a regular wave that is left belongs to atria that the ventricles do not follow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array, band_pass, decimate
from ecg.findings import AHA_2009, Evidence, Finding, FindingCode, Severity
from ecg.rhythm.statistics import RrStatistics

WORK_FS_HZ = 120.0
BAND_HZ = (2.0, 12.0)
LEADS = ("II", "I", "aVF", "V1")
PERIOD_S = (0.4, 1.3)
QRS_MS = (-70.0, 90.0)
LOOK_S = 20.0
SLOW_RR_S = 0.85
MIN_LIKENESS = 0.55
MAX_P_LIKE = 0.6
PERIOD_SHARE = 0.9
REGULAR_SHARE = 0.1

SOURCE = f"{AHA_2009} part II; regular P waves independent of a regular QRS"


@dataclass(frozen=True)
class Atrial:
    """The wave left between the QRS complexes.

    Attributes
    ----------
    likeness
        Its autocorrelation at one period, the mean over the leads that show it.
    period_ms
        PP interval.
    rms_uv
        Root mean square of the wave, the mean over leads.
    """

    likeness: float
    period_ms: float
    rms_uv: float


def atrial_of(
    samples_uv: Array, names: tuple[str, ...], beats: NDArray[np.int64], fs_hz: float
) -> Atrial | None:
    """Look for a regular wave that is not locked to the beats; None at 70 a minute or more.

    Parameters
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples), no NaN.
    names
        Of the leads.
    beats
        Sample indices of the QRS complexes.
    fs_hz
        Sampling rate.
    """
    factor = max(1, int(fs_hz // WORK_FS_HZ))
    hz = fs_hz / factor
    rows = [names.index(name) for name in LEADS if name in names] or [0]
    trace = decimate(samples_uv[rows, : round(LOOK_S * fs_hz)], factor)
    count = trace.shape[-1]
    at = (beats // factor)[beats // factor < count]
    if at.size < 4 or float(np.median(np.diff(at))) < SLOW_RR_S * hz:
        return None
    low, high = (round(each / 1000.0 * hz) for each in QRS_MS)
    seen = np.ones(count)
    for beat in at:
        seen[max(0, beat + low) : max(0, beat + high)] = 0.0
    known = np.flatnonzero(seen)
    if known.size < count // 3:
        return None
    bridged = np.stack([np.interp(np.arange(count), known, row[known]) for row in trace])
    smooth = band_pass(bridged, hz, *BAND_HZ)
    width = int(np.median(np.diff(at)))
    span = np.arange(-width // 3, width - width // 3)
    inner = at[(at + span[0] >= 0) & (at + span[-1] < count)]
    if inner.size < 3:
        return None
    locked = np.median(smooth[:, inner[:, np.newaxis] + span], axis=1)
    rest = smooth.copy()
    for beat in at:
        place = beat + span
        inside = (place >= 0) & (place < count)
        rest[:, place[inside]] -= locked[:, inside]
    rest *= seen
    shortest, longest = round(PERIOD_S[0] * hz), round(PERIOD_S[1] * hz)
    size = 1 << int(np.ceil(np.log2(count + longest + 2)))
    pairs = np.fft.irfft(np.abs(np.fft.rfft(seen, size)) ** 2, size)[: longest + 2]
    sums = np.fft.irfft(np.abs(np.fft.rfft(rest, size)) ** 2, size)[:, : longest + 2]
    again = (sums / np.maximum(pairs, 1.0)).sum(axis=0)
    if again[0] <= 0.0:
        return None
    again /= again[0]
    lag = shortest + int(np.argmax(again[shortest : longest + 1]))
    return Atrial(
        round(float(again[lag]), 3),
        round(lag / hz * 1000.0, 1),
        round(float(np.sqrt((rest * rest).sum(axis=-1) / max(float(seen.sum()), 1.0)).mean()), 1),
    )


def dissociation_findings(
    found: Atrial | None, statistics: RrStatistics | None, p_like: float, *, paced: bool
) -> list[Finding]:
    """Report third-degree AV block: atria faster than regular ventricles, and independent.

    Where the ventricles are paced it is no news, and routine. ``p_like`` is how alike what stands
    before each QRS is, 0 to 1: where it is the same wave, the ventricles follow it.
    """
    if found is None or statistics is None or p_like > MAX_P_LIKE:
        return []
    if found.likeness < MIN_LIKENESS or statistics.rmssd_share > REGULAR_SHARE:
        return []
    limit = PERIOD_SHARE * statistics.median_ms
    if found.period_ms > limit:
        return []
    evidence = Evidence("pp", found.period_ms, "ms", f"<= {limit:.0f} (0.9 of RR), independent")
    severity = Severity.ROUTINE if paced else Severity.RED
    return [Finding(FindingCode.COMPLETE_AV_BLOCK, severity, evidence, SOURCE)]
