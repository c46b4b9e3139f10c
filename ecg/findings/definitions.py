"""Every code's definition, gathered from its domain."""

from types import MappingProxyType

from ecg.findings.conduction import CONDUCTION
from ecg.findings.ischaemia import ISCHAEMIA
from ecg.findings.morphology import MORPHOLOGY
from ecg.findings.quality import QUALITY
from ecg.findings.rhythm import RHYTHM

DEFINITIONS = MappingProxyType({**QUALITY, **RHYTHM, **CONDUCTION, **MORPHOLOGY, **ISCHAEMIA})
