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
        _C.SUSPECTED_ATRIAL_FLUTTER: Definition(
            "疑似心房扑动", "Suspected atrial flutter", "AFLT", "164890007"
        ),
        _C.PREEXCITED_ATRIAL_FIBRILLATION: Definition(
            "疑似预激合并心房颤动（最短RR间期≤250 ms）",
            "Suspected atrial fibrillation with pre-excitation, very short RR",
        ),
        _C.SINUS_ARRHYTHMIA: Definition("窦性心律不齐", "Sinus arrhythmia", "SARRH", "427393009"),
        _C.SUPRAVENTRICULAR_TACHYCARDIA: Definition(
            "疑似室上性心动过速", "Suspected supraventricular tachycardia", "SVTAC", "426761007"
        ),
        _C.JUNCTIONAL_RHYTHM: Definition(
            "疑似交界性心律", "Suspected junctional rhythm", None, "29320008"
        ),
        _C.ACCELERATED_JUNCTIONAL_RHYTHM: Definition(
            "疑似加速性交界性心律", "Suspected accelerated junctional rhythm", None, "426664006"
        ),
        _C.ECTOPIC_ATRIAL_RHYTHM: Definition(
            "疑似异位房性心律", "Suspected ectopic atrial rhythm", None, "106068003"
        ),
        _C.VENTRICULAR_COUPLET: Definition(
            "疑似成对室性早搏", "Suspected ventricular couplet", None, "251182009"
        ),
        _C.VENTRICULAR_BIGEMINY: Definition(
            "疑似室性早搏二联律", "Suspected ventricular bigeminy", "BIGU", "11157007"
        ),
        _C.VENTRICULAR_TRIGEMINY: Definition(
            "疑似室性早搏三联律", "Suspected ventricular trigeminy", "TRIGU", "251180001"
        ),
        _C.INTERPOLATED_VENTRICULAR_BEATS: Definition(
            "疑似插入性室性早搏", "Suspected interpolated ventricular premature beats"
        ),
        _C.R_ON_T: Definition("室性早搏R-on-T现象", "Ventricular premature beat, R on T"),
        _C.VENTRICULAR_TACHYCARDIA: Definition(
            "疑似室性心动过速",
            "Suspected ventricular tachycardia",
            None,
            "164895002",
        ),
        _C.POLYMORPHIC_VENTRICULAR_TACHYCARDIA: Definition(
            "疑似多形性室性心动过速（包括尖端扭转型）",
            "Suspected polymorphic ventricular tachycardia, torsades included",
        ),
        _C.IDIOVENTRICULAR_RHYTHM: Definition(
            "疑似加速性室性自主心律",
            "Suspected accelerated idioventricular rhythm",
            None,
            "61277005",
        ),
        _C.VENTRICULAR_FIBRILLATION: Definition(
            "疑似心室颤动或心室扑动，请立即查看患者",
            "Suspected ventricular fibrillation or flutter, see the patient at once",
            None,
            "164896001",
        ),
        _C.SUPRAVENTRICULAR_COUPLET: Definition(
            "疑似成对室上性早搏", "Suspected supraventricular couplet"
        ),
        _C.ATRIAL_BIGEMINY: Definition(
            "疑似室上性早搏二联律", "Suspected supraventricular bigeminy", None, "251173003"
        ),
        _C.ATRIAL_TRIGEMINY: Definition(
            "疑似室上性早搏三联律", "Suspected supraventricular trigeminy"
        ),
        _C.SUPRAVENTRICULAR_RUN: Definition(
            "疑似短阵室上性心动过速", "Suspected run of supraventricular tachycardia"
        ),
        _C.PACED_RHYTHM: Definition("起搏心律", "Paced rhythm", "PACE", "10370003"),
    }
)
