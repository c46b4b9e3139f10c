"""The pipeline: `EcgSignal` to `Screening`, the one door most callers need."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal as scipy_signal

from ecg import quality, rhythm
from ecg.amplitudes import measure_leads
from ecg.beats import Envelope, peaks_of, qrs_envelope
from ecg.criteria import Subject, criteria_findings
from ecg.critical import DEFAULT_CRITICAL_VALUES, CriticalValues
from ecg.delineate import MAX_CLASSES, Delineation, delineate
from ecg.filters import Array, decimate, fill_gaps, notch
from ecg.findings import AHA_2009, Evidence, Finding, FindingCode, Severity
from ecg.intervals import Measurements, measure, rr_measurements
from ecg.quality import LeadProblem, LeadQuality
from ecg.quality_findings import einthoven_findings, poor_lead_findings
from ecg.screening import Beat, Screening
from ecg.signal import CHEST_LEADS, EcgSignal, Patient
from ecg.waves import Fiducials

MIN_DURATION_S = 2.0
MIN_WORK_FS_HZ = 250.0
MAX_WORK_FS_HZ = 1000.0
WINDOW_S = 120.0
MAINS_UV = 15.0
MIN_INTERVAL_FS_HZ = 100.0
ALIKE_SHARE = 0.4
WINDOW_MARGIN_S = 1.5
QUALITY_LOOKS = 8
ADULT_YEARS = 16.0
NORMAL_SLOW_BPM = 50.0
"""Sinus rhythm from here on is no bradycardia to ACC/AHA/HRS 2018 (Circulation 140:e382)."""
EIGHT_LEADS = frozenset(("I", "II", *CHEST_LEADS))


@dataclass(frozen=True)
class _Window:
    """One delineated stretch and how its samples map to the signal's."""

    start: int
    ratio: float
    work_hz: float
    result: Delineation
    shapes: Array
    spikes: NDArray[np.int64]
    flutter: rhythm.Flutter | None
    atrial: rhythm.Atrial | None

    def place(self, trigger: int, offset: int | None) -> int | None:
        """Return the signal's sample of a median beat's boundary in one beat."""
        if offset is None:
            return None
        return self.start + round((trigger + offset - self.result.before) * self.ratio)


def _working_copy(samples_uv: Array, fs_hz: float) -> tuple[Array, float]:
    """Bring samples to 250-1000 Hz; return them and the rate."""
    if fs_hz > MAX_WORK_FS_HZ:
        factor = int(fs_hz // (MAX_WORK_FS_HZ / 2.0))
        return decimate(samples_uv, factor), fs_hz / factor
    if fs_hz < MIN_WORK_FS_HZ:
        factor = int(np.ceil(MIN_WORK_FS_HZ / fs_hz))
        raised = scipy_signal.resample_poly(samples_uv, factor, 1, axis=-1, padtype="line")
        return np.asarray(raised, dtype=np.float64), fs_hz * factor
    return samples_uv, fs_hz


def _without_mains(samples_uv: Array, fs_hz: float) -> Array:
    """Notch the leads that carry audible mains; the others stay as they are."""
    amplitude = quality.mains_uv(samples_uv, fs_hz)
    for column, mains_hz in enumerate(quality.MAINS_HZ):
        rows = np.flatnonzero(amplitude[:, column] > MAINS_UV)
        if rows.size:
            samples_uv = samples_uv.copy()
            samples_uv[rows] = notch(samples_uv[rows], fs_hz, mains_hz)
    return samples_uv


def _quality(signal: EcgSignal, envelope: Envelope) -> tuple[LeadQuality, ...]:
    """Score leads on stretches spread over the recording; the median score counts."""
    length = round(quality.LOOK_S * signal.fs_hz)
    looks = min(QUALITY_LOOKS, max(1, signal.n_samples // length))
    starts = np.linspace(0, max(0, signal.n_samples - length), looks).astype(np.int64)
    scored: list[tuple[LeadQuality, ...]] = []
    for start in starts:
        piece = signal.samples_uv[:, start : start + length]
        missing = np.isnan(piece).mean(axis=-1).astype(np.float64)
        scored.append(quality.assess(fill_gaps(piece), missing, envelope.lead_floor, signal.fs_hz))
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


def _windows(
    signal: EcgSignal, beats: NDArray[np.int64], rows: list[int]
) -> list[tuple[NDArray[np.int64], _Window]]:
    """Delineate stretches of `WINDOW_S`; each beat belongs to one of them."""
    names = tuple(signal.leads[row] for row in rows)
    step, margin = round(WINDOW_S * signal.fs_hz), round(WINDOW_MARGIN_S * signal.fs_hz)
    done: list[tuple[NDArray[np.int64], _Window]] = []
    for start in range(0, signal.n_samples, step):
        inside = beats[(beats >= start) & (beats < start + step)]
        if inside.size == 0:
            continue
        lower, upper = max(0, start - margin), min(signal.n_samples, start + step + margin)
        raw = fill_gaps(signal.samples_uv[rows, lower:upper])
        spikes = rhythm.spikes_of(raw, signal.fs_hz) + lower
        piece, work_hz = _working_copy(raw, signal.fs_hz)
        piece = _without_mains(piece, work_hz)
        ratio = signal.fs_hz / work_hz
        at = np.clip(np.rint((inside - lower) / ratio), 0, piece.shape[-1] - 1).astype(np.int64)
        result = delineate(piece, at, work_hz)
        offset = round((ratio - 1.0) / 2.0) if ratio > 1.0 else 0
        shapes = rhythm.look(piece, result, work_hz)
        flutter = rhythm.flutter_of(piece, names, result, work_hz)
        atrial = rhythm.atrial_of(piece, names, result.triggers, work_hz)
        window = _Window(lower + offset, ratio, work_hz, result, shapes, spikes, flutter, atrial)
        done.append((inside, window))
    return done


def _boundaries(window: _Window, position: int) -> dict[str, int | None]:
    number = int(window.result.class_of[position])
    if number < 0:
        return {}
    marks: Fiducials = window.result.classes[number].fiducials
    trigger = int(window.result.triggers[position])
    return {name: window.place(trigger, offset) for name, offset in marks.__dict__.items()}


def _within(marks: dict[str, int | None], n_samples: int) -> dict[str, int | None]:
    """Drop boundaries that a wave cut off by the recording's edge would have."""
    return {
        name: at if at is not None and 0 <= at < n_samples else None for name, at in marks.items()
    }


def _beats(
    signal: EcgSignal, windows: list[tuple[NDArray[np.int64], _Window]]
) -> tuple[tuple[Beat, ...], Array, rhythm.Pacing]:
    """Return labelled beats, their RR intervals in milliseconds and which of them are paced."""
    marks: list[dict[str, int | None]] = []
    places: list[int] = []
    centres: list[int] = []
    class_of: list[NDArray[np.int64]] = []
    for number, (inside, window) in enumerate(windows):
        known = window.result.class_of
        class_of.append(np.where(known >= 0, known + number * MAX_CLASSES, known))
        for position, found in enumerate(inside):
            limits = _within(_boundaries(window, position), signal.n_samples)
            centre = window.place(int(window.result.triggers[position]), window.result.before)
            r_peak = limits.get("r")
            marks.append(limits)
            places.append(
                r_peak
                if r_peak is not None
                else min(max(0, centre or int(found)), signal.n_samples - 1)
            )
            centres.append(centre if centre is not None else int(found))
    rr_ms = np.diff(np.array(places, dtype=np.float64)) / signal.fs_hz * 1000.0
    spikes = np.unique(np.concatenate([window.spikes for _, window in windows]))
    pacing = rhythm.pacing_of(spikes, np.array(centres, dtype=np.int64), signal.fs_hz)
    shapes = np.concatenate([window.shapes for _, window in windows])
    labels = rhythm.label_beats(shapes, rr_ms, np.concatenate(class_of), pacing.ventricular)
    beats = tuple(
        Beat(sample=place, label=label, **limits)
        for place, label, limits in zip(places, labels, marks, strict=True)
    )
    return beats, rr_ms, pacing


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
    """Whether all of a twelve-lead's leads are good, all was measured and nothing was found."""
    good = {
        name for name, each in zip(signal.leads, scored, strict=True) if each.score >= quality.GOOD
    }
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
    return whole and complete and quiet and sinus and (measured.qrs_ms or 0.0) < 110.0


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
        delineated in windows of two, so that memory beyond the signal's own stays bounded.
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
    windows = _windows(signal, found, rows)
    beats, rr_ms, pacing = _beats(signal, windows)
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


def _positions(windows: list[tuple[NDArray[np.int64], _Window]], main: _Window) -> tuple[int, ...]:
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
    windows: list[tuple[NDArray[np.int64], _Window]],
    main: _Window,
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
