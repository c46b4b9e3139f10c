"""Definitions of findings on rhythm and rate, pauses and premature beats."""

from types import MappingProxyType

from ecg.findings.codes import FindingCode
from ecg.findings.definition import Definition

_C = FindingCode

RHYTHM = MappingProxyType(
    {
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
    }
)
