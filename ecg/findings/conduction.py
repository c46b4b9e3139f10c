"""Definitions of findings on conduction: PR, bundle branches, fascicles, pre-excitation."""

from types import MappingProxyType

from ecg.findings.codes import FindingCode
from ecg.findings.definition import Definition

_C = FindingCode

CONDUCTION = MappingProxyType(
    {
        _C.LONG_PR: Definition("PR间期延长", "Prolonged PR interval", "LPR", "164947007"),
        _C.SHORT_PR: Definition("PR间期缩短", "Short PR interval"),
        _C.WIDE_QRS: Definition("QRS波增宽", "Wide QRS complex", "IVCD", "698252002"),
    }
)
