"""Definitions of findings on the recording: quality, leads, assumptions, nothing found."""

from types import MappingProxyType

from ecg.findings.codes import FindingCode
from ecg.findings.definition import Definition

_C = FindingCode

QUALITY = MappingProxyType(
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
        _C.LEAD_OFF: Definition(
            "导联脱落或未接，请检查电极后重做", "Lead off, check the electrode and repeat the ECG"
        ),
        _C.ARM_LEADS_REVERSED: Definition(
            "疑似左右上肢导联接反，请核对后重做",
            "Suspected arm lead reversal, check and repeat the ECG",
        ),
        _C.LIMB_LEADS_REVERSED: Definition(
            "疑似肢体导联接错（上肢与下肢），请核对后重做",
            "Suspected exchange of arm and leg leads, check and repeat the ECG",
        ),
        _C.CHEST_LEADS_REVERSED: Definition(
            "疑似胸导联次序接错，请核对后重做",
            "Suspected exchange of chest leads, check and repeat the ECG",
        ),
        _C.NO_CHILD_TABLES: Definition(
            "未满16岁：仅提供测量值，未启用儿童标准",
            "Under 16: measured only, no child tables are in use",
        ),
        _C.ASSUMED_ADULT: Definition(
            "年龄未知，按40岁及以上成人标准分析", "Age unknown, limits for 40 and over assumed"
        ),
        _C.ASSUMED_SEX: Definition(
            "性别未知：QTc按女性界值（460 ms），ST段抬高及左室电压按男性界值分析",
            "Sex unknown: female limit of QTc (460 ms), male ones of ST elevation and voltage used",
        ),
        _C.WITHIN_NORMAL_LIMITS: Definition(
            "所分析项目（心率、节律、间期、电轴、电压、房室、Q波、ST段及T波）在正常范围",
            "Rate, rhythm, intervals, axis, voltage, chambers, Q, ST and T within normal limits",
            "NORM",
        ),
    }
)
