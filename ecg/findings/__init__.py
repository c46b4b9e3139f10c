"""The closed set of findings: codes, texts in Chinese and English, standard codes, severities.

A finding says what was measured, where, and against which limit. It is a machine's hint to a
physician, never a diagnosis.
"""

from ecg.findings.codes import FindingCode
from ecg.findings.definition import Definition
from ecg.findings.definitions import DEFINITIONS
from ecg.findings.finding import Evidence, Finding, LeadEvidence, LeadRole, Severity
from ecg.findings.qualifiers import QUALIFIER_TEXTS, Qualifier

RULES_VERSION = "2026.11.4"
DISCLAIMER_ZH = "机器分析提示（仅供参考，未注册）"
DISCLAIMER_EN = "Machine hint (for reference only, not a registered device)"

AHA_2009 = "AHA/ACCF/HRS 2009 standardization of the ECG"

__all__ = (
    "AHA_2009",
    "DEFINITIONS",
    "DISCLAIMER_EN",
    "DISCLAIMER_ZH",
    "QUALIFIER_TEXTS",
    "RULES_VERSION",
    "Definition",
    "Evidence",
    "Finding",
    "FindingCode",
    "LeadEvidence",
    "LeadRole",
    "Qualifier",
    "Severity",
)
