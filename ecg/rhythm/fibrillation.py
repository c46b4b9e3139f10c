"""Atrial fibrillation and flutter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.critical import CRITICAL_LIST, CriticalValues
from ecg.filters import running_median
from ecg.findings import AHA_2009, Finding, Severity
from ecg.findings import FindingCode as Code
from ecg.rhythm.irregular import fibrillation_features
from ecg.rhythm.kin import odd_width
from ecg.rhythm.labels import BeatLabel
from ecg.rhythm.model import logistic
from ecg.rhythm.strip import Strip, finding, where

STRETCH_MS = 10_000.0
LONG_MS = 30_000.0
SMOOTH_STRETCHES = 5
FLUTTER_LIKENESS = 0.78
FLUTTER_UV = 15.0
FLUTTER_PERIOD_SHARE = 0.75
WIDE_QRS_MS = 120.0
PREEXCITED_LIKE = 0.9

TRAINED = (
    "logistic regression on RR and P waves (ecg/models/fibrillation.json); features after Dash et "
    "al., Ann Biomed Eng 37:1701, 2009"
)
FLUTTER_SOURCE = f"{AHA_2009} part II; a wave of 200-350/min in two leads"


@dataclass(frozen=True)
class Fibrillation:
    """How sure, and where.

    Attributes
    ----------
    chance
        Highest chance of a stretch, 0-1.
    share
        Of the stretches that could be judged.
    beats
        Beats in fibrillation, shape (n_beats,).
    """

    chance: float
    share: float
    beats: NDArray[np.bool_]


def _stretches(strip: Strip) -> list[NDArray[np.int64]]:
    """Cut the beats into stretches of ten seconds; one where there are less than three."""
    if strip.duration_ms < LONG_MS:
        return [np.arange(strip.times_ms.size)]
    number = (strip.times_ms // STRETCH_MS).astype(np.int64)
    return [np.flatnonzero(number == each) for each in np.unique(number)]


def fibrillation_of(strip: Strip) -> Fibrillation | None:
    """Judge every stretch; None where none is fibrillating.

    In recordings of half a minute and more, the odds are smoothed over five stretches, so that
    fibrillation must last half a minute.
    """
    conducted = ~strip.labelled(BeatLabel.VENTRICULAR, BeatLabel.FUSION, BeatLabel.UNKNOWN)
    model = logistic("fibrillation")
    odds: list[float] = []
    places: list[NDArray[np.int64]] = []
    for members in _stretches(strip):
        first, last = int(members[0]), int(members[-1]) + 1
        features = fibrillation_features(
            strip.shapes[first:last], strip.rr_ms[first : last - 1], conducted[first:last]
        )
        if features is not None:
            odds.append(float(model.log_odds(features[np.newaxis])[0]))
            places.append(members)
    if not odds:
        return None
    smooth = running_median(np.array(odds), odd_width(SMOOTH_STRETCHES, len(odds)))
    said = smooth > 0.0
    if not said.any():
        return None
    beats = np.zeros(strip.times_ms.size, dtype=bool)
    for members, each in zip(places, said, strict=True):
        beats[members] = each
    chance = float(1.0 / (1.0 + np.exp(-smooth.max())))
    return Fibrillation(chance, float(said.mean()), beats)


def is_flutter(strip: Strip) -> bool:
    """Whether a wave of 200-350/min repeats in two leads, faster than the ventricles."""
    wave = strip.flutter
    return (
        wave is not None
        and wave.likeness >= FLUTTER_LIKENESS
        and wave.swing_uv >= FLUTTER_UV
        and wave.period_ms <= FLUTTER_PERIOD_SHARE * strip.usual_ms
    )


def _fast(strip: Strip, critical: CriticalValues) -> Severity:
    rate = strip.measured.heart_rate_bpm or 0.0
    return Severity.ORANGE if rate >= critical.fibrillation_orange_bpm else Severity.ROUTINE


def flutter_findings(strip: Strip, critical: CriticalValues) -> list[Finding]:
    """Report atrial flutter, with its ratio where the ventricles are regular."""
    wave = strip.flutter
    if wave is None:
        return []
    rate = round(60_000.0 / wave.period_ms)
    return [
        finding(
            Code.SUSPECTED_ATRIAL_FLUTTER,
            _fast(strip, critical),
            "atrial_rate",
            float(rate),
            "bpm",
            "200-350",
            FLUTTER_SOURCE,
            leads=wave.leads,
        )
    ]


def fibrillation_findings(
    strip: Strip, found: Fibrillation, critical: CriticalValues
) -> list[Finding]:
    """Report atrial fibrillation, and pre-excitation by wide beats in very short succession."""
    long = strip.duration_ms >= LONG_MS
    value = found.share if long else found.chance
    findings = [
        finding(
            Code.SUSPECTED_ATRIAL_FIBRILLATION,
            _fast(strip, critical),
            "share_of_time" if long else "chance",
            round(value, 3),
            None,
            "> 0 of 30 s or more" if long else "> 0.5",
            TRAINED,
            beats=where(found.beats),
        )
    ]
    both = found.beats[:-1] & found.beats[1:]
    rr_ms = strip.rr_ms
    wide = strip.shape("class_width_ms") >= WIDE_QRS_MS
    if not both.any() or float(wide[found.beats].mean()) < 0.5:
        return findings
    rapid = both & wide[:-1] & wide[1:] & (rr_ms <= critical.preexcited_rr_red_ms)
    if rapid.any():
        findings.append(
            finding(
                Code.PREEXCITED_ATRIAL_FIBRILLATION,
                Severity.RED,
                "shortest_rr",
                round(float(rr_ms[rapid].min())),
                "ms",
                f"<= {critical.preexcited_rr_red_ms:g} between wide beats",
                f"Klein et al., N Engl J Med 301:1080, 1979; {CRITICAL_LIST}",
                beats=where(np.append(rapid, False)),
            )
        )
    return findings
