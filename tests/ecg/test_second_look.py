import numpy as np

from benchmarks.ecg.accuracy_qrs import score
from ecg.beats import detect_beats
from tests.ecg.samples import Samples, bump, one_lead, real

AT = np.arange(20_000) / 500.0
TIMES = np.arange(0.6, 39.5, 0.8)


def scored(lead: Samples, times_s: Samples) -> tuple[int, int, int]:
    """Return hits, false and missed beats within 150 ms."""
    truth = np.rint(times_s * 500.0).astype(np.int64)
    hits, false, missed = score(detect_beats(lead[np.newaxis], 500.0), truth, 75.0)
    return hits, false, missed


def test_p_waves_in_pauses_are_not_taken_for_the_overdue_beat() -> None:
    """High P waves go on while every eighth beat is dropped, twice in a row."""
    dropped = np.isin(np.arange(TIMES.size) % 8, (5, 6))
    lead = one_lead(TIMES[~dropped], 500.0, 40.0, p_uv=0.0)
    for time in TIMES:
        lead += 330.0 * bump(AT, time - 0.16, 0.018)
    assert scored(lead, TIMES[~dropped]) == (int(np.count_nonzero(~dropped)), 0, 0)


def test_p_waves_nearly_as_high_as_qrs_are_no_beats() -> None:
    lead = one_lead(TIMES, 500.0, 40.0, p_uv=0.0)
    for time in TIMES:
        lead += 560.0 * bump(AT, time - 0.21, 0.016)
    assert scored(lead, TIMES) == (TIMES.size, 0, 0)


def test_wide_low_ectopic_beats_are_beats() -> None:
    """A ventricular beat 110 ms wide leaves little in the band of the decision function."""
    early = np.arange(TIMES.size) % 9 == 6
    lead = one_lead(TIMES[~early], 500.0, 40.0)
    for time in TIMES[early]:
        lead += 1000.0 * bump(AT, time - 0.2, 0.035)
    times = np.where(early, TIMES - 0.2, TIMES)
    assert scored(lead, times) == (times.size, 0, 0)


def test_the_same_samples_give_the_same_beats() -> None:
    minute = real("mitdb_201_60s")
    first = detect_beats(minute.samples_uv, minute.fs_hz)
    assert first.tobytes() == detect_beats(minute.samples_uv.copy(), minute.fs_hz).tobytes()
