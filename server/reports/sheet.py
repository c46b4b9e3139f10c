"""What stands on a printed report, as words in their places; how it looks is `sheet.typ`'s."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ecg.findings import DISCLAIMER_ZH
from server.patients.public import PatientOut
from server.reports.models import AmendmentKind, ReportStatus
from server.requests.public import RequestKind

CHINA: Final = timezone(timedelta(hours=8))
"""China's only zone: what people read is local time."""

_SEX_ZH: Final = {"M": "男", "F": "女", "O": "其他"}
_MODALITY_ZH: Final = {
    "ECG": "心电图", "CT": "CT", "MR": "磁共振", "CR": "X线（CR）", "DX": "X线（DR）",
    "US": "超声", "MG": "乳腺X线", "RF": "X线透视", "XA": "血管造影",
}  # fmt: skip
_AMENDMENT_ZH: Final = {
    AmendmentKind.AMENDED: "修订报告",
    AmendmentKind.CORRECTED: "更正报告",
    AmendmentKind.APPENDED: "补充报告",
}
_MEASURED: Final = (
    ("心率", ("heart_rate_bpm",), "次/分"),
    ("PR间期", ("pr_ms",), "ms"),
    ("QRS时限", ("qrs_ms",), "ms"),
    ("QT", ("qt_ms",), "ms"),
    ("QTcF / QTcB", ("qtc_fridericia_ms", "qtc_bazett_ms"), "ms"),
    ("电轴 P/QRS/T", ("axis_p_deg", "axis_qrs_deg", "axis_t_deg"), "°"),
)


@dataclass(frozen=True)
class EcgFacts:
    """What of the recording is printed."""

    drawing_svg: str | None
    """Grid and traces; None where the recording cannot be drawn."""
    measurements: Mapping[str, float | None]
    """As of `ecg screen --json`; empty where the machine did not look."""
    rules_version: str | None = None
    """By which rules it looked."""
    hints_zh: Sequence[str] = ()


@dataclass(frozen=True)
class ReportFacts:
    """One version of a report with everything printed around it."""

    report_id: str
    number: int
    """Which version this is, from 1."""
    status: ReportStatus
    amendment: AmendmentKind | None
    reason: str | None
    kind: RequestKind
    emergency: bool
    critical: bool
    findings: str
    impression: str
    author: str
    reviewer: str | None
    submitted_at: datetime | None
    """When its author gave it to the reviewer; None where nobody reviewed."""
    signed_at: datetime
    patient: PatientOut
    accession_number: str | None
    modalities: Sequence[str]
    description: str | None
    complaint: str | None
    examined_at: datetime | None
    received_at: datetime
    examining_zh: str
    diagnosing_zh: str
    ecg: EcgFacts | None = None

    @property
    def preliminary(self) -> bool:
        """Whether nobody has made it final."""
        return self.status == ReportStatus.PRELIMINARY


def sheet_of(facts: ReportFacts, printable: Callable[[str], str]) -> dict[str, Any]:
    """Return the data of `sheet.typ`: strings alone, in characters that can be printed."""

    def words(text: str | None) -> str:
        return printable(text).strip() if text else ""

    def lines(text: str) -> list[str]:
        return [words(line) or " " for line in text.strip().splitlines()]

    def fact(
        label: str, value: str | None, *, span: int = 1, large: bool = False
    ) -> dict[str, Any]:
        return {"label": label, "value": words(value) or "—", "span": span, "large": large}

    patient, ecg = facts.patient, facts.ecg
    age = f"{patient.age_years}岁" if patient.age_years is not None else None
    kinds = "、".join(_MODALITY_ZH.get(each, each) for each in facts.modalities)
    measured = _measurements(ecg.measurements) if ecg else []
    return {
        "heading": words(facts.diagnosing_zh),
        "title": _title(facts),
        "watermark": _watermark(facts),
        "marks": [
            mark for mark, shown in (("危急值", facts.critical), ("急诊", facts.emergency)) if shown
        ],
        "facts": [
            fact("姓名", patient.name, large=True),
            fact("性别", _SEX_ZH.get(patient.sex or "")),
            fact("年龄", age),
            fact("患者编号", patient.patient_id),
            fact("检查号", facts.accession_number),
            fact("检查类型", kinds),
            fact("检查项目", facts.description, span=2),
            fact("检查时间", _local(facts.examined_at)),
            fact("检查单位", facts.examining_zh, span=2),
            fact("接收时间", _local(facts.received_at)),
            fact("诊断单位", facts.diagnosing_zh, span=2),
            fact("报告状态", "初步" if facts.preliminary else f"第 {facts.number} 版"),
            fact("临床信息", facts.complaint, span=3),
        ],
        "measurements_label": words(_measured_by(ecg)),
        "measurements": measured,
        "drawing_note": _drawing_note(ecg),
        "sections": [
            {"label": "检查所见", "lines": lines(facts.findings)},
            {"label": "诊断意见", "lines": lines(facts.impression)},
            *([{"label": "修订原因", "lines": lines(facts.reason)}] if facts.reason else []),
        ],
        "hints_label": DISCLAIMER_ZH,
        "hints": words("；".join(ecg.hints_zh)) if ecg else "",
        "signatures": [
            {"label": label, "value": words(value)} for label, value in _signatures(facts)
        ],
        "notes": [words(each) for each in _notes(facts)],
        "running": words(f"{patient.name or ''}  {patient.patient_id or ''}"),
        "number": f"报告编号 {facts.report_id}  第 {facts.number} 版",
    }


def _title(facts: ReportFacts) -> str:
    title = "远程心电诊断报告单" if facts.kind == RequestKind.ECG else "远程影像诊断报告单"
    if facts.preliminary:
        return f"{title}（{_watermark(facts)}）"
    return f"{title}（{_AMENDMENT_ZH[facts.amendment]}）" if facts.amendment else title


def _watermark(facts: ReportFacts) -> str:
    if not facts.preliminary:
        return ""
    return "急诊临时报告" if facts.emergency else "初步报告"


def _signatures(facts: ReportFacts) -> list[tuple[str, str | None]]:
    """Return who answers for it and since when; what has no value is a line to sign on."""
    issued = _local(facts.signed_at)
    if facts.preliminary:
        return [
            ("报告医师", facts.author), ("审核医师", "待审核"),
            ("提交时间", issued), ("医师签名", None),
        ]  # fmt: skip
    if facts.reviewer is None:
        return [
            ("报告医师", facts.author), ("审核医师", "—"),
            ("签发时间", issued), ("医师签名", None),
        ]  # fmt: skip
    return [
        ("报告医师", facts.author), ("审核医师", facts.reviewer),
        ("报告时间", _local(facts.submitted_at) or "—"), ("审核时间", issued),
        ("医师签名", None),
    ]  # fmt: skip


def _notes(facts: ReportFacts) -> list[str]:
    first = (
        "本报告为初步意见，尚未审核，以审核后的正式报告为准。"
        if facts.preliminary
        else "本报告仅对本次检查负责，供临床医师结合病情参考；打印件经医师签名（盖章）后交患者。"
    )
    return [first, f"检查由{facts.examining_zh}完成，诊断由{facts.diagnosing_zh}出具。"]


def _drawing_note(ecg: EcgFacts | None) -> str:
    if ecg is None:
        return ""
    if ecg.drawing_svg is None:
        return "原始记录无法绘制，请在系统中查看。"
    return "波形随纸面缩印，以方格为准：每小格 0.04 s、0.1 mV。"


def _local(moment: datetime | None) -> str | None:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if moment else None


def _measurements(values: Mapping[str, float | None]) -> list[dict[str, str]]:
    if not values:
        return []
    return [
        {"label": f"{label} {unit}", "value": " / ".join(_number(values.get(k)) for k in names)}
        for label, names, unit in _MEASURED
    ]


def _measured_by(ecg: EcgFacts | None) -> str:
    version = ecg.rules_version if ecg else None
    return f"机器测量值（规则 {version}）" if version else "机器测量值"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f}"
