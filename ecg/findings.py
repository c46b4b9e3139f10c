"""The closed set of findings: codes, texts in Chinese and English, standard codes, severities.

A finding says what was measured, where, and against which limit. It is a machine's hint to a
physician, never a diagnosis.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ecg.jsontypes import JsonObject

RULES_VERSION = "2026.11.2"
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

    SUSPECTED_STEMI = "suspected_stemi"
    ST_NOT_ASSESSED = "st_not_assessed"
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


class Qualifier(StrEnum):
    """What a finding's text goes on with: where, or why not."""

    ANTEROSEPTAL = "anteroseptal"
    ANTERIOR = "anterior"
    EXTENSIVE_ANTERIOR = "extensive_anterior"
    ANTEROLATERAL = "anterolateral"
    LATERAL = "lateral"
    HIGH_LATERAL = "high_lateral"
    INFERIOR = "inferior"
    POSTERIOR = "posterior"
    RIGHT_VENTRICULAR = "right_ventricular"
    LOW_CUT = "low_cut"
    WIDE_QRS = "wide_qrs"
    FAST_RATE = "fast_rate"
    POOR_LEADS = "poor_leads"
    FEW_BEATS = "few_beats"
    HIGH_VOLTAGE = "high_voltage"


_Q = Qualifier
QUALIFIER_TEXTS = MappingProxyType(
    {
        _Q.ANTEROSEPTAL: ("前间壁", "anteroseptal"),
        _Q.ANTERIOR: ("前壁", "anterior"),
        _Q.EXTENSIVE_ANTERIOR: ("广泛前壁", "extensive anterior"),
        _Q.ANTEROLATERAL: ("前侧壁", "anterolateral"),
        _Q.LATERAL: ("侧壁", "lateral"),
        _Q.HIGH_LATERAL: ("高侧壁", "high lateral"),
        _Q.INFERIOR: ("下壁", "inferior"),
        _Q.POSTERIOR: ("正后壁", "posterior"),
        _Q.RIGHT_VENTRICULAR: ("右室", "right ventricular"),
        _Q.LOW_CUT: (
            "文件注明高通滤波，ST段可能失真",
            "the file states a high-pass filter, ST may be distorted",
        ),
        _Q.WIDE_QRS: ("QRS增宽", "wide QRS"),
        _Q.FAST_RATE: ("心率过快", "rate too fast"),
        _Q.POOR_LEADS: ("仅限质量差的导联", "in the poor leads only"),
        _Q.FEW_BEATS: ("心搏过少", "too few beats"),
        _Q.HIGH_VOLTAGE: ("左室高电压", "high left ventricular voltage"),
    }
)


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
        _C.SUSPECTED_STEMI: Definition(
            "疑似急性ST段抬高型心肌梗死",
            "Suspected acute ST-elevation myocardial infarction",
            None,
            "164931005",
        ),
        _C.ST_NOT_ASSESSED: Definition("未判读ST段抬高", "ST elevation not assessed"),
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
            "年龄未知，按40岁及以上成人标准分析", "Age unknown, limits for 40 and over assumed"
        ),
        _C.ASSUMED_SEX: Definition(
            "性别未知，QTc按女性界值（460 ms）、ST段抬高按男性界值分析",
            "Sex unknown, the female limit of QTc (460 ms) and the male one of ST are used",
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
            "所分析项目（心率、节律、间期、电轴、电压、ST段抬高）在正常范围；未分析ST段压低及T波",
            "Rate, rhythm, intervals, axis, voltage and ST elevation within normal limits; "
            "ST depression and T waves not analysed",
        ),
    }
)


class LeadRole(StrEnum):
    """What a lead's value says."""

    ELEVATION = "elevation"
    RECIPROCAL = "reciprocal"


@dataclass(frozen=True)
class LeadEvidence:
    """One lead's value and limit, in the unit of the evidence it belongs to."""

    lead: str
    value: float
    threshold: str
    role: LeadRole

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        return {
            "lead": self.lead,
            "value": self.value,
            "threshold": self.threshold,
            "role": self.role.value,
        }


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
    by_lead
        Value and limit of each lead, where they differ from lead to lead.
    """

    quantity: str
    value: float | str | None = None
    unit: str | None = None
    threshold: str | None = None
    leads: tuple[str, ...] = ()
    beats: tuple[int, ...] = ()
    by_lead: tuple[LeadEvidence, ...] = ()

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        return {
            "quantity": self.quantity,
            "value": self.value,
            "unit": self.unit,
            "threshold": self.threshold,
            "leads": list(self.leads),
            "beats": list(self.beats),
            "by_lead": [each.to_dict() for each in self.by_lead],
        }


@dataclass(frozen=True)
class Finding:
    """One statement with its severity, evidence and source."""

    code: FindingCode
    severity: Severity
    evidence: Evidence
    source: str
    qualifiers: tuple[Qualifier, ...] = ()

    @property
    def text_zh(self) -> str:
        """The Chinese statement with its qualifiers."""
        words = [QUALIFIER_TEXTS[each][0] for each in self.qualifiers]
        return "，".join([DEFINITIONS[self.code].text_zh, *words])

    @property
    def text_en(self) -> str:
        """The English statement with its qualifiers."""
        words = [QUALIFIER_TEXTS[each][1] for each in self.qualifiers]
        return ", ".join([DEFINITIONS[self.code].text_en, *words])

    def to_dict(self) -> JsonObject:
        """Return the JSON object, standard codes included."""
        definition = DEFINITIONS[self.code]
        return {
            "code": self.code.value,
            "text_zh": self.text_zh,
            "text_en": self.text_en,
            "qualifiers": [each.value for each in self.qualifiers],
            "severity": self.severity.value,
            "evidence": self.evidence.to_dict(),
            "source": self.source,
            "scp": definition.scp,
            "snomed": definition.snomed,
        }
