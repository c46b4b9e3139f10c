"""The page around the traces: millimetre grid, header, footer, and the only door for text."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from ecg.findings import DISCLAIMER_ZH, Evidence, FindingCode, Severity
from ecg.intervals import Measurements
from ecg.screening import Screening
from ecg.signal import EcgSignal, Sex

PAGE_WIDTH_MM = 297.0
PAGE_HEIGHT_MM = 210.0
GRID_LEFT_MM = 13.5
GRID_RIGHT_MM = 283.5
GRID_TOP_MM = 40.0
GRID_BOTTOM_MM = 195.0
LINE_MM = 4.4
MAX_FINDINGS = 6

STYLE = (
    "text{font-family:'Noto Sans SC','Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei',"
    "sans-serif;font-size:3px;fill:#1a1a1a}"
    ".title{font-size:4.4px;font-weight:bold}.lead{font-size:3.4px;font-weight:bold;paint-order:stroke;stroke:#fffaf8;stroke-width:.9px}"
    ".hint{font-size:2.8px;fill:#5b3fa8;font-weight:bold}.dim{fill:#555}"
    ".red{fill:#b3121d;font-weight:bold}.orange{fill:#a85400;font-weight:bold}"
    ".minor{stroke:#f2c4bf;stroke-width:.1;fill:none}.major{stroke:#e39a92;stroke-width:.2;fill:none}"
    ".trace{stroke:#111;stroke-width:25;fill:none;stroke-linejoin:round;stroke-linecap:round}"
    ".pulse{stroke:#111;stroke-width:.25;fill:none}.tick{stroke:#111;stroke-width:.2;fill:none}"
)

_NOT_XML = dict.fromkeys((*range(32), 0x7F, 0xFFFE, 0xFFFF))
_UNITS_ZH = {
    "bpm": " 次/分",
    "ms": " ms",
    "deg": "°",
    "uV": " µV",
    "beats": " 个",
    "years": " 岁",
}
_SEX_ZH = {Sex.MALE: "男", Sex.FEMALE: "女"}


def text(x_mm: float, y_mm: float, words: str, style: str = "") -> str:
    """Return one escaped line of text; control characters and lone surrogates are dropped."""
    clean = words.translate(_NOT_XML).encode("utf-8", "ignore").decode("utf-8")
    chosen = f' class="{style}"' if style else ""
    return f'<text x="{x_mm:.2f}" y="{y_mm:.2f}"{chosen}>{escape(clean)}</text>'


def fitted(words: str, width_mm: float, size_mm: float = 3.0) -> str:
    """Cut a line that would not fit, with an ellipsis; CJK is one em wide, Latin about 0.58."""
    used, kept = 0.0, ""
    for letter in words:
        used += size_mm * (1.0 if ord(letter) > 0x2E7F else 0.58)
        if used > width_mm - size_mm:
            return kept + "…"
        kept += letter
    return words


def wrapped(words: str, width_mm: float, size_mm: float = 3.0) -> list[str]:
    """Break a line into as many as it needs, by the widths that `fitted` counts with."""
    lines, used = [""], 0.0
    for letter in words:
        width = size_mm * (1.0 if ord(letter) > 0x2E7F else 0.58)
        if used + width > width_mm and lines[-1]:
            lines.append("")
            used = 0.0
        lines[-1] += letter
        used += width
    return lines


def grid(left: float, top: float, right: float, bottom: float) -> list[str]:
    """Return paper with a line every millimetre and a stronger one every five."""
    place = f'x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}"'
    parts = [f'<rect {place} fill="#fffaf8"/>']
    for style, wanted in (("minor", False), ("major", True)):
        across = [k for k in range(round(right - left) + 1) if (k % 5 == 0) is wanted]
        down = [k for k in range(round(bottom - top) + 1) if (k % 5 == 0) is wanted]
        data = "".join(f"M{left + k:g} {top:g}V{bottom:g}" for k in across)
        data += "".join(f"M{left:g} {top + k:g}H{right:g}" for k in down)
        parts.append(f'<path class="{style}" d="{data}"/>')
    return parts


def _number(value: float | None, unit: str) -> str:
    return "—" if value is None else f"{value:.0f}{unit}"


def _patient_lines(signal: EcgSignal) -> list[str]:
    patient = signal.patient
    age = "—" if patient.age_years is None else f"{patient.age_years:.0f}岁"
    sex = _SEX_ZH[patient.sex] if patient.sex else "—"
    at = signal.acquired_at
    return [
        f"性别 {sex}　年龄 {age}",
        f"编号 {patient.id or '—'}",
        f"采集 {at.strftime('%Y-%m-%d %H:%M:%S') if at else '—'}",
        f"设备 {signal.device or '—'}",
    ]


def _measurement_lines(measured: Measurements) -> list[tuple[str, str]]:
    axes = (measured.axis_p_deg, measured.axis_qrs_deg, measured.axis_t_deg)
    return [
        ("心率", _number(measured.heart_rate_bpm, " 次/分")),
        ("PR间期", _number(measured.pr_ms, " ms")),
        ("QRS时限", _number(measured.qrs_ms, " ms")),
        ("QT", _number(measured.qt_ms, " ms")),
        (
            "QTcF / QTcB",
            f"{_number(measured.qtc_fridericia_ms, '')} / {_number(measured.qtc_bazett_ms, ' ms')}",
        ),
        ("电轴 P/QRS/T", " / ".join(_number(axis, "°") for axis in axes)),
    ]


def evidence_words(evidence: Evidence) -> str:
    """Return the measured value with its leads in brackets, or nothing."""
    if not isinstance(evidence.value, float | int) or evidence.unit not in _UNITS_ZH:
        return ""
    unit = _UNITS_ZH[evidence.unit]
    where = f"{'/'.join(evidence.leads[:3])} " if evidence.leads else ""
    return f"（{where}{evidence.value:g}{unit}）"


def _finding_lines(screening: Screening) -> list[tuple[str, str]]:
    """Return texts with their style, `MAX_FINDINGS` at most and the number left out."""
    quiet = (FindingCode.ASSUMED_ADULT, FindingCode.ASSUMED_SEX)
    listed = [each for each in screening.findings if each.code not in quiet]
    listed += [each for each in screening.findings if each.code in quiet]
    styles = {Severity.RED: "red", Severity.ORANGE: "orange"}
    lines = [
        (f"{k}. {each.text_zh}{evidence_words(each.evidence)}", styles.get(each.severity, ""))
        for k, each in enumerate(listed, start=1)
    ]
    if len(lines) > MAX_FINDINGS:
        rest = len(lines) - MAX_FINDINGS + 1
        lines = [*lines[: MAX_FINDINGS - 1], (f"…另有 {rest} 条，见附页或系统", "dim")]
    return lines


def header(signal: EcgSignal, screening: Screening | None) -> list[str]:
    """Return patient, measurements and findings above the grid."""
    left, top = GRID_LEFT_MM, 10.0
    name = signal.patient.name or "姓名不详"
    parts = [text(left, top, fitted(name, 66.0, 4.4), "title")]
    for k, line in enumerate(_patient_lines(signal), start=1):
        parts.append(text(left, top + 1.0 + k * LINE_MM, fitted(line, 66.0)))
    if screening is None:
        return parts
    x = left + 68.0
    for k, (what, value) in enumerate(_measurement_lines(screening.measurements)):
        parts.append(text(x, top + k * LINE_MM, what, "dim"))
        parts.append(text(x + 22.0, top + k * LINE_MM, fitted(value, 36.0)))
    x = left + 126.0
    width = GRID_RIGHT_MM - x
    parts.append(text(x, top, DISCLAIMER_ZH, "hint"))
    for k, (line, style) in enumerate(_finding_lines(screening), start=1):
        parts.append(text(x, top + k * LINE_MM, fitted(line, width), style))
    return parts


def footer(
    signal: EcgSignal,
    screening: Screening | None,
    speed_mm_s: float,
    gain_mm_mv: float,
    span_s: tuple[float, float],
    notes: Sequence[str],
) -> list[str]:
    """Return speed, gain, filters and what else a reader must know of the paper."""
    filters = signal.filters
    low, high = filters.low_cut_hz, filters.high_cut_hz
    band = "采集滤波 未注明"
    if low is not None or high is not None:
        edges = ["?" if edge is None else f"{edge:g}" for edge in (low, high)]
        band = f"采集滤波 {'–'.join(edges)} Hz"
    if filters.notch_hz is not None:
        band += f" 工频 {filters.notch_hz:g} Hz"
    words = [
        f"{speed_mm_s:g} mm/s　{gain_mm_mv:g} mm/mV",
        band,
        f"采样 {signal.fs_hz:g} Hz",
        f"第 {span_s[0]:g}–{span_s[1]:g} 秒，共 {signal.duration_s:.1f} 秒",
    ]
    words += notes
    if screening is not None:
        words.append(f"规则 {screening.rules_version}")
    width = GRID_RIGHT_MM - GRID_LEFT_MM
    return [text(GRID_LEFT_MM, GRID_BOTTOM_MM + 5.5, fitted("　".join(words), width), "dim")]
