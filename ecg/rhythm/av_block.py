"""Atrioventricular block of second degree: Mobitz I and II, 2:1 and high-degree.

The definitions are those of the ACC/AHA/HRS 2018 guideline on bradycardia, table 3: P waves at a
constant rate below 100 a minute, or not much above, of which some are conducted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.critical import CRITICAL_LIST
from ecg.filters import Array
from ecg.findings import Finding, FindingCode, Severity
from ecg.rhythm.conduction import Conduction
from ecg.rhythm.labels import BeatLabel
from ecg.rhythm.strip import Strip, finding, runs, where

NEAR_BEATS = 8
SEEN_SHARE = 0.75
SAME_PP_SHARE = 0.15
REGULAR_SHARE = 0.75
MIN_NEAR = 2
SAME_PR_MS = 25.0
STEADY_SHARE = 0.7
PR_SPREAD_MS = 130.0
STEADY_BEATS = 3
TWO_TO_ONE_CYCLES = 3
WENCKEBACH_MS = 30.0
LARGEST_STEP_MS = 180.0
VAGAL_SHARE = 1.1

SOURCE = "ACC/AHA/HRS 2018 bradycardia guideline, Circulation 140:e382, table 3"


@dataclass(frozen=True)
class _Cycles:
    """Which beats are followed by blocked P waves; each of shape (n_beats,)."""

    pr_ms: Array
    pp_share: Array
    blocked: NDArray[np.int64]
    steady: NDArray[np.bool_]

    @property
    def once(self) -> NDArray[np.bool_]:
        """Followed by one blocked P wave."""
        return np.asarray(self.blocked == 1)


def _cycles(strip: Strip, conduction: Conduction) -> _Cycles:
    """Keep the blocked P waves whose surroundings are a regular P train with ventricles behind it.

    Ventricular beats block the P wave after them by themselves.
    """
    conducted = ~strip.labelled(BeatLabel.VENTRICULAR, BeatLabel.FUSION, BeatLabel.PACED)
    pr_ms, pp_ms = conduction.pr_ms, conduction.pp_ms
    whole = ~np.isnan(pp_ms) & conducted & np.append(conducted[1:], False)
    seen = ~np.isnan(pr_ms)
    count = len(pr_ms)
    blocked = np.where(whole, conduction.blocked, -1)
    steady = np.zeros(count, dtype=bool)
    pp_share = np.full(count, np.nan)
    every = np.arange(count)
    for beat in np.flatnonzero(blocked >= 1):
        near = every[max(0, beat - NEAR_BEATS) : beat + NEAR_BEATS + 1]
        inner = near[(near > 0) & conducted[near]]
        others = near[whole[near] & (near != beat)]
        usual = float(np.median(pp_ms[others])) if others.size >= MIN_NEAR else np.nan
        alike = np.abs(pp_ms[others] / usual - 1.0) <= SAME_PP_SHARE
        pp_share[beat] = pp_ms[beat] / usual
        if (
            others.size < MIN_NEAR
            or float(seen[inner].mean()) < SEEN_SHARE
            or float(alike.mean()) < REGULAR_SHARE
            or abs(pp_share[beat] - 1.0) > SAME_PP_SHARE
        ):
            blocked[beat] = -1
            continue
        known = pr_ms[near[seen[near] & conducted[near]]]
        if float(np.subtract(*np.percentile(known, [75.0, 25.0]))) > PR_SPREAD_MS:
            blocked[beat] = -1
            continue
        same = np.abs(known - np.median(known)) <= SAME_PR_MS
        steady[beat] = known.size >= STEADY_BEATS and float(same.mean()) >= STEADY_SHARE
    return _Cycles(pr_ms, pp_share, blocked, steady)


def _high_degree(cycles: _Cycles) -> list[Finding]:
    """Two blocked P waves or more in a row, where others are conducted at a constant PR."""
    mask = (cycles.blocked >= 2) & cycles.steady
    if not mask.any():
        return []
    return [
        finding(
            FindingCode.HIGH_DEGREE_AV_BLOCK,
            Severity.RED,
            "blocked_p_waves",
            float(cycles.blocked[mask].max()),
            None,
            ">= 2 in a row, PP and PR constant",
            f"{SOURCE}; {CRITICAL_LIST}",
            beats=where(mask),
        )
    ]


def _two_to_one(cycles: _Cycles) -> list[Finding]:
    """Every other P wave blocked, three times or more in a row."""
    mask = np.zeros_like(cycles.steady)
    for start, stop in runs(cycles.once & cycles.steady):
        mask[start:stop] = stop - start >= TWO_TO_ONE_CYCLES
    if not mask.any():
        return []
    return [
        finding(
            FindingCode.TWO_TO_ONE_AV_BLOCK,
            Severity.ORANGE,
            "two_to_one_cycles",
            float(mask.sum()),
            None,
            f">= {TWO_TO_ONE_CYCLES} in a row, PP and PR constant",
            SOURCE,
            beats=where(mask),
        )
    ]


def _mobitz(cycles: _Cycles) -> list[Finding]:
    """Judge single blocked P waves after two conducted ones by PR before and after.

    Mobitz I: PR has grown, and falls back by what it has grown in all. Mobitz II: PR stays, and PP
    too, for a slowing node and a blocked P wave together are the vagus nerve's.
    """
    pr_ms, once = cycles.pr_ms, cycles.once
    first, second = np.zeros_like(once), np.zeros_like(once)
    step = np.full(len(pr_ms), np.nan)
    for beat in np.flatnonzero(once[1:-1]) + 1:
        if cycles.blocked[beat - 1] not in (0, -1) or np.isnan(pr_ms[beat - 1]):
            continue
        step[beat] = pr_ms[beat] - pr_ms[beat + 1]
        grew = pr_ms[beat] - pr_ms[beat - 1]
        if step[beat] >= max(WENCKEBACH_MS, grew - SAME_PR_MS) and 0.0 <= grew <= LARGEST_STEP_MS:
            first[beat] = True
        elif max(abs(step[beat]), abs(grew)) <= SAME_PR_MS and cycles.steady[beat]:
            second[beat] = bool(cycles.pp_share[beat] <= VAGAL_SHARE)
    found: list[Finding] = []
    if second.any():
        found.append(
            finding(
                FindingCode.MOBITZ_II_AV_BLOCK,
                Severity.ORANGE,
                "pr_shortening",
                round(float(np.median(np.abs(step[second])))),
                "ms",
                f"<= {SAME_PR_MS:g} over a blocked P wave on time",
                SOURCE,
                beats=where(second),
            )
        )
    if first.any():
        found.append(
            finding(
                FindingCode.MOBITZ_I_AV_BLOCK,
                Severity.ROUTINE,
                "pr_shortening",
                round(float(np.median(step[first]))),
                "ms",
                f">= {WENCKEBACH_MS:g} over a blocked P wave on time",
                SOURCE,
                beats=where(first),
            )
        )
    return found


def second_degree_findings(strip: Strip) -> list[Finding]:
    """Report AV block of second degree: high-degree, 2:1, Mobitz II, Mobitz I."""
    if strip.conduction is None or not (strip.conduction.blocked > 0).any():
        return []
    cycles = _cycles(strip, strip.conduction)
    return [*_high_degree(cycles), *_two_to_one(cycles), *_mobitz(cycles)]
