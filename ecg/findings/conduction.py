"""Definitions of findings on conduction: PR, bundle branches, fascicles, pre-excitation."""

from types import MappingProxyType

from ecg.findings.codes import FindingCode
from ecg.findings.definition import Definition

_C = FindingCode

CONDUCTION = MappingProxyType(
    {
        _C.LONG_PR: Definition("PR间期延长", "Prolonged PR interval", "LPR", "164947007"),
        _C.SHORT_PR: Definition("PR间期缩短", "Short PR interval", None, "49578007"),
        _C.WIDE_QRS: Definition("QRS波增宽", "Wide QRS complex"),
        _C.LEFT_BUNDLE_BRANCH_BLOCK: Definition(
            "完全性左束支传导阻滞", "Complete left bundle branch block", "CLBBB", "733534002"
        ),
        _C.RIGHT_BUNDLE_BRANCH_BLOCK: Definition(
            "完全性右束支传导阻滞", "Complete right bundle branch block", "CRBBB", "713427006"
        ),
        _C.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK: Definition(
            "不完全性左束支传导阻滞", "Incomplete left bundle branch block", "ILBBB", "251120003"
        ),
        _C.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK: Definition(
            "不完全性右束支传导阻滞", "Incomplete right bundle branch block", "IRBBB", "713426002"
        ),
        _C.INTRAVENTRICULAR_CONDUCTION_DELAY: Definition(
            "非特异性室内传导延迟",
            "Non-specific intraventricular conduction delay",
            "IVCD",
            "698252002",
        ),
        _C.LEFT_ANTERIOR_FASCICULAR_BLOCK: Definition(
            "左前分支传导阻滞", "Left anterior fascicular block", "LAFB", "445118002"
        ),
        _C.LEFT_POSTERIOR_FASCICULAR_BLOCK: Definition(
            "左后分支传导阻滞", "Left posterior fascicular block", "LPFB", "445211001"
        ),
        _C.BIFASCICULAR_BLOCK: Definition(
            "双分支传导阻滞", "Bifascicular block", None, "445481009"
        ),
        _C.PREEXCITATION: Definition(
            "心室预激图形", "Ventricular pre-excitation pattern", "WPW", "74390002"
        ),
        _C.MOBITZ_I_AV_BLOCK: Definition(
            "疑似二度I型房室传导阻滞（文氏型）",
            "Suspected second-degree AV block, Mobitz I (Wenckebach)",
            "2AVB",
            "54016002",
        ),
        _C.MOBITZ_II_AV_BLOCK: Definition(
            "疑似二度II型房室传导阻滞",
            "Suspected second-degree AV block, Mobitz II",
            "2AVB",
            "28189009",
        ),
        _C.TWO_TO_ONE_AV_BLOCK: Definition(
            "疑似2:1房室传导阻滞", "Suspected 2:1 AV block", "2AVB", "164903001"
        ),
        _C.HIGH_DEGREE_AV_BLOCK: Definition(
            "疑似高度房室传导阻滞", "Suspected high-degree AV block", "2AVB", "284941000119107"
        ),
        _C.COMPLETE_AV_BLOCK: Definition(
            "疑似三度房室传导阻滞", "Suspected complete AV block", "3AVB", "27885002"
        ),
    }
)
