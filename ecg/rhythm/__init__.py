"""Rhythm: beat labels and the findings on rate, order, ectopic beats, pauses and conduction."""

from ecg.critical import CriticalValues
from ecg.findings import Finding
from ecg.rhythm.alternans import Alternans, alternans_findings, alternans_of, largest
from ecg.rhythm.atria import Flutter, flutter_of
from ecg.rhythm.av_block import second_degree_findings
from ecg.rhythm.classify import label_beats
from ecg.rhythm.conduction import Conduction, conduction_of, joined
from ecg.rhythm.disorder import disorder_findings, longest_disorder
from ecg.rhythm.dissociation import Atrial, atrial_of, dissociation_findings
from ecg.rhythm.ectopy import supraventricular_findings, ventricular_findings
from ecg.rhythm.fibrillation import (
    fibrillation_findings,
    fibrillation_of,
    flutter_findings,
    is_flutter,
)
from ecg.rhythm.labels import BeatLabel
from ecg.rhythm.pacing import Pacing, pacing_findings, pacing_of, spikes_of
from ecg.rhythm.pauses import PAUSE_MS, pause_findings
from ecg.rhythm.rate import basic_findings, extreme_findings
from ecg.rhythm.strip import Strip
from ecg.rhythm.view import look

__all__ = (
    "PAUSE_MS",
    "Alternans",
    "Atrial",
    "BeatLabel",
    "Conduction",
    "Flutter",
    "Pacing",
    "Strip",
    "alternans_of",
    "atrial_of",
    "conduction_of",
    "disorder_findings",
    "flutter_of",
    "joined",
    "label_beats",
    "largest",
    "longest_disorder",
    "look",
    "pacing_of",
    "pause_findings",
    "rhythm_findings",
    "spikes_of",
)


def rhythm_findings(strip: Strip, pacing: Pacing, critical: CriticalValues) -> list[Finding]:
    """Name the rhythm and report ectopic beats; pauses are `pause_findings`.

    Flutter is looked for first, then P waves on time that are blocked, then fibrillation, and all
    before what rate and P waves say: in none is a premature narrow beat one. Where the ventricles
    are paced, only fibrillation and dissociation are.
    """
    found = ventricular_findings(strip, critical)
    paced = pacing_findings(pacing, strip.labels)
    fibrillation = fibrillation_of(strip)
    if 2 * int(pacing.ventricular.sum()) >= len(strip.labels):
        if fibrillation is not None:
            found += fibrillation_findings(strip, fibrillation, critical)
        found += dissociation_findings(strip.atrial, strip.statistics, strip.p_like, paced=True)
        return [*paced, *found, *extreme_findings(strip, critical)]
    found += alternans_findings(strip.alternans)
    partial = second_degree_findings(strip)
    if is_flutter(strip):
        found += flutter_findings(strip, critical)
    elif partial:
        found += partial
    elif fibrillation is not None:
        found += fibrillation_findings(strip, fibrillation, critical)
        if fibrillation.share < 1.0:
            found += supraventricular_findings(strip)
    else:
        block = dissociation_findings(strip.atrial, strip.statistics, strip.p_like, paced=False)
        if not block:
            found += basic_findings(strip, critical)
            return [*paced, *found, *supraventricular_findings(strip)]
        found += block
    return [*paced, *found, *extreme_findings(strip, critical)]
