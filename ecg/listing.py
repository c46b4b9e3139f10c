"""The pages after the paper: every finding with evidence and source, and the device's own."""

from ecg.findings import DISCLAIMER_EN, DISCLAIMER_ZH, Finding, Severity
from ecg.page import (
    GRID_LEFT_MM,
    GRID_RIGHT_MM,
    MAX_FINDINGS,
    PAGE_HEIGHT_MM,
    PAGE_WIDTH_MM,
    STYLE,
    evidence_words,
    text,
    wrapped,
)
from ecg.screening import Screening
from ecg.signal import EcgSignal

TOP_MM = 14.0
BOTTOM_MM = PAGE_HEIGHT_MM - 12.0
STEP_MM = 4.6
INDENT_MM = 6.0
MAX_PAGES = 20
MAX_DEVICE_LINES = 200

Line = tuple[str, str, float]
"""Words, style and indent."""


def _finding_lines(number: int, finding: Finding) -> list[Line]:
    styles = {Severity.RED: "red", Severity.ORANGE: "orange"}
    style = styles.get(finding.severity, "")
    evidence = finding.evidence
    where = f"　{'/'.join(evidence.leads)}" if evidence.leads else ""
    limit = f"　界限 {evidence.threshold}" if evidence.threshold else ""
    return [
        (f"{number}. {finding.text_zh}{evidence_words(evidence)}", style, 0.0),
        (f"{finding.text_en}{where}{limit}", "", INDENT_MM),
        (f"依据 {finding.source}", "dim", INDENT_MM),
    ]


def listing_pages(signal: EcgSignal, screening: Screening | None) -> list[str]:
    """Return pages as SVG, none where the paper's heading says it all.

    Parameters
    ----------
    signal
        For who it is of, and the device's own statements.
    screening
        Its findings; None where the machine's are not to be shown.

    Returns
    -------
    list of str
        SVG documents of 297 mm by 210 mm, `MAX_PAGES` at most.
    """
    findings = screening.findings if screening is not None else ()
    lines: list[Line] = []
    if len(findings) > MAX_FINDINGS:
        lines.append((f"{DISCLAIMER_ZH} {DISCLAIMER_EN}", "hint", 0.0))
        for number, finding in enumerate(findings, start=1):
            lines += _finding_lines(number, finding)
    if signal.device_statements:
        lines.append(("设备自述（非本系统结论） Device says (not ours)", "hint", 0.0))
        lines += [(words, "", 0.0) for words in signal.device_statements[:MAX_DEVICE_LINES]]
    if not lines:
        return []
    width = GRID_RIGHT_MM - GRID_LEFT_MM
    rows = [
        (piece, style, indent)
        for words, style, indent in lines
        for piece in wrapped(words, width - indent)
    ]
    fit = int((BOTTOM_MM - TOP_MM) / STEP_MM) - 2
    count = min(MAX_PAGES, -(-len(rows) // fit))
    return [
        _page(signal, rows[number * fit : (number + 1) * fit], f"附页 {number + 1} / {count}")
        for number in range(count)
    ]


def _page(signal: EcgSignal, rows: list[Line], number: str) -> str:
    patient, at = signal.patient, signal.acquired_at
    when = at.strftime("%Y-%m-%d %H:%M:%S") if at else "—"
    who = f"{patient.name or '姓名不详'}　编号 {patient.id or '—'}　采集 {when}　{number}"
    (head, *_) = wrapped(who, GRID_RIGHT_MM - GRID_LEFT_MM)
    body = [
        text(GRID_LEFT_MM + indent, TOP_MM + (k + 2) * STEP_MM, words, style)
        for k, (words, style, indent) in enumerate(rows)
    ]
    size = f'width="{PAGE_WIDTH_MM:g}mm" height="{PAGE_HEIGHT_MM:g}mm"'
    view = f'viewBox="0 0 {PAGE_WIDTH_MM:g} {PAGE_HEIGHT_MM:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view}>',
            f"<style>{STYLE}</style>",
            f'<rect width="{PAGE_WIDTH_MM:g}" height="{PAGE_HEIGHT_MM:g}" fill="#fff"/>',
            text(GRID_LEFT_MM, TOP_MM, head),
            *body,
            "</svg>\n",
        ]
    )
