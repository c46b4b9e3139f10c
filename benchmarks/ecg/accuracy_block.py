"""AV block of second degree made of real sinus rhythm: QRS and T of some beats are cut out.

The P waves stay where the atria put them, so that what is lost is found on real P waves and noise.

Usage: ``python -m benchmarks.ecg.accuracy_block DATA``, ptbxl_dev unpacked below DATA.
"""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.ecg.wfdb_lite import read_record
from ecg import EcgSignal, Screening, screen
from ecg.findings import FindingCode as Code

BLOCKS = {
    Code.MOBITZ_I_AV_BLOCK,
    Code.MOBITZ_II_AV_BLOCK,
    Code.TWO_TO_ONE_AV_BLOCK,
    Code.HIGH_DEGREE_AV_BLOCK,
    Code.COMPLETE_AV_BLOCK,
}
EVERY = {"one beat": 0, "5:4": 5, "2:1": 2, "3:1": 3}
NOISE_UV = 5.0


def _suits(result: Screening) -> bool:
    """Whether it is sinus rhythm with P and T of every inner beat delineated."""
    sinus = any(each.code is Code.SINUS_RHYTHM for each in result.findings)
    whole = all(
        beat.label == "N" and None not in (beat.p_on, beat.p_off, beat.t_off)
        for beat in result.beats[1:-1]
    )
    return sinus and whole


def _blocked(beat: int, every: int) -> bool:
    match every:
        case 0:
            return beat == 5
        case 5:
            return beat % 5 == 4
        case _:
            return beat % every != 0


def cut(signal: EcgSignal, result: Screening, every: int) -> EcgSignal:
    """Return the signal with straight, slightly noisy lines for QRS and T of the blocked beats."""
    samples = signal.samples_uv.copy()
    rng = np.random.default_rng(0)
    for beat in range(1, len(result.beats) - 1):
        start, stop = result.beats[beat].p_off, result.beats[beat + 1].p_on
        if _blocked(beat, every) and start is not None and stop is not None:
            share = np.linspace(0.0, 1.0, stop - start)
            line = samples[:, [start]] * (1.0 - share) + samples[:, [stop]] * share
            samples[:, start:stop] = line + rng.normal(0.0, NOISE_UV, line.shape)
    return replace(signal, samples_uv=samples)


def main(data: Path) -> None:
    """Print what each kind of cut was called."""
    said: dict[str, Counter[str]] = {name: Counter() for name in EVERY}
    for header in sorted(data.glob("**/records500/**/*.hea")):
        signal = read_record(header.with_suffix(""))
        result = screen(signal)
        if not _suits(result):
            continue
        for name, every in EVERY.items():
            found = screen(cut(signal, result, every)).findings
            codes = sorted(each.code.value for each in found if each.code in BLOCKS)
            said[name][" + ".join(codes) or "nothing"] += 1
    for name, counts in said.items():
        print(f"{name}: " + ", ".join(f"{code} {n}" for code, n in counts.most_common()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
