"""Rate, intervals, corrected QT, electrical axes and amplitudes from one delineated median beat."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecg.delineate import BeatClass
from ecg.filters import Array


@dataclass(frozen=True)
class Measurements:
    """Global measurements; None where the ECG does not show them.

    Attributes
    ----------
    heart_rate_bpm
        60,000 over the mean RR interval.
    rr_mean_ms, rr_min_ms, rr_max_ms
        Of all RR intervals.
    sdnn_ms
        Standard deviation of the intervals between two normal beats (Task Force of the ESC and
        NASPE, Circulation 93:1043, 1996); None with fewer than three of them.
    p_ms, pr_ms, qrs_ms, qt_ms
        From the dominant median beat, over all usable leads.
    qtc_bazett_ms, qtc_fridericia_ms
        QT corrected with the mean RR interval.
    axis_p_deg, axis_qrs_deg, axis_t_deg
        Frontal axes, -180 (exclusive) to 180 degrees, from net areas in I and aVF.
    """

    heart_rate_bpm: float | None = None
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtc_bazett_ms: float | None = None
    qtc_fridericia_ms: float | None = None
    axis_p_deg: float | None = None
    axis_qrs_deg: float | None = None
    axis_t_deg: float | None = None
    p_ms: float | None = None
    rr_mean_ms: float | None = None
    rr_min_ms: float | None = None
    rr_max_ms: float | None = None
    sdnn_ms: float | None = None


def qtc_bazett_ms(qt_ms: float, rr_ms: float) -> float:
    """Correct QT by the square root of RR in seconds (Bazett, Heart 7:353, 1920)."""
    return qt_ms / math.sqrt(rr_ms / 1000.0)


def qtc_fridericia_ms(qt_ms: float, rr_ms: float) -> float:
    """Correct QT by the cube root of RR in seconds (Fridericia, Acta Med Scand 53:469, 1920)."""
    return float(qt_ms / np.cbrt(rr_ms / 1000.0))


def qtc_framingham_ms(qt_ms: float, rr_ms: float) -> float:
    """Correct QT by 0.154 (1 - RR) in seconds (Sagie et al., Am J Cardiol 70:797, 1992)."""
    return qt_ms + 154.0 * (1.0 - rr_ms / 1000.0)


def qtc_hodges_ms(qt_ms: float, rr_ms: float) -> float:
    """Correct QT by 1.75 ms a beat a minute from 60 (Hodges et al., JACC 1:694, 1983)."""
    return qt_ms + 1.75 * (60_000.0 / rr_ms - 60.0)


def _net_area(row: Array, start: int | None, stop: int | None) -> float:
    """Return the signed area between two boundaries over the line that joins them."""
    if start is None or stop is None or stop - start < 2:
        return 0.0
    piece = row[start : stop + 1]
    return float((piece - np.linspace(piece[0], piece[-1], piece.size)).sum())


def _net_area_qrs(row: Array, start: int, stop: int) -> float:
    """Return the signed area of QRS over the level at its onset: ST may lift its end."""
    return float((row[start : stop + 1] - row[start]).sum())


def _frontal(lead_i: float, lead_avf: float) -> float | None:
    """Return the angle of the frontal vector, aVF scaled to the bipolar leads' strength.

    aVF is augmented: its lead vector is sqrt(3)/2 as long as lead I's (Macfarlane & Lawrie,
    Comprehensive Electrocardiology, 2nd ed., ch. 11).
    """
    if lead_i == 0.0 and lead_avf == 0.0:
        return None
    angle = math.degrees(math.atan2(2.0 / math.sqrt(3.0) * lead_avf, lead_i))
    return round(180.0 if angle <= -180.0 else angle, 1)


def _limb_rows(median_uv: Array, leads: tuple[str, ...]) -> tuple[Array, Array] | None:
    """Return I and aVF, aVF derived from I and II or I and III where absent."""
    rows = dict(zip(leads, median_uv, strict=True))
    if "I" not in rows:
        return None
    if "aVF" in rows:
        return rows["I"], rows["aVF"]
    if "II" in rows:
        return rows["I"], rows["II"] - rows["I"] / 2.0
    if "III" in rows:
        return rows["I"], rows["III"] + rows["I"] / 2.0
    return None


def rr_measurements(
    rr_ms: NDArray[np.float64], normal: NDArray[np.bool_] | None = None
) -> Measurements:
    """Measure rate and RR intervals alone.

    Parameters
    ----------
    rr_ms
        Shape (n_beats - 1,).
    normal
        Whether each beat is a normal one, shape (n_beats,); all of them where None.
    """
    if rr_ms.size == 0:
        return Measurements()
    between = rr_ms if normal is None else rr_ms[normal[:-1] & normal[1:]]
    return Measurements(
        heart_rate_bpm=round(60_000.0 / float(rr_ms.mean()), 1),
        rr_mean_ms=round(float(rr_ms.mean()), 1),
        rr_min_ms=round(float(rr_ms.min()), 1),
        rr_max_ms=round(float(rr_ms.max()), 1),
        sdnn_ms=round(float(between.std(ddof=1)), 1) if between.size >= 3 else None,
    )


def measure(
    beat: BeatClass | None,
    leads: tuple[str, ...],
    rr_ms: NDArray[np.float64],
    fs_hz: float,
    normal: NDArray[np.bool_] | None = None,
) -> Measurements:
    """Measure the dominant median beat.

    Parameters
    ----------
    beat
        The dominant class, or None.
    leads
        Names of the rows of its median.
    rr_ms
        All RR intervals of the recording, shape (n_beats - 1,).
    fs_hz
        Rate of the median beat.
    normal
        As `rr_measurements` takes it.
    """
    mean_rr_ms = float(rr_ms.mean()) if rr_ms.size else None
    rhythm_alone = rr_measurements(rr_ms, normal)
    if beat is None:
        return rhythm_alone
    marks = beat.fiducials
    per_sample_ms = 1000.0 / fs_hz
    qt_ms = None if marks.t_off is None else (marks.t_off - marks.qrs_on) * per_sample_ms
    axes: list[float | None] = [None, None, None]
    limb = _limb_rows(beat.median_uv, leads)
    if limb is not None:
        spans = ((marks.p_on, marks.p_off), (marks.t_on, marks.t_off))
        p_areas, t_areas = ([_net_area(row, *span) for row in limb] for span in spans)
        qrs_areas = [_net_area_qrs(row, marks.qrs_on, marks.qrs_off) for row in limb]
        axes = [_frontal(*areas) for areas in (p_areas, qrs_areas, t_areas)]
    bazett = fridericia = None
    if qt_ms is not None and mean_rr_ms is not None:
        bazett = round(qtc_bazett_ms(qt_ms, mean_rr_ms), 1)
        fridericia = round(qtc_fridericia_ms(qt_ms, mean_rr_ms), 1)
    p_ms = None
    if marks.p_on is not None and marks.p_off is not None:
        p_ms = round((marks.p_off - marks.p_on) * per_sample_ms, 1)
    return replace(
        rhythm_alone,
        p_ms=p_ms,
        pr_ms=None if marks.p_on is None else round((marks.qrs_on - marks.p_on) * per_sample_ms, 1),
        qrs_ms=round((marks.qrs_off - marks.qrs_on) * per_sample_ms, 1),
        qt_ms=None if qt_ms is None else round(qt_ms, 1),
        qtc_bazett_ms=bazett,
        qtc_fridericia_ms=fridericia,
        axis_p_deg=axes[0],
        axis_qrs_deg=axes[1],
        axis_t_deg=axes[2],
    )
