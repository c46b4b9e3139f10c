"""What a finding's text goes on with: where, or why not."""

from enum import StrEnum
from types import MappingProxyType


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
    LEFT_BUNDLE_BRANCH_BLOCK = "left_bundle_branch_block"
    PACED = "paced"
    STRAIN = "strain"
    TYPE_A = "type_a"
    TYPE_B = "type_b"
    ATRIAL_PACING = "atrial_pacing"
    VENTRICULAR_PACING = "ventricular_pacing"
    DUAL_PACING = "dual_pacing"


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
        _Q.LEFT_BUNDLE_BRANCH_BLOCK: (
            "左束支传导阻滞时按Sgarbossa标准",
            "by Sgarbossa's criteria in left bundle branch block",
        ),
        _Q.PACED: ("起搏心律时按Sgarbossa标准", "by Sgarbossa's criteria in paced rhythm"),
        _Q.STRAIN: ("伴继发性ST-T改变", "with secondary ST-T change"),
        _Q.TYPE_A: ("A型（双向）", "type A (biphasic)"),
        _Q.TYPE_B: ("B型（深倒置）", "type B (deeply inverted)"),
        _Q.ATRIAL_PACING: ("心房起搏", "atrial pacing"),
        _Q.VENTRICULAR_PACING: ("心室起搏", "ventricular pacing"),
        _Q.DUAL_PACING: ("双腔起搏", "dual-chamber pacing"),
    }
)
