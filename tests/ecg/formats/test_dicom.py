import io

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from ecg import EcgFormatError, read
from ecg.formats import Format, sniff
from ecg.signal import STANDARD_LEADS, Sex
from tests.dicom.build import wheel_file
from tests.support.peers import shared_ecg_data

CONTENT = wheel_file("waveform_ecg.dcm").read_bytes()


def changed(ds: Dataset) -> bytes:
    """Return a data set's bytes."""
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def sample() -> Dataset:
    """Return a fresh copy of pydicom's twelve-lead sample."""
    return pydicom.dcmread(io.BytesIO(CONTENT))


def test_the_rhythm_group_is_read_with_all_that_the_file_says() -> None:
    signal = read(wheel_file("waveform_ecg.dcm"))
    assert signal.leads == STANDARD_LEADS
    assert (signal.fs_hz, signal.n_samples, signal.source_format) == (1000.0, 10_000, "dicom")
    assert (signal.patient.age_years, signal.patient.sex) == (42.0, Sex.FEMALE)
    assert signal.device_statements == ("RITMO SINUSALE", "ECG NORMALE")
    assert signal.device == "Mortara Instrument, Inc. el250"
    assert (signal.filters.low_cut_hz, signal.filters.high_cut_hz) == (0.05, 300.0)
    assert signal.acquired_at is not None
    assert signal.acquired_at.isoformat() == "2013-01-25T10:59:19"


def test_samples_are_those_that_pydicom_decodes() -> None:
    signal = read(CONTENT)
    expected = sample().waveform_array(0).T
    assert np.allclose(signal.samples_uv, expected, atol=1e-6)


def test_the_median_beat_is_never_taken_for_the_rhythm() -> None:
    ds = sample()
    ds.WaveformSequence = [ds.WaveformSequence[1], ds.WaveformSequence[0]]
    assert read(changed(ds)).n_samples == 10_000
    del ds.WaveformSequence[1]
    with pytest.raises(EcgFormatError, match="only median beats"):
        read(changed(ds))


def test_groups_of_other_leads_join_at_their_time() -> None:
    first, second = sample().WaveformSequence[0], sample().WaveformSequence[0]
    raw = np.frombuffer(first.WaveformData, "<i2").reshape(-1, 12)
    for group, columns, offset in ((first, slice(0, 6), "0"), (second, slice(6, 12), "5000")):
        group.WaveformData = np.ascontiguousarray(raw[:5000, columns]).tobytes()
        group.ChannelDefinitionSequence = group.ChannelDefinitionSequence[columns]
        group.NumberOfWaveformChannels = 6
        group.NumberOfWaveformSamples = 5000
        group.MultiplexGroupTimeOffset = offset
    ds = sample()
    ds.WaveformSequence = [first, second]
    signal = read(changed(ds))
    assert signal.leads == STANDARD_LEADS
    assert signal.n_samples == 10_000
    assert np.isnan(signal.samples_uv[0, 5000:]).all()
    assert np.isnan(signal.samples_uv[11, :5000]).all()
    whole = read(CONTENT).samples_uv
    assert np.array_equal(signal.samples_uv[0, :5000], whole[0, :5000])
    assert np.array_equal(signal.samples_uv[11, 5000:], whole[11, :5000])


@pytest.mark.parametrize(
    ("age", "birth", "years"),
    [("042Y", "", 42.0), ("006M", "", 0.5), ("", "19710123", 42.0), ("", "", None)],
)
def test_the_age_is_the_stated_one_or_that_at_acquisition(
    age: str, birth: str, years: float | None
) -> None:
    ds = sample()
    ds.PatientAge, ds.PatientBirthDate = age, birth
    assert read(changed(ds)).patient.age_years == years


def test_channels_without_a_lead_keep_their_labels_apart() -> None:
    ds = sample()
    for channel in ds.WaveformSequence[0].ChannelDefinitionSequence[:3]:
        channel.ChannelSourceSequence[0].CodeValue = "0:0"
        channel.ChannelSourceSequence[0].CodeMeaning = "Probe"
        if "ChannelLabel" in channel:
            channel.ChannelLabel = "Probe"
    assert read(changed(ds)).leads[:3] == ("Probe", "Probe #2", "Probe #3")


def test_content_decides_not_the_name() -> None:
    assert sniff(CONTENT) is Format.DICOM
    with pytest.raises(EcgFormatError, match="not known"):
        read(b"BM looks like a picture" * 20)
    with pytest.raises(EcgFormatError, match="empty"):
        read(b"")


def test_an_image_is_no_ecg() -> None:
    with pytest.raises(EcgFormatError, match="no waveform"):
        read(wheel_file("CT_small.dcm"))


def test_a_path_that_is_none_is_a_clear_refusal() -> None:
    with pytest.raises(EcgFormatError, match="cannot be read"):
        read("no/such/file.dcm")
    with pytest.raises(EcgFormatError, match="cannot be read"):
        read(wheel_file("waveform_ecg.dcm").parent)


@settings(deadline=None, max_examples=30)
@given(length=st.integers(0, len(CONTENT) - 1))
def test_every_cut_file_is_read_or_refused(length: int) -> None:
    try:
        signal = read(CONTENT[:length])
    except EcgFormatError:
        return
    assert signal.n_samples == 10_000


@settings(deadline=None, max_examples=60)
@given(at=st.integers(0, 6000), junk=st.binary(min_size=1, max_size=12))
def test_every_damaged_file_is_read_or_refused(at: int, junk: bytes) -> None:
    try:
        signal = read(CONTENT[:at] + junk + CONTENT[at + len(junk) :])
    except EcgFormatError:
        return
    assert signal.source_format == "dicom"


def test_a_refusal_is_one_line() -> None:
    assert str(EcgFormatError("a\nb " + "c" * 999)).startswith("a b ccc")
    assert len(str(EcgFormatError("a\nb " + "c" * 999))) == 300


@settings(deadline=None, max_examples=60)
@given(tail=st.binary(max_size=300))
def test_junk_behind_the_prefix_is_refused(tail: bytes) -> None:
    with pytest.raises(EcgFormatError):
        read(bytes(128) + b"DICM" + tail)


def test_files_of_other_devices_are_read() -> None:
    folder = shared_ecg_data() / "formats" / "dicom"
    assert [read(path).n_leads for path in sorted(folder.glob("*.dcm"))] == [12, 12]


@pytest.mark.parametrize("spoilt", [b"1..2", b"\0\0\0\0", b"none"])
def test_an_ecg_whose_uids_are_none_is_read_all_the_same(spoilt: bytes) -> None:
    """As C# ECG Toolkit writes them, and as older converters leave them out."""
    content, ds = CONTENT, sample()
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        uid = str(ds[keyword].value).encode()
        content = content.replace(uid, spoilt.ljust(len(uid), b"\0"))
    assert np.array_equal(read(content).samples_uv, read(CONTENT).samples_uv)
