"""ECGs for the tests: real minutes, and synthetic ones whose truth is known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg import EcgSignal
from ecg.signal import STANDARD_LEADS, Patient, Sex

DATA = Path(__file__).resolve().parents[1] / "data" / "ecg"
GAINS = np.array([0.6, 1.0, 0.4, -0.8, 0.1, 0.7, -0.5, 0.3, 0.9, 1.2, 1.3, 1.1])
ADULT = Patient(age_years=50.0, sex=Sex.MALE)
Samples = NDArray[np.float64]


@dataclass(frozen=True)
class RealMinute:
    """A real recording with its reference."""

    samples_uv: Samples
    fs_hz: float
    leads: tuple[str, ...]
    marks: dict[str, NDArray[np.int64]]


def real(name: str) -> RealMinute:
    """Load one of the samples in tests/data/ecg."""
    with np.load(DATA / f"{name}.npz") as file:
        marks = {
            key: file[key].astype(np.int64)
            for key in file.files
            if key not in {"digital", "uv_per_step", "fs_hz", "leads"}
        }
        return RealMinute(
            samples_uv=file["digital"] * float(file["uv_per_step"]),
            fs_hz=float(file["fs_hz"]),
            leads=tuple(str(lead) for lead in file["leads"]),
            marks=marks,
        )


def bump(time_s: Samples, centre_s: float, width_s: float) -> Samples:
    """Return a Gaussian of height 1."""
    wave: Samples = np.exp(-0.5 * ((time_s - centre_s) / width_s) ** 2)
    return wave


def one_lead(
    times_s: NDArray[np.float64],
    fs_hz: float,
    duration_s: float,
    *,
    width_s: float = 0.011,
    p_uv: float = 120.0,
    qt_s: float = 0.26,
    t_uv: float = 250.0,
) -> Samples:
    """Return a lead with a beat at each of ``times_s``: R of 1 mV, then S, T, and P before."""
    at = np.arange(int(duration_s * fs_hz)) / fs_hz
    lead = np.zeros_like(at)
    for beat in times_s:
        lead += 1000.0 * bump(at, beat, width_s) - 250.0 * bump(at, beat + 2.2 * width_s, width_s)
        lead += p_uv * bump(at, beat - 0.16, 0.022) + t_uv * bump(at, beat + qt_s, 0.04)
    return lead


def twelve(
    rate_bpm: float = 70.0,
    *,
    fs_hz: float = 500.0,
    duration_s: float = 10.0,
    times_s: NDArray[np.float64] | None = None,
    width_s: float = 0.011,
    p_uv: float = 120.0,
    noise_uv: float = 5.0,
    seed: int = 1,
) -> Samples:
    """Return twelve leads of one source, with a little noise, shape (12, n_samples)."""
    if times_s is None:
        times_s = np.arange(0.4, duration_s - 0.1, 60.0 / rate_bpm)
    qt_s = 0.26 * min(1.0, float(np.sqrt(60.0 / rate_bpm)))
    lead = one_lead(times_s, fs_hz, duration_s, width_s=width_s, p_uv=p_uv, qt_s=qt_s)
    noise = np.random.default_rng(seed).normal(0.0, noise_uv, (12, lead.size))
    return np.asarray(GAINS[:, np.newaxis] * lead + noise, dtype=np.float64)


def signal_of(samples_uv: Samples, fs_hz: float = 500.0, patient: Patient = ADULT) -> EcgSignal:
    """Return a signal with the standard leads' names."""
    return EcgSignal(
        samples_uv=samples_uv,
        fs_hz=fs_hz,
        leads=STANDARD_LEADS[: len(samples_uv)],
        patient=patient,
    )
