"""The pipeline: `EcgSignal` to `Screening`, the one door most callers need."""

import numpy as np
from numpy.typing import NDArray

from ecg import quality, rhythm
from ecg.amplitudes import measure_leads
from ecg.beats import Envelope, peaks_of, qrs_envelope
from ecg.criteria import Subject, criteria_findings
from ecg.critical import DEFAULT_CRITICAL_VALUES, CriticalValues
from ecg.filters import Array, fill_gaps
from ecg.findings import AHA_2009, Evidence, Finding, FindingCode, Severity
from ecg.intervals import Measurements, measure, rr_measurements
from ecg.quality import LeadProblem, LeadQuality
from ecg.quality_findings import einthoven_findings, poor_lead_findings
from ecg.screening import Beat, Screening
from ecg.signal import CHEST_LEADS, EcgSignal, Patient
from ecg.windows import Window, beats_of, windows_of

MIN_DURATION_S = 2.0
MIN_INTERVAL_FS_HZ = 100.0
ALIKE_SHARE = 0.4
QUALITY_LOOKS = 8
ADULT_YEARS = 16.0
NORMAL_SLOW_BPM = 50.0
"""Sinus rhythm from here on is no bradycardia to ACC/AHA/HRS 2018 (Circulation 140:e382)."""
EIGHT_LEADS = frozenset(("I", "II", *CHEST_LEADS))


def _quality(signal: EcgSignal, envelope: Envelope) -> tuple[LeadQuality, ...]:
    """Score leads on stretches spread over the recording; the median score counts."""
    length = round(quality.LOOK_S * signal.fs_hz)
    looks = min(QUALITY_LOOKS, max(1, signal.n_samples // length))
    starts = np.linspace(0, max(0, signal.n_samples - length), looks).astype(np.int64)
    scored: list[tuple[LeadQuality, ...]] = []
    for start in starts:
        piece = signal.samples_uv[:, start : start + length]
        missing = np.isnan(piece).mean(axis=-1).astype(np.float64)
        filled = fill_gaps(piece)
        scored.append(
            quality.assess(filled, signal.leads, missing, envelope.lead_floor, signal.fs_hz)
        )
    if looks == 1:
        return scored[0]
    merged: list[LeadQuality] = []
    for views in zip(*scored, strict=True):
        score = float(np.median([view.score for view in views]))
        kept = tuple(
            problem
            for problem in LeadProblem
            if 2 * sum(problem in view.problems for view in views) >= looks
        )
        merged.append(LeadQuality(round(score, 3), kept))
    return tuple(merged)


def _unusable(signal: EcgSignal, scored: tuple[LeadQuality, ...], n_beats: int) -> str | None:
    """Say why the recording cannot be judged, or None."""
    usable = sum(each.score >= quality.USABLE for each in scored)
    if signal.duration_s < MIN_DURATION_S:
        return f"shorter than {MIN_DURATION_S:g} s"
    if usable == 0 or usable * 3 < signal.n_leads:
        return f"{usable} of {signal.n_leads} leads usable"
    if n_beats == 0:
        return "no QRS complexes found"
    return None


def _is_child(patient: Patient) -> bool:
    return patient.age_years is not None and patient.age_years < ADULT_YEARS


def _assumptions(patient: Patient) -> list[Finding]:
    source = "stated because the recording does not say"
    found: list[Finding] = []
    if patient.age_years is None:
        evidence = Evidence("age", None, "years")
        found.append(Finding(FindingCode.ASSUMED_ADULT, Severity.NORMAL, evidence, source))
    if patient.sex is None:
        evidence = Evidence("sex", None)
        found.append(Finding(FindingCode.ASSUMED_SEX, Severity.NORMAL, evidence, source))
    return found


def _nothing_against(
    signal: EcgSignal,
    scored: tuple[LeadQuality, ...],
    measured: Measurements,
    findings: list[Finding],
) -> bool:
    """Whether all of a twelve-lead's leads are good, all was measured and nothing was found.

    Gaps that lower a lead's score rule it out: what they hid, such as every T wave, is not known.
    """
    good = {
        name for name, each in zip(signal.leads, scored, strict=True) if each.score >= quality.GOOD
    }
    missing = float(np.isnan(signal.samples_uv).mean(axis=-1).max())
    gapless = missing <= quality.GAP_RAMP[0]
    whole = good >= EIGHT_LEADS and good == set(signal.leads) and signal.duration_s >= 8.0
    complete = None not in (
        measured.pr_ms,
        measured.qrs_ms,
        measured.qtc_fridericia_ms,
        measured.axis_qrs_deg,
    )
    slow = FindingCode.SINUS_BRADYCARDIA
    steady = slow if (measured.heart_rate_bpm or 0.0) >= NORMAL_SLOW_BPM else None
    quiet = all(each.severity is Severity.NORMAL or each.code is steady for each in findings)
    sinus = any(each.code in {FindingCode.SINUS_RHYTHM, slow} for each in findings)
    return whole and gapless and complete and quiet and sinus and (measured.qrs_ms or 0.0) < 110.0


def _by_severity(findings: list[Finding]) -> tuple[Finding, ...]:
    order = list(Severity)
    return tuple(sorted(findings, key=lambda each: order.index(each.severity)))


def _uninterpretable(
    signal: EcgSignal,
    scored: tuple[LeadQuality, ...],
    reason: str,
    disorder: list[Finding] | None = None,
) -> Screening:
    """Return no measurements, the reason, and suspected ventricular fibrillation where it is."""
    poor = tuple(
        name for name, each in zip(signal.leads, scored, strict=True) if each.score < quality.USABLE
    )
    evidence = Evidence(
        "quality", reason, None, f">= {quality.USABLE:g} in a third of the leads", leads=poor
    )
    finding = Finding(
        FindingCode.UNINTERPRETABLE,
        Severity.ORANGE,
        evidence,
        "quality first: never normal on a bad signal",
    )
    return Screening(signal, scored, (), Measurements(), (*(disorder or ()), finding))


def screen(signal: EcgSignal, critical: CriticalValues = DEFAULT_CRITICAL_VALUES) -> Screening:
    """Screen one ECG.

    Parameters
    ----------
    signal
        Any lead set, 50 Hz to 20 kHz, up to days long: beats are found in blocks of ten minutes and
        delineated in windows of two, so that memory beyond the signal's own grows with the number
        of beats alone, by one to two kilobytes each.
    critical
        The community's critical values.

    Returns
    -------
    Screening
        The same for the same signal and `RULES_VERSION`, to the byte of its JSON. A recording that
        cannot be judged gets the one finding ``uninterpretable`` and no measurements.

    Notes
    -----
    Above two minutes, measurements are those of the window with the most beats of one shape. Under
    16 years only rate extremes, pauses and measurements are given.
    """
    short = signal.duration_s < 1.0
    if short:
        nothing = tuple(LeadQuality(0.0, ()) for _ in signal.leads)
        return _uninterpretable(signal, nothing, f"shorter than {MIN_DURATION_S:g} s")
    envelope = qrs_envelope(signal.samples_uv, signal.fs_hz)
    found = peaks_of(envelope) * envelope.factor + (envelope.factor - 1) // 2
    scored = _quality(signal, envelope)
    disorder = rhythm.disorder_findings(rhythm.longest_disorder(signal.samples_uv, signal.fs_hz))
    reason = _unusable(signal, scored, found.size)
    if reason is not None:
        return _uninterpretable(signal, scored, reason, disorder)
    rows = [row for row, each in enumerate(scored) if each.score >= quality.USABLE]
    names = tuple(signal.leads[row] for row in rows)
    windows = windows_of(signal, found, rows)
    beats, rr_ms, pacing = beats_of(signal, windows)
    main = max(
        (window for _, window in windows), key=lambda each: each.result.classes[0].members.size
    )
    dominant = main.result.classes[0]
    if rr_ms.size >= 4 and dominant.members.size < ALIKE_SHARE * main.result.triggers.size:
        return _uninterpretable(signal, scored, "no two beats alike", disorder)
    normal = np.array([beat.label is rhythm.BeatLabel.NORMAL for beat in beats], dtype=np.bool_)
    fine = signal.fs_hz >= MIN_INTERVAL_FS_HZ
    measured = rr_measurements(rr_ms, normal)
    if fine:
        measured = measure(dominant, names, rr_ms, main.work_hz, normal)
    poor = tuple(
        name for name, each in zip(signal.leads, scored, strict=True) if each.score < quality.GOOD
    )
    by_lead = measure_leads(dominant, names, main.work_hz) if fine else {}
    good = {name: each for name, each in by_lead.items() if name not in poor}
    findings = [*disorder, *poor_lead_findings(signal, scored), *einthoven_findings(signal)]
    strip = _strip(signal, beats, measured, windows, main)
    findings += _judged(signal, strip, pacing, critical)
    if fine and not _is_child(signal.patient):
        members = _positions(windows, main)
        labels = {beats[member].label for member in members}
        subject = Subject(
            beat=dominant,
            rows={name: row for row, name in enumerate(names)},
            fs_hz=main.work_hz,
            leads=good,
            measured=measured,
            patient=signal.patient,
            members=members,
            poor_leads=poor,
            low_cut_hz=signal.filters.low_cut_hz,
            paced=rhythm.BeatLabel.PACED in labels,
            critical=critical,
            known=frozenset(each.code for each in findings),
        )
        findings += criteria_findings(subject)
    if _nothing_against(signal, scored, measured, findings):
        evidence = Evidence("all", None, None)
        findings.append(
            Finding(
                FindingCode.WITHIN_NORMAL_LIMITS,
                Severity.NORMAL,
                evidence,
                f"{AHA_2009}; all criteria analysed",
            )
        )
    return Screening(
        signal,
        scored,
        beats,
        measured,
        _by_severity([critical.graded(each) for each in findings]),
        st_j_mv={name: each.st_j_mv for name, each in good.items() if each.st_j_mv is not None},
        leads_measured=by_lead,
        median_beat=dominant,
        median_leads=names,
        median_fs_hz=main.work_hz,
        critical_values=critical,
    )


def _positions(windows: list[tuple[NDArray[np.int64], Window]], main: Window) -> tuple[int, ...]:
    """Return the positions in the list of beats of those that made the dominant median beat."""
    before = 0
    for inside, window in windows:
        if window is main:
            break
        before += inside.size
    return tuple(int(each) + before for each in main.result.classes[0].members)


def _gaps_ms(signal: EcgSignal, places: Array) -> Array:
    """Return the times from the begin over each beat to the end, less what was not recorded.

    Shape (n_beats + 1,): the first is the time before the first beat.
    """
    edges = np.concatenate([[0.0], places, [signal.n_samples]])
    gaps_ms = np.diff(edges) / signal.fs_hz * 1000.0
    for index in np.flatnonzero(gaps_ms >= rhythm.PAUSE_MS):
        piece = signal.samples_uv[:, int(edges[index]) : int(edges[index + 1])]
        gaps_ms[index] = min(gaps_ms[index], quality.alive_ms(piece, signal.fs_hz))
    return gaps_ms


def _strip(
    signal: EcgSignal,
    beats: tuple[Beat, ...],
    measured: Measurements,
    windows: list[tuple[NDArray[np.int64], Window]],
    main: Window,
) -> rhythm.Strip:
    """Return what the rules of rhythm read."""
    places = np.array([beat.sample for beat in beats], dtype=np.float64)
    return rhythm.Strip(
        duration_ms=signal.duration_s * 1000.0,
        times_ms=places / signal.fs_hz * 1000.0,
        gaps_ms=_gaps_ms(signal, places),
        labels=tuple(beat.label for beat in beats),
        shapes=np.concatenate([window.shapes for _, window in windows]),
        p_seen=np.array([beat.p_on is not None for beat in beats], dtype=np.bool_),
        measured=measured,
        flutter=main.flutter,
        atrial=main.atrial,
        conduction=rhythm.joined([window.conduction for _, window in windows]),
        alternans=rhythm.largest([(window.alternans, inside.size) for inside, window in windows]),
    )


def _judged(
    signal: EcgSignal,
    strip: rhythm.Strip,
    pacing: rhythm.Pacing,
    critical: CriticalValues,
) -> list[Finding]:
    """Return rhythm and interval findings, or a child's shorter list."""
    findings = rhythm.pause_findings(strip, critical)
    if _is_child(signal.patient):
        evidence = Evidence("age", signal.patient.age_years, "years", f"< {ADULT_YEARS:g}")
        child = Finding(
            FindingCode.NO_CHILD_TABLES, Severity.ROUTINE, evidence, "no child tables in use"
        )
        return [*findings, child]
    findings += rhythm.rhythm_findings(strip, pacing, critical)
    return [*findings, *_assumptions(signal.patient)]
