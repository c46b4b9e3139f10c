"""Signals and files that are none: an answer of ours from every door, and never a normal ECG.

What `EcgSignal` itself refuses (no sample, infinite values, impossible rates) is in `test_signal`,
what the live stream refuses in `test_stream`, each format's own lies in `formats`.
"""

import json
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from ecg import EcgFormatError, EcgSignal, read, screen
from ecg.findings import FindingCode
from ecg.formats.dicom_writer import write_dicom
from ecg.formats.writing import WRITERS, write
from ecg.render import render
from ecg.serial import compare
from ecg.stream import ScreenedWindow, Stream
from tests.ecg.formats.hostile import without_hanging
from tests.ecg.formats.xml_samples import minimum_aecg, xml_sample
from tests.ecg.samples import Samples, signal_of, twelve

FS_HZ = 500.0
AT_S = np.arange(5000) / FS_HZ
GOOD = twelve(75.0)
T_WAVES = (np.arange(5000) % 400) >= 300
UNUSABLE = frozenset((FindingCode.UNINTERPRETABLE,))


def mains(hz: float) -> Samples:
    return np.tile(500.0 * np.sin(2.0 * np.pi * hz * AT_S), (12, 1))


def noise(uv: float, n_leads: int = 12, n_samples: int = 5000) -> Samples:
    return np.random.default_rng(1).normal(0.0, uv, (n_leads, n_samples))


def with_v2(row: Samples | float) -> Samples:
    samples = GOOD.copy()
    samples[7] = row
    return samples


@dataclass(frozen=True)
class Case:
    """A signal, and findings that its screening must have; nothing else where unusable."""

    name: str
    samples_uv: Samples
    expected: frozenset[FindingCode] = UNUSABLE
    fs_hz: float = FS_HZ

    @property
    def signal(self) -> EcgSignal:
        return signal_of(self.samples_uv, self.fs_hz)


POOR = frozenset((FindingCode.POOR_LEADS,))
OFF = POOR | {FindingCode.LEAD_OFF}
CASES = (
    Case("one sample", np.zeros((12, 1))),
    Case("one sample, not recorded", np.full((12, 1), np.nan)),
    Case("too short", GOOD[:, :700]),
    Case("zeros", np.zeros((12, 5000))),
    Case("stuck", np.full((12, 5000), 32_767.0)),
    Case("stuck at the largest value", np.full((12, 5000), 1e7)),
    Case("from rail to rail", np.tile(np.where(np.arange(5000) % 2, 1e7, -1e7), (12, 1))),
    Case("nothing recorded", np.full((12, 5000), np.nan)),
    Case("no T wave recorded", np.where(T_WAVES, np.nan, GOOD), frozenset()),
    Case("saturated", np.clip(GOOD, -150.0, 150.0)),
    Case("50 Hz only", mains(50.0)),
    Case("60 Hz only", mains(60.0)),
    Case("quiet noise", noise(30.0)),
    Case("loud noise", noise(500.0)),
    Case("one noisy lead", noise(500.0, 1)),
    Case("one slope", np.tile(100.0 * AT_S, (12, 1))),
    Case("slopes", np.outer(np.arange(1.0, 13.0), 5000.0 * AT_S)),
    Case("gain a thousand too high", GOOD * 1000.0),
    Case("gain ten too high", GOOD * 10.0),
    Case("gain a thousand too low", GOOD / 1000.0),
    Case("one lead a thousand too high", with_v2(GOOD[7] * 1000.0), POOR),
    Case("one lead a thousand too low", with_v2(GOOD[7] / 1000.0), OFF),
    Case("one lead not recorded", with_v2(np.nan), OFF),
    Case("one lead flat", with_v2(0.0), OFF),
    Case("eleven leads", GOOD[:11], frozenset((FindingCode.SINUS_RHYTHM,))),
    Case("one lead twelve times", np.tile(GOOD[:1], (12, 1))),
    Case("one lead twice", with_v2(GOOD[6]), POOR),
    Case("one lead twice, at another level", with_v2(GOOD[6] + 50.0), POOR),
    Case("one lead twice, with noise", with_v2(GOOD[6] + noise(3.0, 1)[0]), POOR),
    Case("one lead twice, inverted", with_v2(50.0 - GOOD[6] + noise(3.0, 1)[0]), POOR),
    Case("sampled at 50 Hz", twelve(75.0, fs_hz=50.0), frozenset(), 50.0),
    Case("zeros at 10 kHz", np.zeros((12, 100_000)), UNUSABLE, 10_000.0),
    Case("noise at 10 kHz", noise(300.0, n_samples=100_000), UNUSABLE, 10_000.0),
)
REFUSED = {
    ("one sample, not recorded", ".scp"): "no lead has samples",
    ("nothing recorded", ".scp"): "no lead has samples",
    ("no T wave recorded", ".scp"): "gap in lead I",
    ("stuck at the largest value", ".scp"): "samples this large",
    ("from rail to rail", ".scp"): "samples this large",
    ("noise at 10 kHz", ".scp"): "at most 65535 bytes",
}
"""What a format cannot hold, and how its writer says so."""

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_a_screening_says_what_is_wrong_and_never_that_it_is_normal(case: Case) -> None:
    result = screen(case.signal)
    codes = {each.code for each in result.findings}
    json.dumps(result.to_dict(), allow_nan=False)
    assert codes
    assert FindingCode.WITHIN_NORMAL_LIMITS not in codes
    assert codes >= case.expected
    assert all(0.0 <= each.score <= 1.0 for each in result.quality)
    assert result.interpretable is (case.expected is not UNUSABLE)
    if case.expected is UNUSABLE:
        assert codes == UNUSABLE
        assert result.beats == ()
        assert result.measurements.heart_rate_bpm is None


@every_case
def test_the_stream_says_the_same(case: Case) -> None:
    signal = case.signal
    live = Stream(fs_hz=case.fs_hz, leads=signal.leads, patient=signal.patient)
    events = [*live.push(case.samples_uv), *live.finish()]
    (window,) = (each for each in events if isinstance(each, ScreenedWindow))
    assert window.screening.to_dict() == screen(signal).to_dict()


@every_case
def test_it_is_drawn_with_its_findings_and_without(case: Case) -> None:
    for drawn in (render(case.signal, screen(case.signal)), render(case.signal)):
        ET.fromstring(drawn)  # noqa: S314  # our own drawing
        assert "nan" not in drawn
        assert "inf" not in drawn


@every_case
def test_it_is_compared_only_where_it_can_be_judged(case: Case) -> None:
    bad, good = screen(case.signal), screen(signal_of(GOOD))
    for pair in ((bad, good), (good, bad), (bad, bad)):
        found = compare(*pair)
        json.dumps(found.to_dict(), allow_nan=False)
        assert found.comparable is bad.interpretable


@every_case
@pytest.mark.parametrize("suffix", WRITERS)
def test_it_is_written_as_it_is_or_refused(case: Case, suffix: str, tmp_path: Path) -> None:
    reason = REFUSED.get((case.name, suffix))
    if reason is not None:
        with pytest.raises(ValueError, match=reason):
            write(case.signal, tmp_path / f"a{suffix}")
        assert list(tmp_path.iterdir()) == []
        return
    written = write(case.signal, tmp_path / f"a{suffix}")
    again = read(next(path for path in written if path.suffix != ".dat"))
    # SCP-ECG leaves out a lead without any sample.
    kept = [row for row, name in enumerate(case.signal.leads) if name in again.leads]
    lost = np.delete(case.samples_uv, kept, axis=0)
    assert suffix == ".scp" or lost.size == 0
    assert np.isnan(lost).all()
    # Of 16 bits, the step that holds the largest sample; of a finer grid, no less than 1 uV.
    largest = float(np.nanmax(np.abs(case.samples_uv), initial=0.0))
    np.testing.assert_allclose(
        again.samples_uv, case.samples_uv[kept], rtol=0.0, atol=max(largest / 16_000.0, 1.0)
    )
    assert FindingCode.WITHIN_NORMAL_LIMITS not in {each.code for each in screen(again).findings}


def test_half_a_day_takes_memory_in_proportion_to_its_samples() -> None:
    """A day takes twice as much: counting what is kept is slow, hence half of one at 50 Hz."""
    half = EcgSignal(np.zeros((1, 12 * 3600 * 50), dtype=np.float32), 50.0, ("II",))
    tracemalloc.start()
    try:
        result = screen(half)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert {each.code for each in result.findings} == UNUSABLE
    assert peak < 3 * 8 * half.n_samples


def laughing(content: bytes) -> bytes:
    """Declare entities before the root, each ten of the one before."""
    root = content.index(b"<", max(0, content.find(b"?>")))
    lines = b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(9))
    return content[:root] + b'<!DOCTYPE r [<!ENTITY a0 "ha">' + lines + b"]>" + content[root:]


def nested(content: bytes) -> bytes:
    """Put a million levels before the root's end."""
    end = content.rindex(b"</")
    return content[:end] + b"<a>" * 1_000_000 + content[end:]


def lying(n_samples: int) -> bytes:
    """Return a DICOM ECG that states another number of samples (0x003a, 0x0010) than it has."""
    content = write_dicom(signal_of(GOOD))
    told = b"\x3a\x00\x10\x00UL\x04\x00"
    assert content.count(told) == 1
    at = content.index(told) + len(told)
    return content[:at] + n_samples.to_bytes(4, "little") + content[at + 4 :]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(laughing(minimum_aecg()), "document type", id="aECG with entities"),
        pytest.param(laughing(xml_sample("sierra_103_repbeats")), "document type", id="Sierra"),
        pytest.param(nested(minimum_aecg()), "levels deep", id="aECG a million levels deep"),
        pytest.param(nested(xml_sample("sierra_103_repbeats")), "levels deep", id="Sierra deep"),
        pytest.param(lying(0), "of 0 samples", id="DICOM of no samples"),
        pytest.param(lying(5001), "120024 are claimed", id="DICOM of one sample more"),
        pytest.param(lying((1 << 32) - 1), "are claimed", id="DICOM of 2^32 - 1 samples"),
    ],
)
def test_a_hostile_file_is_one_line_in_a_moment(content: bytes, reason: str) -> None:
    with without_hanging(), pytest.raises(EcgFormatError, match=reason) as refused:
        read(content)
    assert str(refused.value)
    assert "\n" not in str(refused.value)
