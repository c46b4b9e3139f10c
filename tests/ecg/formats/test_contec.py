from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings

from ecg import EcgFormatError, read
from ecg.formats import Format, sniff
from ecg.formats.contec import read_contec
from ecg.signal import STANDARD_LEADS, Patient, Sex
from tests.ecg.formats.hostile import assert_no_prefix_breaks, damaged, edits, read_or_refused
from tests.support.peers import shared_ecg_data

STEPS = np.arange(8 * 90).reshape(90, 8) - 300


def contec(
    *,
    stamp: bytes = b"2020-11-15 12:59:50",
    name: bytes = "张三".encode("gbk"),
    person: bytes = bytes([0, 61, 70]),
) -> bytes:
    """Return a file of 90 samples, V6 off."""
    values = (STEPS + 2048).astype("<u2")
    values[:, 7] = 0x6800
    head = b"0000037".ljust(10, b"\0") + stamp.ljust(22, b"\0") + name.ljust(8, b"\0") + person
    return head + values.tobytes() + bytes(37)


def test_eight_stored_leads_make_twelve() -> None:
    content = contec()
    signal = read(content)
    assert sniff(content) is Format.CONTEC
    assert (signal.leads, signal.fs_hz, signal.n_samples) == (STANDARD_LEADS, 800.0, 90)
    i, ii = STEPS[:, 0] * 5.0, STEPS[:, 1] * 5.0
    assert np.array_equal(
        signal.samples_uv[:6], [i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2]
    )
    assert np.array_equal(signal.samples_uv[6], STEPS[:, 2] * 5.0)
    assert np.isnan(signal.samples_uv[11]).all()
    assert signal.acquired_at == datetime(2020, 11, 15, 12, 59, 50)  # noqa: DTZ001 -- wall clock
    assert signal.patient == Patient(61.0, Sex.FEMALE, "0000037", "张三")
    assert (signal.device, signal.source_format) == ("Contec ECG90A", "contec")


def test_blank_and_impossible_fields_are_unknown() -> None:
    signal = read(contec(name=b"", person=bytes([255, 0, 0]), stamp=b"2020-13-45 99:00:00"))
    assert (signal.patient, signal.acquired_at) == (Patient(id="0000037"), None)
    assert read(contec(person=bytes([1, 200, 0]))).patient.age_years is None


@given(edits(len(contec())))
@settings(max_examples=200, deadline=None)
def test_mutated_files_are_read_or_refused(changes: list[tuple[int, bytes]]) -> None:
    read_or_refused(read_contec, damaged(contec(), changes))


def test_files_that_are_no_whole_number_of_samples_are_refused() -> None:
    content = contec()
    assert_no_prefix_breaks(read_contec, content)
    with pytest.raises(EcgFormatError, match="whole number"):
        read(content[:-3])
    with pytest.raises(EcgFormatError, match="whole number"):
        read(content[:80])


def test_hours_of_samples_are_refused_before_they_fill_memory() -> None:
    with pytest.raises(EcgFormatError, match="larger than 32 MiB"):
        read(contec() + bytes(32 << 20))


def test_the_shared_file_is_read() -> None:
    signal = read(shared_ecg_data() / "formats" / "contec" / "0000037.ECG")
    assert (signal.n_samples, signal.patient.age_years, signal.patient.sex) == (
        8375,
        54.0,
        Sex.MALE,
    )
    assert signal.samples_uv[0, :3].tolist() == [-90.0, -120.0, -150.0]
    assert np.isnan(signal.samples_uv[6:]).all()
