"""QRS detection and whole reading beside every peer that this Python has, in one run.

Usage: ``python -m benchmarks.ecg.peers DATA [RECORDS]`` with the archives unpacked below DATA; the
peers come with ``pip install wfdb neurokit2 sleepecg`` and are named where they are missing. Each
record goes through all of them before the next one does, so that all have the same minutes.
"""

import importlib
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from benchmarks.ecg.accuracy_qrs import line, score, without_flutter
from benchmarks.ecg.wfdb_lite import VF_OFF, VF_ON, read_annotations, read_record
from ecg import EcgSignal, screen
from ecg.beats import detect_beats

Detector = Callable[[NDArray[np.float64], float], NDArray[np.int64]]


def _peer(module: str, made: Callable[[ModuleType], dict[str, Detector]]) -> dict[str, Detector]:
    """Return a peer's detectors, none where it is not installed."""
    try:
        found = importlib.import_module(module)
    except ImportError:
        print(f"{module}: not installed, left out")
        return {}
    return made(found)


def _wfdb(processing: ModuleType) -> dict[str, Detector]:
    return {
        "wfdb xqrs": lambda mv, fs: processing.xqrs_detect(mv, fs, verbose=False),
        "wfdb gqrs": lambda mv, fs: processing.gqrs_detect(sig=mv, fs=fs),
    }


def _neurokit(neurokit: ModuleType) -> dict[str, Detector]:
    def by(method: str) -> Detector:
        def detect(mv: NDArray[np.float64], fs: float) -> NDArray[np.int64]:
            cleaned = neurokit.ecg_clean(mv, sampling_rate=fs, method=method)
            _, found = neurokit.ecg_peaks(cleaned, sampling_rate=fs, method=method)
            return np.asarray(found["ECG_R_Peaks"], dtype=np.int64)

        return detect

    return {
        "NeuroKit2 default": by("neurokit"),
        "NeuroKit2 pantompkins": by("pantompkins1985"),
    }


def _sleepecg(sleepecg: ModuleType) -> dict[str, Detector]:
    return {"sleepecg": sleepecg.detect_heartbeats}


def detectors() -> dict[str, Detector]:
    """Return ours and those of every peer, each taking millivolts of one lead and the rate."""
    return {
        "ours": lambda mv, fs: detect_beats(mv[np.newaxis] * 1000.0, fs),
        **_peer("wfdb.processing", _wfdb),
        **_peer("neurokit2", _neurokit),
        **_peer("sleepecg", _sleepecg),
    }


def qrs(data: Path, records: int) -> None:
    """Score MIT-BIH channel 0 within 150 ms, whole records."""
    each_of = detectors()
    total = {name: np.zeros(3, dtype=np.int64) for name in each_of}
    cpu_s = dict.fromkeys(each_of, 0.0)
    seconds = 0.0
    for header in sorted((data / "mitdb").glob("*.hea"))[:records]:
        record = read_record(header.with_suffix(""))
        notes = read_annotations(header.with_suffix(".atr"))
        on, off = notes.sample[notes.code == VF_ON], notes.sample[notes.code == VF_OFF]
        truth = without_flutter(notes.beats(), on, off)
        millivolts = np.asarray(record.samples_uv[0], dtype=np.float64) / 1000.0
        seconds += millivolts.size / record.fs_hz
        for name, detect in each_of.items():
            begun = time.process_time()
            found = np.asarray(detect(millivolts, record.fs_hz), dtype=np.int64)
            cpu_s[name] += time.process_time() - begun
            total[name] += score(without_flutter(found, on, off), truth, 0.15 * record.fs_hz)
    for name, (tp, fp, fn) in total.items():
        print(line(name, int(tp), int(fp), int(fn)), f" {seconds / cpu_s[name]:.0f}x real time")


def whole(data: Path, records: int) -> None:
    """Time the whole reading of twelve leads of ten seconds."""
    timed: dict[str, Callable[[EcgSignal], object]] = {"ours: screen": screen}
    try:
        neurokit = importlib.import_module("neurokit2")
    except ImportError:
        pass
    else:
        timed["NeuroKit2 ecg_process, lead by lead"] = lambda signal: [
            neurokit.ecg_process(row, sampling_rate=round(signal.fs_hz))
            for row in np.asarray(signal.samples_uv) / 1000.0
        ]
    spent: dict[str, list[float]] = {name: [] for name in timed}
    for header in sorted((data / "ludb" / "data").glob("*.hea"))[:records]:
        record = read_record(header.with_suffix(""))
        signal = EcgSignal(record.samples_uv, record.fs_hz, record.leads)
        for name, read in timed.items():
            begun = time.process_time()
            try:
                read(signal)
            except (ValueError, IndexError, ZeroDivisionError):
                # A peer gave up; ours may not, and its tests say so.
                continue
            spent[name].append(time.process_time() - begun)
    for name, each in spent.items():
        print(f"{name:36s} {1000.0 * float(np.median(each)):7.1f} ms of processor, n {len(each)}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 48
    qrs(folder, count)
    whole(folder, count)
