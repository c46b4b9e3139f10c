import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg import EcgSignal, screen
from ecg.beats import detect_beats
from ecg.stream import Event, LiveBeat, ScreenedWindow, Stream
from tests.ecg.samples import ADULT, Samples, real, twelve

FS_HZ = 250.0
LEADS = ("I", "II", "III")
RECORDING = twelve(75.0, fs_hz=FS_HZ, duration_s=13.0)[:3]


def stream(window_s: float = 5.0, hop_s: float | None = 2.5) -> Stream:
    return Stream(fs_hz=FS_HZ, leads=LEADS, window_s=window_s, hop_s=hop_s, patient=ADULT)


def told(events: list[Event]) -> list[str]:
    """Return events as text, the screenings as the JSON that they become."""
    return [
        f"{event.first_sample} {json.dumps(event.screening.to_dict())}"
        if isinstance(event, ScreenedWindow)
        else repr(event)
        for event in events
    ]


def beats_of(events: list[Event]) -> list[int]:
    return [event.sample for event in events if isinstance(event, LiveBeat)]


AT_ONCE = told(
    [*(whole := stream()).push(RECORDING), *whole.finish()],
)


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, RECORDING.shape[1]), max_size=40))
def test_the_chunks_change_nothing(cuts: list[int]) -> None:
    live = stream()
    events: list[Event] = []
    for piece in np.split(RECORDING, sorted(cuts), axis=1):
        events += live.push(piece)
    assert told(events + live.finish()) == AT_ONCE


def test_one_sample_at_a_time_changes_nothing() -> None:
    live = stream()
    events: list[Event] = []
    for sample in RECORDING.T:
        events += live.push(sample[:, np.newaxis])
    assert told(events + live.finish()) == AT_ONCE


def test_a_window_is_what_screen_finds_in_its_samples() -> None:
    live = stream()
    windows = [
        event for event in live.push(RECORDING) + live.finish() if isinstance(event, ScreenedWindow)
    ]
    assert [window.first_sample / FS_HZ for window in windows] == [0.0, 2.5, 5.0, 7.5, 8.0]
    for window in windows:
        piece = RECORDING[:, window.first_sample : window.first_sample + round(5 * FS_HZ)]
        wanted = screen(EcgSignal(piece, FS_HZ, LEADS, patient=ADULT))
        assert json.dumps(window.screening.to_dict()) == json.dumps(wanted.to_dict())


@pytest.mark.parametrize("name", ["mitdb_119_0s", "mitdb_201_60s", "ludb_118"])
def test_every_beat_is_told_once_and_within_a_second(name: str) -> None:
    recording = real(name)
    live = Stream(fs_hz=recording.fs_hz, leads=recording.leads)
    wanted = detect_beats(recording.samples_uv, recording.fs_hz)
    found: list[int] = []
    step = 31
    for start in range(0, recording.samples_uv.shape[1], step):
        new = beats_of(live.push(recording.samples_uv[:, start : start + step]))
        # The chunk's own length is the caller's.
        assert all(start - sample <= recording.fs_hz for sample in new)
        found += new
    found += beats_of(live.finish())
    assert (np.diff(found) > 0).all()
    apart = np.abs(np.subtract.outer(np.array(found), wanted)) / recording.fs_hz
    # Later beats correct the whole recording's detection; what was told cannot be taken back.
    assert (apart.min(axis=0) <= 0.05).sum() >= 0.9 * len(wanted)
    assert (apart.min(axis=1) > 0.05).sum() <= 0.07 * len(wanted)


def test_memory_does_not_grow_with_time() -> None:
    live = Stream(fs_hz=FS_HZ, leads=("II",))
    before = live._kept.nbytes
    for _ in range(20):
        live.push(RECORDING[1:2])
    assert live._kept.nbytes == before
    assert before < 64 * 10 * FS_HZ


def bad() -> list[Samples]:
    return [
        np.zeros(5),
        np.zeros((2, 5)),
        np.full((3, 5), np.inf),
        np.full((3, 5), -np.inf),
        np.full((3, 5), 2e7),
        np.zeros((3, 5)).astype(np.complex128).view(np.float64)[:2],
    ]


@pytest.mark.parametrize("samples", bad())
def test_a_bad_chunk_is_refused_and_leaves_the_rest_as_it_was(samples: Samples) -> None:
    live = stream()
    events = live.push(RECORDING[:, :700])
    with pytest.raises(ValueError, match="samples_uv"):
        live.push(samples)
    events += live.push(RECORDING[:, 700:])
    assert told(events + live.finish()) == AT_ONCE


def test_a_window_without_a_signal_is_uninterpretable() -> None:
    live = stream()
    events = live.push(np.full((3, 2000), np.nan))
    windows = [event for event in events if isinstance(event, ScreenedWindow)]
    assert windows
    assert not any(window.screening.interpretable for window in windows)
    assert beats_of(events) == []


@pytest.mark.parametrize(
    ("window_s", "hop_s"), [(1.0, None), (601.0, None), (10.0, 11.0), (10.0, 0.1), (np.nan, None)]
)
def test_a_window_out_of_its_limits_is_refused(window_s: float, hop_s: float | None) -> None:
    with pytest.raises(ValueError, match=r"window_s|hop_s"):
        stream(window_s, hop_s)


def test_what_a_signal_would_refuse_is_refused_before_it_comes() -> None:
    with pytest.raises(ValueError, match="fs_hz"):
        Stream(fs_hz=10.0, leads=LEADS)
    with pytest.raises(ValueError, match="differ"):
        Stream(fs_hz=FS_HZ, leads=("II", "II"))
    with pytest.raises(ValueError, match="lead"):
        Stream(fs_hz=FS_HZ, leads=())
