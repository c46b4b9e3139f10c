"""Definitions of findings on ST, T and Q waves."""

from types import MappingProxyType

from ecg.findings.codes import FindingCode
from ecg.findings.definition import Definition

_C = FindingCode

ISCHAEMIA = MappingProxyType(
    {
        _C.SUSPECTED_STEMI: Definition(
            "疑似急性ST段抬高型心肌梗死",
            "Suspected acute ST-elevation myocardial infarction",
            None,
            "164931005",
        ),
        _C.ST_NOT_ASSESSED: Definition("未判读ST段抬高", "ST elevation not assessed"),
        _C.SUSPECTED_POSTERIOR_INFARCTION: Definition(
            "疑似急性正后壁心肌梗死，请加做V7-V9",
            "Suspected acute posterior infarction, record V7-V9",
            "PMI",
        ),
        _C.AVR_ELEVATION: Definition(
            "aVR导联ST段抬高伴广泛ST段压低，疑似左主干或多支病变",
            "ST elevation in aVR with diffuse depression, left main or multivessel disease",
        ),
        _C.DE_WINTER: Definition(
            "de Winter样改变，疑似前降支近段闭塞",
            "De Winter pattern, suspected proximal LAD occlusion",
        ),
        _C.HYPERACUTE_T: Definition(
            "T波高尖，超急性期心肌梗死或高钾血症待排",
            "Tall T waves, exclude hyperacute infarction or hyperkalaemia",
            None,
            "251259000",
        ),
        _C.WELLENS: Definition(
            "Wellens样T波改变，疑似前降支近段严重狭窄",
            "Wellens T wave pattern, suspected proximal LAD stenosis",
        ),
        _C.ST_DEPRESSION: Definition("ST段压低", "ST depression", "STD_", "429622005"),
        _C.T_INVERSION: Definition("T波倒置", "T wave inversion", "INVT", "59931005"),
        _C.T_WAVE_ALTERNANS: Definition("疑似T波电交替", "Suspected T wave alternans"),
        _C.NONSPECIFIC_ST_T: Definition(
            "非特异性ST-T改变", "Non-specific ST-T change", "NST_", "428750005"
        ),
        _C.EARLY_REPOLARISATION: Definition(
            "早期复极图形", "Early repolarisation pattern", None, "428417006"
        ),
        _C.PERICARDITIS_PATTERN: Definition(
            "广泛ST段抬高，心包炎样改变，请与心肌梗死鉴别",
            "Diffuse ST elevation as in pericarditis, tell apart from infarction",
            None,
            "3238004",
        ),
        _C.OLD_INFERIOR_INFARCTION: Definition(
            "下壁异常Q波，疑似陈旧性心肌梗死",
            "Inferior Q waves, suspected old infarction",
            "IMI",
            "164867002",
        ),
        _C.OLD_ANTEROSEPTAL_INFARCTION: Definition(
            "前间壁异常Q波，疑似陈旧性心肌梗死",
            "Anteroseptal Q waves, suspected old infarction",
            "ASMI",
            "164867002",
        ),
        _C.OLD_ANTERIOR_INFARCTION: Definition(
            "前壁异常Q波，疑似陈旧性心肌梗死",
            "Anterior Q waves, suspected old infarction",
            "AMI",
            "164867002",
        ),
        _C.OLD_ANTEROLATERAL_INFARCTION: Definition(
            "前侧壁异常Q波，疑似陈旧性心肌梗死",
            "Anterolateral Q waves, suspected old infarction",
            "ALMI",
            "164867002",
        ),
        _C.OLD_LATERAL_INFARCTION: Definition(
            "侧壁异常Q波，疑似陈旧性心肌梗死",
            "Lateral Q waves, suspected old infarction",
            "LMI",
            "164867002",
        ),
    }
)
