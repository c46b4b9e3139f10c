"""Draw the known failures that a picture tells best, for ecg/README.md.

Under each trace stands what the screening says of each beat; above it, of MIT-BIH what a person
wrote, of PTB-XL where the screening says that T ends.

Usage: ``python -m benchmarks.ecg.failures DATA OUT`` with the archives unpacked below DATA; OUT is
a folder for SVG files.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.ecg.wfdb_lite import read_annotations, read_record
from ecg import EcgSignal, screen
from ecg.page import GRID_BOTTOM_MM, GRID_LEFT_MM, GRID_RIGHT_MM, GRID_TOP_MM, text
from ecg.render import TRACE_LEFT_MM, render
from ecg.sheet import Layout

SPEED_MM_S = 25.0
SHOWN_S = 10.0
HALF_HEIGHT_MM = 25.0
BEATS = {1: "N", 2: "L", 3: "R", 4: "a", 5: "V", 6: "F", 7: "J", 8: "A", 10: "!", 11: "j", 12: "/"}
"""PhysioNet's mnemonics of the annotation codes that stand for beats in these records."""

Marks = Sequence[tuple[float, str]]
"""Seconds from the strip's start, and what to write there."""


@dataclass(frozen=True)
class Case:
    """A record's stretch and lead."""

    name: str
    record: str
    lead: str
    start_s: float = 0.0


MITDB = (
    Case("p-waves-as-beats", "108", "MLII", 128.0),
    Case("shapes-as-ventricular", "203", "MLII", 679.0),
)
PTBXL = (
    Case("premature-beats-as-fibrillation", "00269_hr", "II"),
    Case("qt-with-u-wave", "00028_hr", "V3"),
)


def strip(signal: EcgSignal, lead: str, start_s: float, above: Marks, below: Marks) -> str:
    """Return ten seconds of one lead on millimetre paper with two lines of marks."""
    row, first = signal.leads.index(lead), round(start_s * signal.fs_hz)
    shown = signal.samples_uv[row : row + 1, first : first + round(SHOWN_S * signal.fs_hz)]
    part = EcgSignal(shown, signal.fs_hz, (lead,))
    svg = render(part, layout=Layout.ROWS, speed_mm_s=SPEED_MM_S, heading=False)
    middle = (GRID_TOP_MM + GRID_BOTTOM_MM) / 2.0
    top, left = middle - HALF_HEIGHT_MM, GRID_LEFT_MM
    width, height = GRID_RIGHT_MM - GRID_LEFT_MM, 2.0 * HALF_HEIGHT_MM
    marks = [
        text(TRACE_LEFT_MM + at_s * SPEED_MM_S - 1.0, y, word, "lead")
        for y, line in ((top + 5.0, above), (top + height - 3.0, below))
        for at_s, word in line
        if 0.0 <= at_s < SHOWN_S
    ]
    svg = re.sub(
        r'width="[\d.]+mm" height="[\d.]+mm"',
        f'width="{width:g}mm" height="{height:g}mm"',
        svg,
        count=1,
    )
    svg = re.sub(
        r'viewBox="[^"]+"', f'viewBox="{left:g} {top:g} {width:g} {height:g}"', svg, count=1
    )
    return svg.replace("</svg>", "\n".join([*marks, "</svg>"]))


def annotated(data: Path, case: Case) -> str:
    """Draw a stretch of a MIT-BIH record with both sides' beat labels."""
    signal = read_record(data / "mitdb" / case.record)
    notes = read_annotations(data / "mitdb" / f"{case.record}.atr")
    first = round(max(0.0, case.start_s - 50.0) * signal.fs_hz)
    last = first + round(110.0 * signal.fs_hz)
    part = replace(signal, samples_uv=signal.samples_uv[:, first:last])
    offset_s = first / signal.fs_hz - case.start_s
    theirs = [
        (at / signal.fs_hz - case.start_s, BEATS[code])
        for at, code in zip(notes.sample.tolist(), notes.code.tolist(), strict=True)
        if code in BEATS
    ]
    ours = [(beat.sample / part.fs_hz + offset_s, beat.label.value) for beat in screen(part).beats]
    return strip(part, case.lead, case.start_s - first / signal.fs_hz, theirs, ours)


def measured(data: Path, case: Case) -> str:
    """Draw a PTB-XL record's lead with its beat labels, and above it where each T wave ends."""
    (stem,) = (data / "ptbxl").rglob(f"{case.record}.hea")
    signal = read_record(stem.with_suffix(""))
    beats = screen(signal).beats
    labels = [(beat.sample / signal.fs_hz, beat.label.value) for beat in beats]
    ends = [(beat.t_off / signal.fs_hz, "T") for beat in beats if beat.t_off is not None]
    return strip(signal, case.lead, case.start_s, ends, labels)


def main(data: Path, out: Path) -> None:
    """Draw them all."""
    out.mkdir(parents=True, exist_ok=True)
    for cases, draw in ((MITDB, annotated), (PTBXL, measured)):
        for case in cases:
            path = out / f"ecg-{case.name}.svg"
            path.write_text(draw(data, case), encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
