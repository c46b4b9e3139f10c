"""Critical values (危急值): the limits from which a finding must be seen at once, or early.

Provinces and hospitals differ, so a community may give its own; the defaults follow the Chinese
expert consensus on critical values of the ECG (心电图危急值2017中国专家共识, 2017).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from types import MappingProxyType

from ecg.findings import Finding, FindingCode, Severity
from ecg.jsontypes import JsonObject

CRITICAL_LIST = "critical value defaults (危急值)"


@dataclass(frozen=True)
class CriticalValues:
    """One community's limits.

    Attributes
    ----------
    slow_red_bpm
        Ventricular rate up to which bradycardia is red.
    wide_red_bpm
        Rate from which a wide QRS tachycardia (suspected VT) is red; slower ones are orange.
    narrow_orange_bpm
        Rate from which a supraventricular tachycardia, or any other narrow one, is orange.
    fibrillation_orange_bpm
        Ventricular rate from which atrial fibrillation or flutter is orange.
    preexcited_rr_red_ms
        Shortest RR interval up to which atrial fibrillation with pre-excitation is red.
    pause_orange_ms, pause_red_ms
        Longest RR interval from which a pause is orange, or red.
    qtc_orange_ms, qtc_red_ms
        QTc (Fridericia) from which it is orange, or red.
    severities
        Severity of a code whatever its rule gives it, for findings without a limit above.

    Raises
    ------
    ValueError
        If a limit is not a positive number or the red one lies before the orange one.
    """

    slow_red_bpm: float = 35.0
    wide_red_bpm: float = 150.0
    narrow_orange_bpm: float = 180.0
    fibrillation_orange_bpm: float = 180.0
    preexcited_rr_red_ms: float = 250.0
    pause_orange_ms: float = 3000.0
    pause_red_ms: float = 5000.0
    qtc_orange_ms: float = 500.0
    qtc_red_ms: float = 550.0
    severities: Mapping[FindingCode, Severity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the limits and freeze the severities."""
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "severities" and not (isfinite(value) and value > 0.0):
                raise ValueError(f"{each.name} must be a positive number, not {value!r}")
        if self.pause_orange_ms > self.pause_red_ms:
            raise ValueError("pause_orange_ms must not exceed pause_red_ms")
        if self.qtc_orange_ms > self.qtc_red_ms:
            raise ValueError("qtc_orange_ms must not exceed qtc_red_ms")
        typed = {FindingCode(code): Severity(each) for code, each in self.severities.items()}
        object.__setattr__(self, "severities", MappingProxyType(typed))

    def to_dict(self) -> JsonObject:
        """Return what differs from the defaults, as JSON; ``CriticalValues(**it)`` is the same."""
        changed: JsonObject = {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name != "severities" and getattr(self, each.name) != each.default
        }
        if self.severities:
            changed["severities"] = {
                code.value: each.value for code, each in self.severities.items()
            }
        return changed

    def graded(self, finding: Finding) -> Finding:
        """Return the finding with this community's severity, where it has one of its own."""
        severity = self.severities.get(finding.code)
        return finding if severity is None else replace(finding, severity=severity)


DEFAULT_CRITICAL_VALUES = CriticalValues()
