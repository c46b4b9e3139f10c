"""Draw the dominant median beat of every lead, with the boundaries and the ST level measured."""

import numpy as np

from ecg.page import (
    GRID_BOTTOM_MM,
    GRID_LEFT_MM,
    GRID_RIGHT_MM,
    GRID_TOP_MM,
    PAGE_HEIGHT_MM,
    PAGE_WIDTH_MM,
    STYLE,
    fitted,
    grid,
    header,
    text,
)
from ecg.screening import Screening
from ecg.signal import LIMB_LEADS
from ecg.traces import Trace, path_data
from ecg.waves import Fiducials

SPEED_MM_S = 50.0
GAINS_MM_MV = (5.0, 10.0, 20.0)
COLUMNS = 4
NAME_MM = 3.0
MARK_STYLE = (
    ".mark{stroke:#0b57b8;stroke-width:.15;fill:none}.word{font-size:2.4px;fill:#0b57b8}"
    ".level{stroke:#b3121d;stroke-width:.3;fill:none}"
)
_MARKS = (
    ("p_on", "P"),
    ("p_off", ""),
    ("qrs_on", "QRS"),
    ("qrs_off", "J"),
    ("t_on", ""),
    ("t_off", "T"),
)


def _cells(leads: tuple[str, ...]) -> list[list[str]]:
    """Return the columns of a 3x4 for the twelve leads, further leads after them."""
    limb = [lead for lead in leads if lead in LIMB_LEADS]
    rest = [lead for lead in leads if lead not in LIMB_LEADS]
    deep = max(3, -(-len(limb) // 2), -(-len(rest) // 2))
    split = [limb[:deep], limb[deep:], rest[:deep], rest[deep:]]
    return [column for column in split if column]


def _marks(marks: Fiducials, left_mm: float, step_mm: float, span_mm: tuple[float, float]) -> str:
    """Draw a line at each boundary over one row's height, named at its foot."""
    parts: list[str] = []
    top, bottom = span_mm
    for name, word in _MARKS:
        at = getattr(marks, name)
        if at is None:
            continue
        x = left_mm + at * step_mm
        parts.append(f'<path class="mark" d="M{x:.2f} {top:.2f}V{bottom:.2f}"/>')
        if word:
            # J stands above, for QRS may be narrower than its name.
            parts.append(text(x + 0.4, bottom - (2.6 if word == "J" else 0.0), word, "word"))
    return "".join(parts)


def render_medians(screening: Screening, *, gain_mm_mv: float = 10.0) -> str:
    """Draw one A4 landscape page of median beats at 50 mm/s as SVG.

    Parameters
    ----------
    screening
        What was screened; the beats are those that its measurements were taken from.
    gain_mm_mv
        5, 10 or 20.

    Returns
    -------
    str
        A complete SVG document of 297 mm by 210 mm, as `ecg.render.render` makes it. Thin lines
        stand at begin and end of P, QRS and T over all leads, a short one at each lead's ST level
        from J to J+80 ms; the value at J stands beside the lead's name.

    Raises
    ------
    ValueError
        If there is no median beat, for the recording cannot be judged, or for another gain.
    """
    beat, fs_hz = screening.median_beat, screening.median_fs_hz
    if beat is None or fs_hz is None:
        raise ValueError("there is no median beat to draw: the recording cannot be judged")
    if gain_mm_mv not in GAINS_MM_MV:
        raise ValueError(f"gain is one of {GAINS_MM_MV} mm/mV")
    step_mm = SPEED_MM_S / fs_hz
    columns = _cells(screening.median_leads)
    deep = max(len(column) for column in columns)
    row_mm = (GRID_BOTTOM_MM - GRID_TOP_MM) / deep
    size = f'width="{PAGE_WIDTH_MM:g}mm" height="{PAGE_HEIGHT_MM:g}mm"'
    view = f'viewBox="0 0 {PAGE_WIDTH_MM:g} {PAGE_HEIGHT_MM:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view}>',
        f"<style>{STYLE}{MARK_STYLE}</style>",
        f'<rect width="{PAGE_WIDTH_MM:g}" height="{PAGE_HEIGHT_MM:g}" fill="#fff"/>',
        *header(screening.signal, screening),
        *grid(GRID_LEFT_MM, GRID_TOP_MM, GRID_RIGHT_MM, GRID_BOTTOM_MM),
    ]
    width = (GRID_RIGHT_MM - GRID_LEFT_MM) / COLUMNS
    beat_mm = min(beat.median_uv.shape[-1] * step_mm, width - NAME_MM)
    count = int(beat_mm / step_mm)
    for number, column in enumerate(columns):
        left = GRID_LEFT_MM + NAME_MM + number * width
        for row, lead in enumerate(column):
            top = GRID_TOP_MM + row * row_mm
            heights = beat.median_uv[screening.median_leads.index(lead), :count] / 1000.0
            high, low = (float(f(heights)) * gain_mm_mv for f in (np.max, np.min))
            spare = row_mm - 8.0 - (high - low)
            base = round(top + 6.0 + max(0.0, spare / 2.0) + high, 2)
            parts.append(_marks(beat.fiducials, left, step_mm, (top + 6.0, top + row_mm - 1.0)))
            data = path_data(Trace(lead, left, step_mm, heights * gain_mm_mv), base)
            parts.append(f'<path class="trace" transform="scale(.01)" d="{data}"/>')
            measured = screening.leads_measured.get(lead)
            level = measured.st_j_mv if measured is not None else None
            words = lead if level is None else f"{lead}　ST(J) {level:+.2f} mV"
            parts.append(text(left, top + 4.4, fitted(words, width - NAME_MM), "lead"))
            if level is not None:
                at = left + beat.fiducials.qrs_off * step_mm
                y = base - level * gain_mm_mv
                reach = 0.08 * SPEED_MM_S
                parts.append(f'<path class="level" d="M{at:.2f} {y:.2f}h{reach:.2f}"/>')
    words = (
        f"{SPEED_MM_S:g} mm/s　{gain_mm_mv:g} mm/mV　中位心搏 median beats　"
        f"{beat.members.size} 个心搏　规则 {screening.rules_version}"
    )
    parts.append(text(GRID_LEFT_MM, GRID_BOTTOM_MM + 5.5, words, "dim"))
    return "\n".join([*parts, "</svg>\n"])
