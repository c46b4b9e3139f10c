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
