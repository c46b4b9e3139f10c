"""The criteria on the dominant median beat: versioned rules, each with its source."""

from dataclasses import replace

from ecg.criteria.chambers import chamber_findings
from ecg.criteria.conduction import conduction_findings
from ecg.criteria.depression import depression_findings
from ecg.criteria.elevation import elevation_findings
from ecg.criteria.intervals import interval_findings
from ecg.criteria.patterns import pattern_findings
from ecg.criteria.placement import placement_findings
from ecg.criteria.q_waves import q_wave_findings
from ecg.criteria.repolarisation import repolarisation_findings
from ecg.criteria.subject import Subject
from ecg.criteria.suppression import without_suppressed
from ecg.findings import Finding

__all__ = ("Subject", "criteria_findings")


def criteria_findings(subject: Subject) -> list[Finding]:
    """Return the findings on one adult's dominant median beat.

    What changes activation is found first: the rest may depend on it, and is silenced where it
    proves nothing beside it (`ecg.criteria.suppression`).
    """
    first = [
        *placement_findings(subject),
        *interval_findings(subject),
        *conduction_findings(subject),
        *chamber_findings(subject),
    ]
    subject = replace(subject, known=subject.known | {each.code for each in first})
    found = [
        *first,
        *q_wave_findings(subject),
        *elevation_findings(subject),
        *depression_findings(subject),
        *repolarisation_findings(subject),
        *pattern_findings(subject),
    ]
    return without_suppressed(found, paced=subject.paced, known=subject.known)
