"""What a screening found, and its JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecg.amplitudes import LeadMeasurements
from ecg.critical import DEFAULT_CRITICAL_VALUES, CriticalValues
from ecg.delineate import BeatClass
from ecg.findings import RULES_VERSION, Finding, FindingCode, Severity
from ecg.intervals import Measurements
from ecg.jsontypes import JsonObject
from ecg.quality import LeadQuality
from ecg.rhythm import BeatLabel
from ecg.signal import EcgSignal


@dataclass(frozen=True)
class Beat:
    """One beat: 0-based samples at the signal's own rate, None where a wave is not seen."""

    sample: int
    label: BeatLabel
    p_on: int | None = None
    p_peak: int | None = None
    p_off: int | None = None
    qrs_on: int | None = None
    r: int | None = None
    qrs_off: int | None = None
    t_on: int | None = None
    t_peak: int | None = None
    t_off: int | None = None

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        return {**self.__dict__, "label": self.label.value}


@dataclass(frozen=True)
class Screening:
    """What the screening found.

    Attributes
    ----------
    signal
        What was screened.
    quality
        One entry a lead, in the leads' order.
    beats
        In order of time.
    measurements
        Of the dominant beat shape.
    findings
        The most severe first.
    st_j_mv
        ST at the J point over the level before QRS, in millivolts, of each good lead.
    leads_measured
        Waves, amplitudes and ST of each usable lead of the dominant median beat.
    median_beat
        The dominant median beat over ``median_leads`` at ``median_fs_hz``; None if uninterpretable.
    critical_values
        The community's limits that the severities follow.
    rules_version
        Version of the rules that made the findings.
    """

    signal: EcgSignal
    quality: tuple[LeadQuality, ...]
    beats: tuple[Beat, ...]
    measurements: Measurements
    findings: tuple[Finding, ...]
    st_j_mv: Mapping[str, float] = field(default_factory=dict)
    leads_measured: Mapping[str, LeadMeasurements] = field(default_factory=dict)
    median_beat: BeatClass | None = None
    median_leads: tuple[str, ...] = ()
    median_fs_hz: float | None = None
    critical_values: CriticalValues = DEFAULT_CRITICAL_VALUES
    rules_version: str = RULES_VERSION

    @property
    def critical(self) -> tuple[FindingCode, ...]:
        """Codes of the findings that must be seen at once."""
        return tuple(each.code for each in self.findings if each.severity is Severity.RED)

    @property
    def interpretable(self) -> bool:
        """Whether the recording could be judged at all."""
        return all(each.code is not FindingCode.UNINTERPRETABLE for each in self.findings)

    def to_dict(self) -> JsonObject:
        """Return the JSON object of ``ecg screen --json`` without its ``file``."""
        signal, patient = self.signal, self.signal.patient
        return {
            "format": signal.source_format,
            "fs_hz": signal.fs_hz,
            "duration_s": round(signal.duration_s, 3),
            "leads": list(signal.leads),
            "patient": {
                "id": patient.id,
                "name": patient.name,
                "age_years": patient.age_years,
                "sex": patient.sex.value if patient.sex else None,
            },
            "acquired_at": signal.acquired_at.isoformat() if signal.acquired_at else None,
            "quality": {
                name: each.score for name, each in zip(signal.leads, self.quality, strict=True)
            },
            "beats": [beat.to_dict() for beat in self.beats],
            "measurements": dict(self.measurements.__dict__),
            "st_j_mv": dict(self.st_j_mv),
            "leads_measured": {name: each.to_dict() for name, each in self.leads_measured.items()},
            "findings": [finding.to_dict() for finding in self.findings],
            "critical": [code.value for code in self.critical],
            "critical_values": self.critical_values.to_dict(),
            "rules_version": self.rules_version,
        }
