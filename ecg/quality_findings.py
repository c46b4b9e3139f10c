"""Findings on the recording itself: leads that are poor, or that contradict each other."""

from ecg import quality
from ecg.filters import fill_gaps
from ecg.findings import Evidence, Finding, FindingCode, Severity
from ecg.quality import LeadProblem, LeadQuality
from ecg.signal import EcgSignal

CLIFFORD_2012 = "Clifford et al., Physiol Meas 33:1419, 2012"
OFF = frozenset((LeadProblem.FLAT, LeadProblem.GAP))


def poor_lead_findings(signal: EcgSignal, scored: tuple[LeadQuality, ...]) -> list[Finding]:
    """Name the leads that are off, those that are not good, and what is wrong with each."""
    poor = tuple(
        name for name, each in zip(signal.leads, scored, strict=True) if each.score < quality.GOOD
    )
    if not poor:
        return []
    off = tuple(
        name
        for name, each in zip(signal.leads, scored, strict=True)
        if each.problems and each.problems[0] in OFF
    )
    found: list[Finding] = []
    if off:
        absent = Evidence("quality", "flat or not recorded", None, leads=off)
        found.append(Finding(FindingCode.LEAD_OFF, Severity.ORANGE, absent, CLIFFORD_2012))
    said = "; ".join(
        f"{name}: {', '.join(each.problems) or 'several'}"
        for name, each in zip(signal.leads, scored, strict=True)
        if name in poor
    )
    evidence = Evidence("quality", said, None, f"< {quality.GOOD:g}", leads=poor)
    return [*found, Finding(FindingCode.POOR_LEADS, Severity.ROUTINE, evidence, CLIFFORD_2012)]


def einthoven_findings(signal: EcgSignal) -> list[Finding]:
    """Report limb leads that break I + III = II."""
    leads = tuple(name for name in ("I", "II", "III") if name in signal.leads)
    rows = [signal.leads.index(name) for name in leads]
    piece = fill_gaps(signal.samples_uv[rows, : round(quality.LOOK_S * signal.fs_hz)])
    residual = quality.einthoven_residual_uv(piece, leads, signal.fs_hz)
    if residual is None or residual < quality.EINTHOVEN_UV:
        return []
    evidence = Evidence(
        "abs_i_plus_iii_minus_ii_p99",
        round(residual),
        "uV",
        f">= {quality.EINTHOVEN_UV:g}",
        leads=("I", "II", "III"),
    )
    return [
        Finding(FindingCode.LIMB_LEADS_INCONSISTENT, Severity.ROUTINE, evidence, "Einthoven's law")
    ]
