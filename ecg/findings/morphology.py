"""Definitions of findings on axis, voltage, chambers, QT and patterns of the whole beat."""

from types import MappingProxyType

from ecg.findings.codes import FindingCode
from ecg.findings.definition import Definition

_C = FindingCode

MORPHOLOGY = MappingProxyType(
    {
        _C.LONG_QTC: Definition("QTc间期延长", "Prolonged QTc interval", "LNGQT", "111975006"),
        _C.SHORT_QTC: Definition("QTc间期缩短", "Short QTc interval", None, "77867006"),
        _C.LEFT_AXIS_DEVIATION: Definition("电轴左偏", "Left axis deviation", None, "39732003"),
        _C.RIGHT_AXIS_DEVIATION: Definition("电轴右偏", "Right axis deviation", None, "47665007"),
        _C.EXTREME_AXIS_DEVIATION: Definition(
            "电轴极度偏移", "Extreme axis deviation", None, "251200008"
        ),
        _C.LOW_VOLTAGE: Definition("QRS低电压", "Low QRS voltage", "LVOLT", "251146004"),
        _C.DEXTROCARDIA: Definition("疑似右位心", "Suspected dextrocardia", None, "27637000"),
        _C.LEFT_VENTRICULAR_HIGH_VOLTAGE: Definition(
            "左室高电压", "High left ventricular voltage", "VCLVH", "55827005"
        ),
        _C.LEFT_VENTRICULAR_HYPERTROPHY: Definition(
            "疑似左心室肥厚", "Suspected left ventricular hypertrophy", "LVH", "164873001"
        ),
        _C.RIGHT_VENTRICULAR_HYPERTROPHY: Definition(
            "疑似右心室肥厚", "Suspected right ventricular hypertrophy", "RVH", "89792004"
        ),
        _C.LEFT_ATRIAL_ENLARGEMENT: Definition(
            "疑似左心房扩大", "Suspected left atrial enlargement", "LAO/LAE", "67741000119109"
        ),
        _C.RIGHT_ATRIAL_ENLARGEMENT: Definition(
            "疑似右心房扩大", "Suspected right atrial enlargement", "RAO/RAE", "446358003"
        ),
        _C.POOR_R_PROGRESSION: Definition(
            "胸前导联R波递增不良", "Poor R wave progression", None, "365413008"
        ),
        _C.HYPERKALAEMIA_PATTERN: Definition(
            "高钾血症样改变，请查血钾",
            "Pattern of hyperkalaemia, check potassium",
            "EL",
            "14140009",
        ),
        _C.HYPOKALAEMIA_PATTERN: Definition(
            "低钾血症样改变，请查血钾", "Pattern of hypokalaemia, check potassium", "EL", "43339004"
        ),
        _C.PULMONARY_EMBOLISM_PATTERN: Definition(
            "急性右心负荷图形（SⅠQⅢTⅢ），请排除肺栓塞",
            "Acute right heart strain (S1Q3T3), exclude pulmonary embolism",
            None,
            "59282003",
        ),
        _C.BRUGADA_TYPE_1: Definition("1型Brugada波", "Type 1 Brugada pattern", None, "418818005"),
        _C.BRUGADA_TYPE_2: Definition("2型Brugada波", "Type 2 Brugada pattern", None, "418818005"),
    }
)
