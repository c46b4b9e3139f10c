"""Premature beats, their patterns and runs."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecg.critical import CRITICAL_LIST, CriticalValues
from ecg.findings import AHA_2009, Finding, Severity
from ecg.findings import FindingCode as Code
from ecg.rhythm.labels import BeatLabel
from ecg.rhythm.strip import Strip, finding, runs, where

FAST_BPM = 100.0
IDIOVENTRICULAR_BPM = 50.0
RUN_BEATS = 3
PATTERN_TIMES = 3
FILLS_SHARE = 0.8
SUSTAINED_MS = 30_000.0
INTERPOLATED_SHARE = 1.2
R_ON_T_MARGIN_MS = 20.0
POLYMORPHIC_LIKE = 0.75
POLYMORPHIC_BEATS = 5
SUPRAVENTRICULAR_RUN_BPM = 100.0

PART_TWO = f"{AHA_2009} part II; shape and prematurity"
ACC_VT = "ACC/AHA/HRS 2017 guideline on ventricular arrhythmias, table 3"


def _patterned(labels: tuple[BeatLabel, ...], ectopic: BeatLabel, between: int) -> tuple[int, ...]:
    """Return the ectopic beats that come after ``between`` others each, three times or more."""
    places = [index for index, each in enumerate(labels) if each is ectopic]
    best: list[int] = []
    now = places[:1]
    for first, second in pairwise(places):
        now = [*now, second] if second - first == between + 1 else [second]
        if len(now) > len(best):
            best = now
    return tuple(best) if len(best) >= PATTERN_TIMES else ()


def _patterns(strip: Strip, ectopic: BeatLabel, codes: tuple[Code, Code, Code]) -> list[Finding]:
    """Name couplets, bigeminy and trigeminy; ``codes`` in this order."""
    found: list[Finding] = []
    mask = strip.labelled(ectopic)
    pairs = [each for each in runs(mask) if each[1] - each[0] == 2]
    if pairs:
        beats = tuple(index for start, stop in pairs for index in range(start, stop))
        found.append(
            finding(
                codes[0],
                Severity.ROUTINE,
                "couplets",
                float(len(pairs)),
                "couplets",
                ">= 1",
                PART_TWO,
                beats=beats[:50],
            )
        )
    for code, between in ((codes[1], 1), (codes[2], 2)):
        beats = _patterned(strip.labels, ectopic, between)
        if beats:
            found.append(
                finding(
                    code,
                    Severity.ROUTINE,
                    "beats",
                    float(len(beats)),
                    "beats",
                    f">= {PATTERN_TIMES}",
                    PART_TWO,
                    beats=beats[:50],
                )
            )
    return found


def _count(mask: NDArray[np.bool_], code: Code) -> list[Finding]:
    if not mask.any():
        return []
    count = float(mask.sum())
    beats = where(mask)
    return [finding(code, Severity.ROUTINE, "beats", count, "beats", ">= 1", PART_TWO, beats=beats)]


def ventricular_findings(strip: Strip, critical: CriticalValues) -> list[Finding]:
    """Report ventricular beats: singles, patterns, R on T, interpolated ones and runs."""
    mask = strip.labelled(BeatLabel.VENTRICULAR)
    if not mask.any():
        return []
    found = _count(mask, Code.VENTRICULAR_ECTOPIC_BEATS)
    found += _patterns(
        strip,
        BeatLabel.VENTRICULAR,
        (Code.VENTRICULAR_COUPLET, Code.VENTRICULAR_BIGEMINY, Code.VENTRICULAR_TRIGEMINY),
    )
    found += _r_on_t(strip, mask)
    found += _interpolated(strip, mask)
    for start, stop in runs(mask):
        if stop - start >= RUN_BEATS:
            found.append(_run(strip, start, stop, critical))
    return _gravest_of_each(found)


def _gravest_of_each(found: list[Finding]) -> list[Finding]:
    """Keep one finding a code: the gravest, and of these the one with the most beats."""
    order = list(Severity)
    best: dict[Code, Finding] = {}
    for each in found:
        kept = best.get(each.code)
        if kept is None or (order.index(each.severity), -len(each.evidence.beats)) < (
            order.index(kept.severity),
            -len(kept.evidence.beats),
        ):
            best[each.code] = each
    return list(best.values())


def _r_on_t(strip: Strip, mask: NDArray[np.bool_]) -> list[Finding]:
    """Find ventricular beats that begin before the T wave of a conducted beat has ended."""
    qt_ms = strip.measured.qt_ms
    if qt_ms is None:
        return []
    limit = qt_ms - R_ON_T_MARGIN_MS
    coupled = np.append([np.inf], strip.rr_ms)
    after = np.append([False], ~mask[:-1])
    early = mask & after & (coupled <= limit)
    if not early.any():
        return []
    return [
        finding(
            Code.R_ON_T,
            Severity.RED,
            "coupling_interval",
            round(float(coupled[early].min())),
            "ms",
            f"<= {limit:.0f} (QT - {R_ON_T_MARGIN_MS:g})",
            f"Smirk & Palmer, Am J Cardiol 6:620, 1960; {CRITICAL_LIST}",
            beats=where(early),
        )
    ]


def _interpolated(strip: Strip, mask: NDArray[np.bool_]) -> list[Finding]:
    """Find single ventricular beats between two conducted ones that come in time."""
    inner = np.zeros_like(mask)
    rr_ms = strip.rr_ms
    for index in np.flatnonzero(mask[1:-1]) + 1:
        around = rr_ms[max(0, index - 6) : index + 6]
        usual = float(np.median(around))
        pair = float(rr_ms[index - 1] + rr_ms[index])
        alone = not mask[index - 1] and not mask[index + 1]
        inner[index] = alone and around.size >= 5 and pair <= INTERPOLATED_SHARE * usual
    return _count(inner, Code.INTERPOLATED_VENTRICULAR_BEATS)


def _run(strip: Strip, start: int, stop: int, critical: CriticalValues) -> Finding:
    """Grade three or more ventricular beats in a row by rate, length and change of shape."""
    rr_ms = strip.rr_ms[start : stop - 1]
    rate = round(60_000.0 / float(rr_ms.mean()), 1)
    lasts_ms = float(strip.times_ms[stop - 1] - strip.times_ms[start])
    fills = lasts_ms >= FILLS_SHARE * strip.duration_ms or lasts_ms >= SUSTAINED_MS
    beats = tuple(range(start, stop))[:50]
    if rate < FAST_BPM:
        return finding(
            Code.IDIOVENTRICULAR_RHYTHM,
            Severity.ORANGE,
            "heart_rate",
            rate,
            "bpm",
            f"< {FAST_BPM:g} over >= {RUN_BEATS} beats",
            ACC_VT,
            beats=beats,
        )
    like = strip.shape("qrs_like_previous")[start + 1 : stop]
    if stop - start >= POLYMORPHIC_BEATS and float(np.median(like)) < POLYMORPHIC_LIKE:
        return finding(
            Code.POLYMORPHIC_VENTRICULAR_TACHYCARDIA,
            Severity.RED,
            "likeness_of_successive_qrs",
            round(float(np.median(like)), 2),
            None,
            f"< {POLYMORPHIC_LIKE:g} at >= {FAST_BPM:g} bpm",
            f"{ACC_VT}; {CRITICAL_LIST}",
            beats=beats,
        )
    red = rate >= critical.wide_red_bpm or fills
    return finding(
        Code.VENTRICULAR_TACHYCARDIA,
        Severity.RED if red else Severity.ORANGE,
        "heart_rate",
        rate,
        "bpm",
        f">= {FAST_BPM:g} over >= {RUN_BEATS} beats",
        f"{ACC_VT}; {CRITICAL_LIST}",
        beats=beats,
    )


def supraventricular_findings(strip: Strip) -> list[Finding]:
    """Report supraventricular premature beats, their patterns and runs."""
    mask = strip.labelled(BeatLabel.SUPRAVENTRICULAR)
    if not mask.any():
        return []
    found = _count(mask, Code.SUPRAVENTRICULAR_ECTOPIC_BEATS)
    found += _patterns(
        strip,
        BeatLabel.SUPRAVENTRICULAR,
        (Code.SUPRAVENTRICULAR_COUPLET, Code.ATRIAL_BIGEMINY, Code.ATRIAL_TRIGEMINY),
    )
    long = [each for each in runs(mask) if each[1] - each[0] >= RUN_BEATS]
    if long:
        start, stop = max(long, key=lambda each: each[1] - each[0])
        rate = round(60_000.0 / float(strip.rr_ms[start : stop - 1].mean()), 1)
        found.append(
            finding(
                Code.SUPRAVENTRICULAR_RUN,
                Severity.ROUTINE,
                "heart_rate",
                rate,
                "bpm",
                f">= {RUN_BEATS} beats",
                PART_TWO,
                beats=tuple(range(start, stop))[:50],
            )
        )
    return found
