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
    }
)
