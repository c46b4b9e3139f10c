"""The words of pages made of DICOM objects, in Chinese and English."""

from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """Of a page."""

    ZH = "zh"
    EN = "en"


WORDS: Final = {
    "patient": ("患者", "Patient"),
    "patient_id": ("患者编号", "Patient ID"),
    "birth_date": ("出生日期", "Date of birth"),
    "sex": ("性别", "Sex"),
    "accession": ("检查号", "Accession number"),
    "study": ("检查", "Study"),
    "study_date": ("检查日期", "Study date"),
    "institution": ("机构", "Institution"),
    "referring": ("申请医师", "Referring physician"),
    "content_date": ("成文时间", "Content date"),
    "completion": ("完成状态", "Completion"),
    "verification": ("审核状态", "Verification"),
    "verified_by": ("审核者", "Verified by"),
    "M": ("男", "male"),
    "F": ("女", "female"),
    "O": ("其他", "other"),
    "COMPLETE": ("已完成", "complete"),
    "PARTIAL": ("未完成", "partial"),
    "VERIFIED": ("已审核", "verified"),
    "UNVERIFIED": ("未审核", "unverified"),
    "report": ("结构化报告", "Structured report"),
    "document": ("文档", "Document"),
    "open": ("打开文档", "Open the document"),
    "frames": ("第 {} 帧", "frame {}"),
    "target": ("见第 {} 项", "see item {}"),
    "cut": ("报告内容过长，其余条目未显示。", "The report is too long; the rest is not shown."),
    "HAS PROPERTIES": ("属性", "property"),
    "HAS OBS CONTEXT": ("观察背景", "context"),
    "HAS ACQ CONTEXT": ("采集背景", "acquisition"),
    "HAS CONCEPT MOD": ("限定", "modifier"),
    "INFERRED FROM": ("依据", "inferred from"),
    "SELECTED FROM": ("取自", "selected from"),
}
"""Chinese and English."""

CONCEPTS_ZH: Final = {
    ("121058", "DCM"): "检查申请",
    ("121060", "DCM"): "病史",
    ("121062", "DCM"): "检查请求",
    ("121064", "DCM"): "当前检查",
    ("121066", "DCM"): "既往检查",
    ("121068", "DCM"): "既往所见",
    ("121069", "DCM"): "既往所见",
    ("121070", "DCM"): "检查所见",
    ("121071", "DCM"): "所见",
    ("121072", "DCM"): "诊断意见",
    ("121073", "DCM"): "诊断意见",
    ("121074", "DCM"): "建议",
    ("121075", "DCM"): "建议",
    ("121076", "DCM"): "结论",
    ("121077", "DCM"): "结论",
    ("121078", "DCM"): "附注",
    ("121106", "DCM"): "备注",
    ("121109", "DCM"): "检查适应证",
    ("121110", "DCM"): "患者情况",
    ("121111", "DCM"): "小结",
    ("113701", "DCM"): "X 射线辐射剂量报告",
    ("126000", "DCM"): "影像测量报告",
    ("113076", "DCM"): "分割",
    ("113000", "DCM"): "关键图像",
    ("121005", "DCM"): "观察者类型",
    ("121008", "DCM"): "观察者",
    ("121009", "DCM"): "观察者所在机构",
    ("121049", "DCM"): "内容语言",
    ("11528-7", "LN"): "放射诊断报告",
    ("18748-4", "LN"): "影像诊断报告",
    ("59776-5", "LN"): "检查所见",
    ("19005-8", "LN"): "诊断意见",
    ("18782-3", "LN"): "影像所见",
    ("11329-0", "LN"): "病史",
    ("55111-9", "LN"): "当前检查说明",
    ("55114-3", "LN"): "既往检查",
    ("55115-0", "LN"): "检查请求",
}
"""Headings of radiology reports and dose reports in Chinese, by code and scheme.

After CID 7000 and CID 7001 of PS3.16 and the root concepts of its templates; any other concept
keeps the meaning that the report itself gives.
"""


def word(key: str, language: Language) -> str:
    """Return a word; the key itself where there is none, so that nothing a report says is lost."""
    found = WORDS.get(key)
    return key if found is None else found[language is Language.EN]
