"""Draw an ECG on millimetre paper: SVG by hand, PDF and PNG of the same page through Typst.

One unit of the SVG is one millimetre of an A4 landscape page. Traces are drawn as recorded, less
each stretch's median; nothing is filtered unless somebody asks for it, and the footer says so. A
point is left out only where the line through its neighbours passes within `LOSS_MM` of it, a
twelfth of the pen's width.
"""

from collections.abc import Sequence
from datetime import UTC
from itertools import pairwise
from pathlib import Path

import numpy as np
import typst

from ecg.display import DisplayFilter, filtered
from ecg.listing import listing_pages
from ecg.page import (
    GRID_BOTTOM_MM,
    GRID_LEFT_MM,
    GRID_RIGHT_MM,
    GRID_TOP_MM,
    PAGE_HEIGHT_MM,
    PAGE_WIDTH_MM,
    STYLE,
    footer,
    grid,
    header,
    text,
)
from ecg.screening import Screening
from ecg.sheet import Layout, Row, rows_of
from ecg.signal import EcgSignal
from ecg.traces import Trace, path_data, trace_of

SPEEDS_MM_S = (12.5, 25.0, 50.0)
GAINS_MM_MV = (2.5, 5.0, 10.0, 20.0)
TRACE_LEFT_MM = GRID_LEFT_MM + 12.5
TRACE_WIDTH_MM = 250.0
PULSE_LEFT_MM = GRID_LEFT_MM + 3.0
PULSE_S = 0.2
PULSE_MV = 1.0
LABEL_CLEAR_MM = 1.6
LABEL_WIDTH_MM = 13.0

# Left edge, top, width and height of the paper with its margin for lead names and its footer.
_PAPER_ALONE = (
    GRID_LEFT_MM - 10.0,
    GRID_TOP_MM - 0.5,
    GRID_RIGHT_MM - GRID_LEFT_MM + 10.5,
    GRID_BOTTOM_MM - GRID_TOP_MM + 7.5,
)

_TYPST_PAGE = """#set page(width: 297mm, height: 210mm, margin: 0mm)
#set document(title: sys.inputs.title, date: auto)
#for page in sys.inputs.keys().filter(key => key.starts-with("page")).sorted() {
  image(bytes(sys.inputs.at(page)), format: "svg", width: 297mm, height: 210mm)
}
"""


def _extent(traces: Sequence[Trace], gain_mm_mv: float) -> tuple[float, float]:
    """Return how far a row reaches above and below its baseline, spikes left out."""
    up, down = gain_mm_mv * PULSE_MV, 2.0
    for trace in traces:
        if np.isfinite(trace.heights_mm).any():
            low, high = np.nanpercentile(trace.heights_mm, [0.2, 99.8])
            up, down = max(up, float(high)), max(down, -float(low))
    return up + LABEL_CLEAR_MM, down + 1.0


def _baselines(extents: Sequence[tuple[float, float]]) -> list[float]:
    """Share the paper's height: each row what it needs, or its share where that is too much."""
    height = GRID_BOTTOM_MM - GRID_TOP_MM
    need = sum(up + down for up, down in extents)
    if need > height and len(extents) == 1:
        return [round(GRID_TOP_MM + height * extents[0][0] / need, 2)]
    if need > height:
        # Neighbours cross, all by the same share; the first and last keep what the edge would cut.
        edges = min(extents[0][0], height / 4.0), min(extents[-1][1], height / 4.0)
        share = (height - sum(edges)) / (need - extents[0][0] - extents[-1][1])
        extents = [(up * share, down * share) for up, down in extents]
        extents[0] = edges[0], extents[0][1]
        extents[-1] = extents[-1][0], edges[1]
        need = height
    spare = (height - need) / len(extents)
    placed: list[float] = []
    top = GRID_TOP_MM
    for up, down in extents:
        placed.append(round(top + spare / 2.0 + up, 2))
        top += spare + up + down
    return placed


def _pulse(baseline_mm: float, speed_mm_s: float, gain_mm_mv: float) -> str:
    """Draw 1 mV for 0.2 s."""
    width, height = PULSE_S * speed_mm_s, PULSE_MV * gain_mm_mv
    lead_in = max(0.5, (TRACE_LEFT_MM - PULSE_LEFT_MM - width) / 3.0)
    return (
        f'<path class="pulse" d="M{PULSE_LEFT_MM - 1:.2f} {baseline_mm:.2f}h1v{-height:g}'
        f'h{width:g}v{height:g}h{min(1.0, lead_in):.2f}"/>'
    )


def _label(trace: Trace, baseline_mm: float, name: str, room_mm: float) -> str:
    """Write the lead's name above its first millimetres, within the row's own room."""
    near = trace.heights_mm[: max(1, int(LABEL_WIDTH_MM / trace.step_mm))]
    highest = float(np.nanmax(near)) if np.isfinite(near).any() else 0.0
    above = min(max(highest, 3.5) + LABEL_CLEAR_MM, room_mm)
    return text(trace.left_mm + 1.2, max(baseline_mm - above, GRID_TOP_MM + 4.0), name, "lead")


def _traces(traces: Sequence[Trace], baseline_mm: float) -> list[str]:
    """Draw one row's traces, with a tick where one lead ends and the next begins."""
    parts: list[str] = []
    for column, trace in enumerate(traces):
        data = path_data(trace, baseline_mm)
        if data:
            parts.append(f'<path class="trace" transform="scale(.01)" d="{data}"/>')
        if column:
            parts.append(f'<path class="tick" d="M{trace.left_mm:.2f} {baseline_mm - 4:.2f}v8"/>')
    return parts


def _cut(drawn: Sequence[Sequence[Trace]], baselines: Sequence[float]) -> bool:
    """Return whether a trace leaves the paper, where it is not drawn."""
    for traces, baseline in zip(drawn, baselines, strict=True):
        for trace in traces:
            if np.isfinite(trace.heights_mm).any():
                top = baseline - float(np.nanmax(trace.heights_mm))
                bottom = baseline - float(np.nanmin(trace.heights_mm))
                if top < GRID_TOP_MM or bottom > GRID_BOTTOM_MM:
                    return True
    return False


def _around(
    rows: Sequence[Row],
    drawn: Sequence[Sequence[Trace]],
    baselines: Sequence[float],
    scale: tuple[float, float],
) -> list[str]:
    """Draw names and calibration: names in the margin, one pulse, where rows are crowded."""
    speed_mm_s, gain_mm_mv = scale
    pitch = min((b - a for a, b in pairwise(baselines)), default=GRID_BOTTOM_MM - GRID_TOP_MM)
    room_mm = max(0.7 * pitch, 5.0)
    crowded = pitch < gain_mm_mv * PULSE_MV + 8.0
    parts: list[str] = []
    for row, traces, baseline in zip(rows, drawn, baselines, strict=True):
        if not crowded or baseline == baselines[-1]:
            parts.append(_pulse(baseline, speed_mm_s, gain_mm_mv))
        for column, trace in enumerate(traces):
            if crowded and column == 0:
                parts.append(text(GRID_LEFT_MM - 9.5, baseline + 1.2, row.labels[0], "lead"))
            else:
                parts.append(_label(trace, baseline, row.labels[column], room_mm))
    return parts


def render(
    signal: EcgSignal,
    screening: Screening | None = None,
    *,
    layout: Layout | None = None,
    lead: str | None = None,
    speed_mm_s: float = 25.0,
    gain_mm_mv: float = 10.0,
    start_s: float = 0.0,
    heading: bool = True,
    display_filter: DisplayFilter = DisplayFilter.NONE,
) -> str:
    """Draw one A4 landscape page as SVG.

    Parameters
    ----------
    signal
        What to draw: up to 250 mm of it from ``start_s``.
    screening
        Its screening, for measurements and findings in the header.
    layout
        `Layout`; by default 3x4 with a rhythm strip where the twelve leads are there, else one row
        a lead.
    lead
        The lead of `Layout.STRIP`; by default the first of `ecg.sheet.RHYTHM_LEADS` that is there.
    speed_mm_s
        12.5, 25 or 50.
    gain_mm_mv
        2.5, 5, 10 or 20.
    start_s
        First second drawn.
    heading
        Whether patient, measurements and findings stand above the paper. Without them the drawing
        is cut to the paper and its footer, for a page that has its own heading.
    display_filter
        What is filtered away in the traces; the measurements stay those of the recording.

    Returns
    -------
    str
        A complete SVG document, 297 mm by 210 mm unless cut. All text is escaped; there is no
        script, link or external reference in it.

    Raises
    ------
    ValueError
        For a speed, gain, start or layout that the signal or the paper does not have.
    """
    if speed_mm_s not in SPEEDS_MM_S or gain_mm_mv not in GAINS_MM_MV:
        raise ValueError(f"speed is one of {SPEEDS_MM_S} mm/s and gain one of {GAINS_MM_MV} mm/mV")
    if not 0.0 <= start_s < signal.duration_s:
        raise ValueError(f"start_s must lie in 0-{signal.duration_s:g}, not {start_s!r}")
    row_s = TRACE_WIDTH_MM / speed_mm_s
    rows = rows_of(signal, layout, lead=lead, start_s=start_s, row_s=row_s)
    shown_signal = filtered(signal, display_filter)
    stop_s = min(signal.duration_s, start_s + (rows[-1].turn + 1) * row_s)
    drawn: list[list[Trace]] = []
    for row in rows:
        first_s = start_s + row.turn * row_s
        # The leads of a row share what there is: a short recording leaves none of them out.
        width_s = min(row_s, signal.duration_s - first_s) / len(row.leads)
        spans = [
            (first_s + k * width_s, first_s + (k + 1) * width_s) for k in range(len(row.leads))
        ]
        drawn.append(
            [
                trace_of(
                    shown_signal,
                    name,
                    (min(span[0], stop_s), min(span[1], stop_s)),
                    TRACE_LEFT_MM + k * width_s * speed_mm_s,
                    speed_mm_s,
                    gain_mm_mv,
                )
                for k, (name, span) in enumerate(zip(row.leads, spans, strict=True))
            ]
        )
    baselines = _baselines([_extent(traces, gain_mm_mv) for traces in drawn])
    shown = {name for row in rows for name in row.leads}
    hidden = [name for name in signal.leads if name not in shown]
    x, y, width, height = (0.0, 0.0, PAGE_WIDTH_MM, PAGE_HEIGHT_MM) if heading else _PAPER_ALONE
    size = f'width="{width:g}mm" height="{height:g}mm"'
    view = f'viewBox="{x:g} {y:g} {width:g} {height:g}"'
    left, top, right, bottom = GRID_LEFT_MM, GRID_TOP_MM, GRID_RIGHT_MM, GRID_BOTTOM_MM
    paper = f"M{left:g} {top:g}H{right:g}V{bottom:g}H{left:g}z"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view}>',
        f"<style>{STYLE}</style>",
        f'<clipPath id="paper"><path d="{paper}"/></clipPath>',
        f'<rect width="{PAGE_WIDTH_MM:g}" height="{PAGE_HEIGHT_MM:g}" fill="#fff"/>',
        *(header(signal, screening) if heading else ()),
        *grid(left, top, right, bottom),
    ]
    parts += _around(rows, drawn, baselines, (speed_mm_s, gain_mm_mv))
    parts.append('<g clip-path="url(#paper)">')
    for traces, baseline in zip(drawn, baselines, strict=True):
        parts += _traces(traces, baseline)
    parts.append("</g>")
    notes = [f"未显示导联 {' '.join(hidden)}"] if hidden else []
    if _cut(drawn, baselines):
        notes.append("部分波形超出纸面，请减小增益")
    notes.insert(0, f"显示滤波 {display_filter.text_zh}")
    parts += footer(signal, screening, speed_mm_s, gain_mm_mv, (start_s, stop_s), notes)
    return "\n".join([*parts, "</svg>\n"])


def _stamp(signal: EcgSignal) -> int:
    """Return the acquisition as UNIX seconds: PDF/A wants a date, and not the clock's."""
    at = signal.acquired_at
    if at is None:
        return 0
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def printed(
    pages: Sequence[str],
    font_paths: Sequence[Path] = (),
    *,
    stamp: int = 0,
    dots_per_inch: float | None = None,
) -> bytes:
    """Return SVG pages of ours as PDF/A-2b, or one page as PNG where a resolution is given.

    Parameters
    ----------
    pages
        What `render`, `ecg.medians.render_medians` or `ecg.listing.listing_pages` return.
    font_paths
        See `render_pdf`.
    stamp
        The PDF's date as UNIX seconds.
    dots_per_inch
        Resolution of a PNG.
    """
    compiler = typst.Compiler(
        _TYPST_PAGE.encode(),
        font_paths=typst.Fonts(
            include_system_fonts=not font_paths, font_paths=[str(path) for path in font_paths]
        ),
        sys_inputs={
            "title": "ECG",
            **{f"page{number:03d}": svg for number, svg in enumerate(pages, start=1)},
        },
    )
    if dots_per_inch is None:
        page = compiler.compile(format="pdf", pdf_standards="a-2b", timestamp=stamp)
    else:
        page = compiler.compile(format="png", ppi=dots_per_inch)
    return page if isinstance(page, bytes) else b"".join(page or ())


def render_pdf(
    signal: EcgSignal,
    screening: Screening | None = None,
    *,
    layout: Layout | None = None,
    lead: str | None = None,
    speed_mm_s: float = 25.0,
    gain_mm_mv: float = 10.0,
    start_s: float = 0.0,
    font_paths: Sequence[Path] = (),
) -> bytes:
    """Draw the page of `render` as PDF/A-2b, the same bytes for the same input and fonts.

    Where the heading has no room for all findings, or the device concluded something itself, pages
    follow that list them whole (`ecg.listing`).

    Parameters
    ----------
    signal, screening, layout, lead, speed_mm_s, gain_mm_mv, start_s
        See `render`.
    font_paths
        Folders with a font that has Chinese, such as Noto Sans SC. Without any, the system's
        fonts are looked through, which takes longer and depends on the machine.
    """
    svg = render(
        signal,
        screening,
        layout=layout,
        lead=lead,
        speed_mm_s=speed_mm_s,
        gain_mm_mv=gain_mm_mv,
        start_s=start_s,
    )
    return printed([svg, *listing_pages(signal, screening)], font_paths, stamp=_stamp(signal))


def render_png(
    signal: EcgSignal,
    screening: Screening | None = None,
    *,
    layout: Layout | None = None,
    lead: str | None = None,
    speed_mm_s: float = 25.0,
    gain_mm_mv: float = 10.0,
    start_s: float = 0.0,
    font_paths: Sequence[Path] = (),
    dots_per_inch: float = 300.0,
) -> bytes:
    """Draw the page of `render` as PNG.

    Parameters
    ----------
    signal, screening, layout, lead, speed_mm_s, gain_mm_mv, start_s
        See `render`.
    font_paths
        See `render_pdf`.
    dots_per_inch
        300 gives 3508 by 2480 pixels.
    """
    svg = render(
        signal,
        screening,
        layout=layout,
        lead=lead,
        speed_mm_s=speed_mm_s,
        gain_mm_mv=gain_mm_mv,
        start_s=start_s,
    )
    return printed([svg], font_paths, dots_per_inch=dots_per_inch)
