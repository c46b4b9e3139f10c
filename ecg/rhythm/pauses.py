"""Pauses: the longest gap between beats."""

from ecg.critical import CRITICAL_LIST, CriticalValues
from ecg.findings import Finding, FindingCode, Severity
from ecg.rhythm.strip import Strip, finding, where

PAUSE_MS = 2000.0
PAUSE_OVER_USUAL = 1.5


def pause_findings(strip: Strip, critical: CriticalValues) -> list[Finding]:
    """Report the longest gap between beats, or from an edge of the recording to the next beat."""
    longest = float(strip.gaps_ms.max())
    usual_ms = strip.usual_ms
    if longest < PAUSE_MS or longest < PAUSE_OVER_USUAL * usual_ms:
        return []
    severity, limit = Severity.ROUTINE, PAUSE_MS
    if longest >= critical.pause_orange_ms:
        severity, limit = Severity.ORANGE, critical.pause_orange_ms
    if longest >= critical.pause_red_ms:
        severity, limit = Severity.RED, critical.pause_red_ms
    after = strip.gaps_ms[1:]
    beats = where((after >= PAUSE_MS) & (after >= PAUSE_OVER_USUAL * usual_ms))
    return [
        finding(
            FindingCode.PAUSE,
            severity,
            "rr",
            round(longest),
            "ms",
            f">= {limit:g}",
            CRITICAL_LIST,
            beats=beats,
        )
    ]
