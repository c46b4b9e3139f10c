"""Texts to begin a report with; a blank (＿＿) is the reader's to fill, and none is ever signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from server.requests.public import RequestKind

BLANK: Final = "＿＿"
_ANY: Final[frozenset[str]] = frozenset()
_ECG: Final = frozenset({"ECG"})
_XRAY: Final = frozenset({"CR", "DX", "RG"})
_CT: Final = frozenset({"CT"})


@dataclass(frozen=True)
class ReportTemplate:
    """A text for one kind of exam and, where it is for some, its modalities (PS3.3 C.7.3.1.1.1)."""

    id: str
    kind: RequestKind
    modalities: frozenset[str]
    name_zh: str
    name_en: str
    findings: str
    impression: str


TEMPLATES: Final[tuple[ReportTemplate, ...]] = (
    ReportTemplate(
        "ecg-normal", RequestKind.ECG, _ECG, "正常心电图", "Normal ECG",
        "窦性心律，心率＿＿次/分。P波形态、时限正常，PR间期＿＿ ms。QRS波群时限＿＿ ms，电轴不偏。"
        "各导联ST段无偏移，T波方向及振幅正常，QTc＿＿ ms。",
        "1. 窦性心律\n2. 正常心电图",
    ),
    ReportTemplate(
        "ecg-st-t", RequestKind.ECG, _ECG, "ST-T改变", "ST-T changes",
        "窦性心律，心率＿＿次/分。PR间期＿＿ ms，QRS波群时限＿＿ ms。＿＿导联ST段水平型压低"
        "＿＿ mV，T波＿＿。QTc＿＿ ms。",
        "1. 窦性心律\n2. ST-T改变，请结合临床，必要时复查心电图及心肌损伤标志物",
    ),
    ReportTemplate(
        "ecg-stemi", RequestKind.ECG, _ECG, "疑似急性ST段抬高型心肌梗死", "Suspected STEMI",
        "窦性心律，心率＿＿次/分。＿＿导联ST段弓背向上抬高＿＿ mV，＿＿导联ST段对应性压低。"
        "＿＿导联＿＿病理性Q波。",
        "疑似急性ST段抬高型心肌梗死（＿＿壁）。危急值，请立即处理并联系上级医院胸痛中心。",
    ),
    ReportTemplate(
        "ecg-af", RequestKind.ECG, _ECG, "心房颤动", "Atrial fibrillation",
        "P波消失，代之以大小、形态、间距不等的f波。RR间期绝对不等，平均心室率＿＿次/分。"
        "QRS波群时限＿＿ ms。ST段及T波：＿＿。",
        "心房颤动，平均心室率＿＿次/分",
    ),
    ReportTemplate(
        "ecg-sinus-bradycardia", RequestKind.ECG, _ECG, "窦性心动过缓", "Sinus bradycardia",
        "窦性P波规律出现，心率＿＿次/分。PR间期＿＿ ms，QRS波群时限＿＿ ms，ST-T未见异常，"
        "QTc＿＿ ms。",
        "1. 窦性心动过缓\n2. 余未见异常",
    ),
    ReportTemplate(
        "ecg-uninterpretable", RequestKind.ECG, _ECG, "图形质量差，无法判读", "Uninterpretable",
        "＿＿导联＿＿，波形无法辨认。",
        "图形质量差，无法判读，请重新检查",
    ),
    ReportTemplate(
        "chest-xray-normal", RequestKind.IMAGING, _XRAY, "胸部正位未见异常", "Chest X-ray, normal",
        "胸廓对称，气管居中，纵隔未见增宽。两肺野清晰，肺纹理走行、分布正常，未见实变及占位征象。"
        "两肺门不大。心影形态、大小正常。两膈面光整，两侧肋膈角锐利。所示骨质未见异常。",
        "心、肺、膈未见明显异常",
    ),
    ReportTemplate(
        "chest-xray-pneumonia", RequestKind.IMAGING, _XRAY, "胸部正位 肺部感染",
        "Chest X-ray, infection",
        "胸廓对称，气管居中。两肺纹理增多，＿＿肺＿＿野见斑片状密度增高影，边缘模糊。两肺门不大。"
        "心影形态、大小正常。两膈面光整，＿＿侧肋膈角＿＿。",
        "＿＿肺感染性病变可能，建议抗感染治疗后复查，必要时CT检查",
    ),
    ReportTemplate(
        "head-ct-normal", RequestKind.IMAGING, _CT, "头颅平扫未见异常", "Head CT, normal",
        "两侧大脑半球对称，脑实质密度未见异常，灰白质分界清楚。脑室、脑池及脑沟形态、大小正常。"
        "中线结构居中。颅内未见出血征象。颅骨未见骨折。所示副鼻窦及乳突气房清晰。",
        "头颅CT平扫未见明显异常。急性脑梗死早期CT可无异常，请结合临床，必要时复查或MRI检查",
    ),
    ReportTemplate(
        "head-ct-haemorrhage", RequestKind.IMAGING, _CT, "头颅平扫 脑出血",
        "Head CT, haemorrhage",
        "＿＿侧＿＿区见团块状高密度影，大小约＿＿×＿＿×＿＿ mm，CT值约＿＿ HU，量约＿＿ mL，"
        "周围见低密度水肿带。＿＿侧脑室受压，中线结构向＿＿侧移位约＿＿ mm。脑室系统内＿＿积血。"
        "颅骨未见骨折。",
        "＿＿侧＿＿区脑出血，量约＿＿ mL，中线结构移位约＿＿ mm。危急值，请立即处理",
    ),
    ReportTemplate(
        "head-ct-lacunar", RequestKind.IMAGING, _CT, "头颅平扫 腔隙灶", "Head CT, lacunar lesions",
        "两侧基底节区、放射冠见多发斑点状低密度影，边界＿＿。脑室系统及脑沟、脑裂轻度增宽。"
        "中线结构居中。颅内未见出血征象。颅骨未见骨折。",
        "1. 两侧基底节区、放射冠多发腔隙性梗死灶\n2. 老年性脑改变\n请结合临床，必要时MRI检查",
    ),
    ReportTemplate(
        "chest-ct-normal", RequestKind.IMAGING, _CT, "胸部平扫未见异常", "Chest CT, normal",
        "胸廓对称，气管居中，气管及主要支气管通畅。两肺纹理清晰，肺内未见实变及结节影。"
        "两肺门及纵隔未见肿大淋巴结。心影不大，大血管走行正常。两侧胸腔未见积液，胸膜未见增厚。",
        "胸部CT平扫未见明显异常",
    ),
    ReportTemplate(
        "chest-ct-nodule", RequestKind.IMAGING, _CT, "胸部平扫 肺结节", "Chest CT, nodule",
        "＿＿肺＿＿叶＿＿段见＿＿性结节，大小约＿＿×＿＿ mm，边缘＿＿，邻近胸膜＿＿。余肺未见实变。"
        "两肺门及纵隔未见肿大淋巴结。两侧胸腔未见积液。",
        "＿＿肺＿＿叶＿＿性结节，建议＿＿个月后CT复查",
    ),
    ReportTemplate(
        "chest-ct-pneumonia", RequestKind.IMAGING, _CT, "胸部平扫 肺部感染", "Chest CT, infection",
        "胸廓对称，气管及主要支气管通畅。＿＿肺＿＿叶见斑片状、片絮状密度增高影，边缘模糊，"
        "支气管充气征＿＿。两肺门及纵隔未见肿大淋巴结。＿＿侧胸腔＿＿积液。",
        "＿＿肺＿＿叶感染性病变，建议治疗后复查",
    ),
    ReportTemplate(
        "imaging-generic", RequestKind.IMAGING, _ANY, "通用", "Generic",
        "检查部位：＿＿。检查方法：＿＿。所见：＿＿。",
        "＿＿",
    ),
)  # fmt: skip


def templates_for(kind: RequestKind | None, modality: str | None) -> Sequence[ReportTemplate]:
    """Return the templates for a kind and modality; those for any modality come last."""
    fitting = [
        each
        for each in TEMPLATES
        if (kind is None or each.kind == kind)
        and (modality is None or not each.modalities or modality in each.modalities)
    ]
    return sorted(fitting, key=lambda each: not each.modalities)
