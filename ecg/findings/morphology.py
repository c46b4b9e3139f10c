"""Definitions of findings on axis, voltage, chambers, QT and patterns of the whole beat."""

from types import MappingProxyType

from ecg.findings.codes import FindingCode
from ecg.findings.definition import Definition

_C = FindingCode

MORPHOLOGY = MappingProxyType(
    {
        _C.LONG_QTC: Definition("QTc间期延长", "Prolonged QTc interval", "LNGQT", "111975006"),
        _C.SHORT_QTC: Definition("QTc间期缩短", "Short QTc interval"),
        _C.LEFT_AXIS_DEVIATION: Definition("电轴左偏", "Left axis deviation", None, "39732003"),
        _C.RIGHT_AXIS_DEVIATION: Definition("电轴右偏", "Right axis deviation", None, "47665007"),
        _C.EXTREME_AXIS_DEVIATION: Definition("电轴极度偏移", "Extreme axis deviation"),
        _C.LOW_VOLTAGE: Definition("QRS低电压", "Low QRS voltage", "LVOLT", "251146004"),
    }
)
