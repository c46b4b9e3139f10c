"""Whether a screening says the same of perturbed copies of PTB-XL's records.

Usage: ``python -m benchmarks.ecg.robustness DATA [EVERY]`` with the archives unpacked below DATA;
of the records every EVERY-th is taken. A copy differs as another cart, mains or township would make
it differ; what a physician would read from it does not. A row shows, over all records: how often
red and orange findings come or go, how often the other findings do, and how far rate and intervals
move (median and 95th percentile of the absolute difference).
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal as scipy_signal

from benchmarks.ecg.accuracy_statements import screened
from ecg import EcgSignal, Screening, screen
from ecg.findings import Severity
from ecg.signal import CHEST_LEADS

URGENT = (Severity.RED, Severity.ORANGE)
QUANTITIES = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms")
Perturbation = Callable[[EcgSignal, np.random.Generator], EcgSignal]


def _resampled(to_hz: int) -> Perturbation:
    def perturb(signal: EcgSignal, _: np.random.Generator) -> EcgSignal:
        from_hz = round(signal.fs_hz)
        shared = int(np.gcd(from_hz, to_hz))
        samples = scipy_signal.resample_poly(
            signal.samples_uv, to_hz // shared, from_hz // shared, axis=-1, padtype="line"
        )
        return replace(signal, samples_uv=samples, fs_hz=float(to_hz))

    return perturb


def _changed(
    change: Callable[[NDArray[np.float64], float, np.random.Generator], NDArray[np.float64]],
) -> Perturbation:
    def perturb(signal: EcgSignal, random: np.random.Generator) -> EcgSignal:
        samples = np.asarray(signal.samples_uv, dtype=np.float64)
        return replace(signal, samples_uv=change(samples, signal.fs_hz, random))

    return perturb


def _seconds(samples: NDArray[np.float64], fs_hz: float) -> NDArray[np.float64]:
    return np.arange(samples.shape[-1]) / fs_hz


def _wandering(signal: EcgSignal, random: np.random.Generator) -> EcgSignal:
    """Let each electrode wander on its own, so that limb leads still obey Einthoven."""
    phase = 2.0 * np.pi * 0.25 * np.arange(signal.n_samples) / signal.fs_hz
    potential = {
        name: 200.0 * np.sin(phase + random.uniform(0.0, 2.0 * np.pi))
        for name in ("RA", "LA", "LL", *CHEST_LEADS)
    }
    right, left, foot = (potential[name] for name in ("RA", "LA", "LL"))
    centre = (right + left + foot) / 3.0
    wander = {
        "I": left - right,
        "II": foot - right,
        "III": foot - left,
        "aVR": 1.5 * (right - centre),
        "aVL": 1.5 * (left - centre),
        "aVF": 1.5 * (foot - centre),
        **{name: potential[name] - centre for name in CHEST_LEADS},
    }
    added = np.stack([wander[name] for name in signal.leads])
    return replace(signal, samples_uv=signal.samples_uv + added)


PERTURBATIONS: dict[str, Perturbation] = {
    "1,000 Hz": _resampled(1000),
    "250 Hz": _resampled(250),
    "noise of 20 uV": _changed(lambda x, _, random: x + random.normal(0.0, 20.0, x.shape)),
    "50 Hz of 60 uV": _changed(
        lambda x, fs, _: x + 60.0 * np.sin(2.0 * np.pi * 50.0 * _seconds(x, fs))
    ),
    "wander of 0.4 mV": _wandering,
    "offset of 3 mV": _changed(lambda x, _, __: x + 3000.0),
    "5 uV a step": _changed(lambda x, _, __: np.round(x / 5.0) * 5.0),
    "gain 1.1": _changed(lambda x, _, __: 1.1 * x),
    "0.7 s later": lambda signal, _: signal.excerpt(round(0.7 * signal.fs_hz), signal.n_samples),
    "40 Hz low-pass": _changed(
        lambda x, fs, _: np.asarray(
            scipy_signal.sosfiltfilt(scipy_signal.butter(2, 40.0, fs=fs, output="sos"), x, axis=-1)
        )
    ),
}


def _row(name: str, pairs: list[tuple[Screening, Screening]]) -> str:
    came = gone = others = 0
    moved: dict[str, list[float]] = {quantity: [] for quantity in QUANTITIES}
    for before, after in pairs:
        urgent = [
            {each.code for each in side.findings if each.severity in URGENT}
            for side in (before, after)
        ]
        rest = [
            {each.code for each in side.findings if each.severity not in URGENT}
            for side in (before, after)
        ]
        gone += bool(urgent[0] - urgent[1])
        came += bool(urgent[1] - urgent[0])
        others += rest[0] != rest[1]
        for quantity in QUANTITIES:
            old, new = (getattr(side.measurements, quantity) for side in (before, after))
            if old is not None and new is not None:
                moved[quantity].append(abs(new - old))
    shares = "  ".join(f"{100.0 * count / len(pairs):5.1f} %" for count in (came, gone, others))
    distances = "  ".join(
        f"{np.median(values):4.1f}/{np.percentile(values, 95.0):5.1f}" if values else "  -  /  -  "
        for values in moved.values()
    )
    return f"{name:18s}{shares}  {distances}"


def main(data: Path, every: int) -> None:
    """Print the table."""
    originals = [each.result for each in screened(data)[::every]]
    print(f"{len(originals)} records: urgent came, gone, others changed; rate, PR, QRS, QT (ms)")
    for name, perturb in PERTURBATIONS.items():
        random = np.random.default_rng(1)
        pairs = [(before, screen(perturb(before.signal, random))) for before in originals]
        print(_row(name, pairs), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
