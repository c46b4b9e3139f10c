"""Paper as it comes out of a printer's rasteriser: true millimetres, legible, whole."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg import EcgSignal, screen
from ecg.listing import listing_pages
from ecg.medians import render_medians
from ecg.page import GRID_BOTTOM_MM, GRID_LEFT_MM, GRID_TOP_MM, PAGE_HEIGHT_MM, wrapped
from ecg.render import printed, render, render_pdf
from ecg.sheet import Layout
from ecg.signal import STANDARD_LEADS
from tests.ecg.samples import signal_of, twelve
from tests.ecg.test_render import SVG, parsed, square, traces
from tests.support.peers import require_program

DPI = 508
PX_A_MM = DPI / 25.4


def raster(pdf: bytes, folder: Path) -> NDArray[np.uint8]:
    """Draw a PDF's first page with poppler, grey, 20 pixels a millimetre."""
    program = require_program("pdftoppm")
    (folder / "page.pdf").write_bytes(pdf)
    made = subprocess.run(
        [program, "-r", str(DPI), "-gray", "-singlefile", str(folder / "page.pdf")],
        capture_output=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", made)
    assert head is not None
    width, height = int(head[1]), int(head[2])
    return np.frombuffer(made[head.end() :], dtype=np.uint8).reshape(height, width)


@pytest.mark.parametrize(("speed", "gain"), [(25.0, 10.0), (50.0, 20.0), (12.5, 5.0)])
def test_a_printed_page_is_true_to_the_millimetre(
    tmp_path: Path, speed: float, gain: float
) -> None:
    page = raster(render_pdf(square(), speed_mm_s=speed, gain_mm_mv=gain), tmp_path)
    # Strong lines: dark columns of a strip of empty paper under the trace, every 5 mm.
    top = round((GRID_BOTTOM_MM - 7.0) * PX_A_MM)
    columns = page[top : top + 100, :].mean(axis=0)
    left = round(GRID_LEFT_MM * PX_A_MM)
    lines = [
        left + k * 100 - 10 + int(np.argmin(columns[left + k * 100 - 10 : left + k * 100 + 11]))
        for k in range(1, 53)
    ]
    pitch, _ = np.polyfit(np.arange(len(lines)), lines, 1)
    assert pitch == pytest.approx(5.0 * PX_A_MM, abs=0.05)
    # The pulse is the only ink in the margin left of the traces: 1 mV high, 0.2 s wide.
    box = page[:, round((GRID_LEFT_MM + 1.0) * PX_A_MM) : round((GRID_LEFT_MM + 13.5) * PX_A_MM)]
    inside = box[round(GRID_TOP_MM * PX_A_MM) : round(GRID_BOTTOM_MM * PX_A_MM)] < 90
    tall = np.flatnonzero(inside.sum(axis=0) > 0.8 * gain * PX_A_MM)
    rows = np.flatnonzero(inside[:, tall].any(axis=1))
    assert np.ptp(rows) / PX_A_MM == pytest.approx(gain + 0.25, abs=0.15)
    assert np.ptp(tall) / PX_A_MM == pytest.approx(0.2 * speed + 0.25, abs=0.15)


def test_on_a_black_and_white_printer_the_trace_stands_out_from_the_grid(tmp_path: Path) -> None:
    page = raster(render_pdf(signal_of(twelve(75.0))), tmp_path)
    top, bottom = (round(edge * PX_A_MM) for edge in (GRID_TOP_MM, GRID_BOTTOM_MM))
    paper = page[top:bottom, round(30 * PX_A_MM) : round(270 * PX_A_MM)]
    assert np.percentile(paper, 5.0) > 150  # the grid is light
    assert paper.min() < 40  # the ink is not


def test_the_fonts_are_in_the_file(tmp_path: Path) -> None:
    program = require_program("pdffonts")
    signal = signal_of(twelve(75.0))
    (tmp_path / "page.pdf").write_bytes(render_pdf(signal, screen(signal)))
    listed = subprocess.run(
        [program, str(tmp_path / "page.pdf")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()[2:]
    assert listed
    assert all(re.search(r"\syes\s+(?:yes|no)\s+(?:yes|no)\s+\d", line) for line in listed)


def test_a_strip_goes_on_from_row_to_row() -> None:
    lead = np.zeros((1, 500 * 35))
    lead[0, 500 * 22] = 1000.0
    signal = EcgSignal(lead, 500.0, ("V5",))
    svg = render(signal, layout=Layout.STRIP)
    rows = traces(svg)
    assert len(rows) == 4
    assert np.ptp(rows[2][:, 1]) == pytest.approx(10.0, abs=0.01)
    assert rows[2][np.argmin(rows[2][:, 1]), 0] == pytest.approx(26.0 + 50.0, abs=0.1)
    named = [t.text for t in parsed(svg).iter(f"{SVG}text") if t.get("class") == "lead"]
    assert named == ["V5 0 s", "V5 10 s", "V5 20 s", "V5 30 s"]
    with pytest.raises(ValueError, match="no lead V6"):
        render(signal, layout=Layout.STRIP, lead="V6")


@pytest.mark.parametrize("leads", [STANDARD_LEADS, (*STANDARD_LEADS, "V7", "V8", "V9")])
def test_median_beats_stand_on_the_paper_with_their_marks(leads: tuple[str, ...]) -> None:
    samples = np.vstack([twelve(75.0), twelve(75.0, seed=3, width_s=0.013)[9:12]])[: len(leads)]
    found = screen(EcgSignal(samples, 500.0, leads))
    svg = render_medians(found)
    drawn = traces(svg)
    assert len(drawn) == len(leads)
    assert all(t[:, 1].min() > GRID_TOP_MM and t[:, 1].max() < GRID_BOTTOM_MM for t in drawn)
    beat, fs_hz = found.median_beat, found.median_fs_hz
    assert beat is not None
    assert fs_hz is not None
    marks = [
        float((p.get("d") or "M0").split()[0][1:])
        for p in parsed(svg).iter(f"{SVG}path")
        if p.get("class") == "mark"
    ]
    ms = (beat.fiducials.qrs_off - beat.fiducials.qrs_on) / fs_hz * 1000.0
    assert marks[3] - marks[2] == pytest.approx(ms * 0.05, abs=0.02)
    with pytest.raises(ValueError, match="median beat"):
        render_medians(screen(signal_of(np.zeros((12, 5000)))))
    with pytest.raises(ValueError, match="gain"):
        render_medians(found, gain_mm_mv=7.0)


def test_findings_that_overflow_the_heading_are_whole_on_further_pages() -> None:
    signal = replace(signal_of(twelve(75.0)), device_statements=("正常 <b>", "x" * 500))
    found = screen(signal)
    many = replace(found, findings=found.findings[:1] * 60)
    pages = listing_pages(signal, many)
    words = [str(node.text) for page in pages for node in parsed(page).iter(f"{SVG}text")]
    assert len(pages) > 1
    assert sum(found.findings[0].text_zh in each for each in words) == 60
    assert sum(each.count("x") for each in words if set(each) == {"x"}) == 500
    assert "正常 <b>" in words
    for page in pages:
        heights = [float(node.get("y", "0")) for node in parsed(page).iter(f"{SVG}text")]
        assert max(heights) < PAGE_HEIGHT_MM - 5.0
    assert render_pdf(signal, many).count(b"/MediaBox") == 1 + len(pages)
    plain = replace(signal, device_statements=())
    assert listing_pages(plain, found) == []
    assert listing_pages(plain, None) == []


def test_wrapping_loses_no_letter() -> None:
    words = "ST段抬高 in II, III and aVF；" * 20
    lines = wrapped(words, 60.0)
    assert "".join(lines) == words
    assert len(lines) > 3


def test_pages_are_printed_in_order() -> None:
    signal = signal_of(twelve(75.0))
    pdf = printed([render(signal), render(signal)])
    assert pdf.count(b"/MediaBox") == 2
