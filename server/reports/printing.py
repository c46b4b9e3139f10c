"""A report as PDF/A-2b: the same bytes for the same facts."""

import json
from pathlib import Path
from typing import Any, Final

import typst

from server.reports.fonts import PrintingFont
from server.reports.sheet import ReportFacts, sheet_of

_TEMPLATE: Final = Path(__file__).with_name("sheet.typ")


def printed(facts: ReportFacts, font: PrintingFont) -> bytes:
    """Return one report as PDF/A-2b; it takes some 30 ms of CPU, so not on the event loop.

    Raises
    ------
    Unavailable
        If the web client, and with it the Chinese font, was not built.
    """
    sheet = sheet_of(facts, font.printable)
    drawing = (facts.ecg.drawing_svg if facts.ecg else None) or ""
    return _compiled(sheet, drawing, font, stamp=int(facts.signed_at.timestamp()))


def _compiled(sheet: dict[str, Any], drawing: str, font: PrintingFont, stamp: int) -> bytes:
    compiler = typst.Compiler(
        _TEMPLATE.read_bytes(),
        font_paths=font.fonts,
        # A patient's name enters as data and is set as text: no mark-up of it is ever read.
        sys_inputs={"sheet": json.dumps(sheet), "drawing": drawing},
    )
    page = compiler.compile(format="pdf", pdf_standards="a-2b", timestamp=stamp)
    if not isinstance(page, bytes):
        raise TypeError("the compiler returned no document")
    return page
