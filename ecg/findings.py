"""The closed set of findings: codes, texts in Chinese and English, standard codes, severities.

A finding says what was measured, where, and against which limit. It is a machine's hint to a
physician, never a diagnosis.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ecg.jsontypes import JsonObject

RULES_VERSION = "2026.11.1"
DISCLAIMER_ZH = "机器分析提示（仅供参考，未注册）"
DISCLAIMER_EN = "Machine hint (for reference only, not a registered device)"

AHA_2009 = "AHA/ACCF/HRS 2009 standardization of the ECG"


class Severity(StrEnum):
    """How soon a physician must look: at once, early, in turn, or nothing to see."""

    RED = "red"
    ORANGE = "orange"
    ROUTINE = "routine"
    NORMAL = "normal"


class FindingCode(StrEnum):
    """Every finding this version can make."""

    UNINTERPRETABLE = "uninterpretable"
    POOR_LEADS = "poor_leads"
    LIMB_LEADS_INCONSISTENT = "limb_leads_inconsistent"
    ARM_LEADS_REVERSED = "arm_leads_reversed"
    NO_CHILD_TABLES = "no_child_tables"
    ASSUMED_ADULT = "assumed_adult"
    ASSUMED_SEX = "assumed_sex"
    SINUS_RHYTHM = "sinus_rhythm"
    SINUS_BRADYCARDIA = "sinus_bradycardia"
    SINUS_TACHYCARDIA = "sinus_tachycardia"
    BRADYCARDIA = "bradycardia"
    TACHYCARDIA = "tachycardia"
    EXTREME_BRADYCARDIA = "extreme_bradycardia"
    WIDE_QRS_TACHYCARDIA = "wide_qrs_tachycardia"
    UNDETERMINED_RHYTHM = "undetermined_rhythm"
    IRREGULAR_RHYTHM = "irregular_rhythm"
    SUSPECTED_ATRIAL_FIBRILLATION = "suspected_atrial_fibrillation"
    PAUSE = "pause"
    VENTRICULAR_ECTOPIC_BEATS = "ventricular_ectopic_beats"
    SUPRAVENTRICULAR_ECTOPIC_BEATS = "supraventricular_ectopic_beats"
    LONG_PR = "long_pr"
    SHORT_PR = "short_pr"
    WIDE_QRS = "wide_qrs"
    LONG_QTC = "long_qtc"
    SHORT_QTC = "short_qtc"
    LEFT_AXIS_DEVIATION = "left_axis_deviation"
    RIGHT_AXIS_DEVIATION = "right_axis_deviation"
    EXTREME_AXIS_DEVIATION = "extreme_axis_deviation"
    LOW_VOLTAGE = "low_voltage"
    WITHIN_NORMAL_LIMITS = "within_normal_limits"


@dataclass(frozen=True)
class Definition:
    """What stands behind a code.

    Attributes
    ----------
    text_zh, text_en
        The statement.
    scp
        SCP-ECG statement (EN 1064 annex on the universal statement codes), where there is one.
    snomed
        SNOMED CT concept, where there is one.
    """

    text_zh: str
    text_en: str
    scp: str | None = None
    snomed: str | None = None


_C = FindingCode
DEFINITIONS = MappingProxyType(
    {
        _C.UNINTERPRETABLE: Definition(
            "图形质量差，无法判读；如患者无反应，请先排除停搏或室颤",
            "Uninterpretable; if the patient does not respond, exclude asystole or VF first",
        ),
        _C.POOR_LEADS: Definition(
            "部分导联图形质量差，建议重新采集", "Poor quality in some leads, repeat the ECG"
        ),
        _C.LIMB_LEADS_INCONSISTENT: Definition(
            "肢体导联关系不符（I+III≠II），请核对导联",
            "Limb leads disagree (I+III≠II), check the leads",
        ),
        _C.ARM_LEADS_REVERSED: Definition("疑似左右上肢导联接反", "Suspected arm lead reversal"),
        _C.NO_CHILD_TABLES: Definition(
            "未满16岁：仅提供测量值，未启用儿童标准",
            "Under 16: measured only, no child tables are in use",
        ),
        _C.ASSUMED_ADULT: Definition(
            "年龄未知，按成人标准分析", "Age unknown, adult limits assumed"
        ),
        _C.ASSUMED_SEX: Definition(
            "性别未知，QTc按女性界值（460 ms）分析",
            "Sex unknown, the female QTc limit (460 ms) is used",
        ),
        _C.SINUS_RHYTHM: Definition("窦性心律", "Sinus rhythm", "SR", "426783006"),
        _C.SINUS_BRADYCARDIA: Definition("窦性心动过缓", "Sinus bradycardia", "SBRAD", "426177001"),
        _C.SINUS_TACHYCARDIA: Definition("窦性心动过速", "Sinus tachycardia", "STACH", "427084000"),
        _C.BRADYCARDIA: Definition(
            "心动过缓，心律性质待定", "Bradycardia of undetermined rhythm", None, "426627000"
        ),
        _C.TACHYCARDIA: Definition(
            "心动过速，心律性质待定", "Tachycardia of undetermined rhythm", None, "3424008"
        ),
        _C.EXTREME_BRADYCARDIA: Definition(
            "严重心动过缓", "Extreme bradycardia", None, "426627000"
        ),
        _C.WIDE_QRS_TACHYCARDIA: Definition(
            "宽QRS波心动过速，疑似室性心动过速",
            "Wide QRS tachycardia, suspected ventricular tachycardia",
        ),
        _C.UNDETERMINED_RHYTHM: Definition("心律性质待定", "Rhythm undetermined"),
        _C.IRREGULAR_RHYTHM: Definition("心律不齐", "Irregular rhythm"),
        _C.SUSPECTED_ATRIAL_FIBRILLATION: Definition(
            "疑似心房颤动", "Suspected atrial fibrillation", "AFIB", "164889003"
        ),
        _C.PAUSE: Definition("长间歇", "Pause"),
        _C.VENTRICULAR_ECTOPIC_BEATS: Definition(
            "疑似室性早搏", "Suspected ventricular premature beats", "PVC", "17338001"
        ),
        _C.SUPRAVENTRICULAR_ECTOPIC_BEATS: Definition(
            "疑似室上性早搏", "Suspected supraventricular premature beats", "PAC", "63593006"
        ),
        _C.LONG_PR: Definition("PR间期延长", "Prolonged PR interval", "LPR", "164947007"),
        _C.SHORT_PR: Definition("PR间期缩短", "Short PR interval"),
        _C.WIDE_QRS: Definition("QRS波增宽", "Wide QRS complex", "IVCD", "698252002"),
        _C.LONG_QTC: Definition("QTc间期延长", "Prolonged QTc interval", "LNGQT", "111975006"),
        _C.SHORT_QTC: Definition("QTc间期缩短", "Short QTc interval"),
        _C.LEFT_AXIS_DEVIATION: Definition("电轴左偏", "Left axis deviation", None, "39732003"),
        _C.RIGHT_AXIS_DEVIATION: Definition("电轴右偏", "Right axis deviation", None, "47665007"),
        _C.EXTREME_AXIS_DEVIATION: Definition("电轴极度偏移", "Extreme axis deviation"),
        _C.LOW_VOLTAGE: Definition("QRS低电压", "Low QRS voltage", "LVOLT", "251146004"),
        _C.WITHIN_NORMAL_LIMITS: Definition(
            "所分析项目（心率、节律、间期、电轴、电压）在正常范围；未分析ST-T",
            "Rate, rhythm, intervals, axis and voltage within normal limits; ST-T not analysed",
        ),
    }
)


@dataclass(frozen=True)
class Evidence:
    """What a finding rests on.

    Attributes
    ----------
    leads
        Names of the leads concerned; empty where it concerns all.
    beats
        Positions in the screening's list of beats.
    quantity, value, unit
        What was measured.
    threshold
        The limit in the same unit, with its relation, such as ``">= 120"``.
    """

    quantity: str
    value: float | str | None = None
    unit: str | None = None
    threshold: str | None = None
    leads: tuple[str, ...] = ()
    beats: tuple[int, ...] = ()

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        return {
            "quantity": self.quantity,
            "value": self.value,
            "unit": self.unit,
            "threshold": self.threshold,
            "leads": list(self.leads),
            "beats": list(self.beats),
        }


@dataclass(frozen=True)
class Finding:
    """One statement with its severity, evidence and source."""

    code: FindingCode
    severity: Severity
    evidence: Evidence
    source: str

    @property
    def text_zh(self) -> str:
        """The Chinese statement."""
        return DEFINITIONS[self.code].text_zh

    @property
    def text_en(self) -> str:
        """The English statement."""
        return DEFINITIONS[self.code].text_en

    def to_dict(self) -> JsonObject:
        """Return the JSON object, standard codes included."""
        definition = DEFINITIONS[self.code]
        return {
            "code": self.code.value,
            "text_zh": definition.text_zh,
            "text_en": definition.text_en,
            "severity": self.severity.value,
            "evidence": self.evidence.to_dict(),
            "source": self.source,
            "scp": definition.scp,
            "snomed": definition.snomed,
        }
