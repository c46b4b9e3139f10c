from datetime import date, datetime
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecg import EcgFormatError, read
from ecg.formats import Format, sniff
from ecg.formats.mfer import read_mfer
from ecg.signal import STANDARD_LEADS, FilterInfo, Patient, Sex
from tests.ecg.formats.hostile import assert_no_prefix_breaks, damaged, edits, read_or_refused
from tests.support.peers import shared_ecg_data

Order = Literal["little", "big"]
EIGHT = (1, 2, 3, 4, 5, 6, 7, 8)
SAMPLES = np.arange(8 * 600).reshape(8, 600) - 2400


def tag(code: int, content: bytes, *, long: bool = False) -> bytes:
    """Return one definition, its length in one byte or in four."""
    size = b"\x84" + len(content).to_bytes(4, "big") if long else bytes([len(content)])
    return bytes([code]) + size + content


def of_channel(number: int, content: bytes) -> bytes:
    """Return a channel's attributes."""
    return bytes([0x3F, number]) + tag(0, content)[1:]


def mfer(
    samples: NDArray[np.generic] = SAMPLES,
    *,
    order: Order = "little",
    kind: tuple[int, str] = (0, "i2"),
    codes: tuple[int, ...] = EIGHT,
    block: int = 200,
    more: bytes = b"",
    step: bytes = b"",
) -> bytes:
    """Return a 12-lead MFER file of 500 Hz and 2.5 µV, sequence by sequence."""

    def number(value: int, width: int) -> bytes:
        return value.to_bytes(width, order)

    sequences = samples.shape[1] // block
    parts = [
        tag(0x40, b"MFR standard 12 lead ECG".ljust(32)),
        tag(0x01, b"\x01" if order == "little" else b"\x00"),
        tag(0x02, b"\x01\x01\x01"),
        tag(0x08, b"\x01"),
        tag(0x0B, b"\x01\xfd" + number(2, 1)),
        step or tag(0x0C, b"\x00\xf9" + number(25, 2)),
        tag(0x0A, bytes([kind[0]])),
        tag(0x04, number(block, 4)) + tag(0x05, bytes([len(codes)])),
        tag(0x06, number(sequences, 2)),
        more,
        *(of_channel(at, tag(0x09, number(code, 2))) for at, code in enumerate(codes)),
    ]
    cut = samples.reshape(len(codes), sequences, block).transpose(1, 0, 2)
    stored = cut.astype((">" if order == "big" else "<") + kind[1]).tobytes()
    return b"".join(parts) + tag(0x1E, stored, long=True) + b"\x80\x00"


PERSON = b"".join(
    [
        tag(0x03, b"GB18030"),
        tag(0x81, "张^zhang^三".encode("gb18030")),
        tag(0x82, b"A17^x"),
        tag(0x83, bytes([61, 0, 0]) + (1962).to_bytes(2, "little") + bytes([1, 31])),
        tag(0x84, b"\x02"),
        tag(0x85, (2024).to_bytes(2, "little") + bytes([2, 29, 23, 59, 58, 250, 0, 1, 0])),
        tag(0x17, b"NIHON KOHDEN^ECG-2550^1^2"),
        tag(0x11, b"HPF=0.05") + tag(0x11, b"LPF=150Hz") + tag(0x11, b"BEF=50^Hum filter"),
    ]
)
SMALL = mfer(SAMPLES[:, :40], block=20, more=PERSON)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(
    "kind", [(0, "i2"), (2, "i4"), (7, "f4"), (8, "f8")], ids=["int16", "int32", "float", "double"]
)
def test_samples_are_read_in_either_order_and_every_type(
    order: Order, kind: tuple[int, str]
) -> None:
    content = mfer(order=order, kind=kind)
    signal = read(content)
    assert sniff(content) is Format.MFER
    assert (signal.leads, signal.fs_hz, signal.n_samples) == (STANDARD_LEADS, 500.0, 600)
    i, ii = SAMPLES[0] * 2.5, SAMPLES[1] * 2.5
    expected = {"I": i, "II": ii, "III": ii - i, "aVR": -(i + ii) / 2, "aVF": ii - i / 2}
    for lead, samples in (expected | {"V6": SAMPLES[7] * 2.5}).items():
        found = signal.lead(lead)
        assert found is not None
        assert np.allclose(found, samples, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("kind", "offset"), [((1, "u2"), 3000), ((3, "u1"), 100), ((5, "i1"), 0)])
def test_small_and_unsigned_types_and_their_offset(kind: tuple[int, str], offset: int) -> None:
    values = np.tile(np.arange(-100, 100), (8, 3)) // 2
    zero = (-offset).to_bytes(2, "little", signed=True) if kind[0] == 1 else bytes([0])
    content = mfer(values + offset, kind=kind, more=tag(0x0D, zero) if offset == 3000 else b"")
    lead = read(content).lead("I")
    assert lead is not None
    assert np.allclose(np.diff(lead), np.diff(values[0]) * 2.5)


def test_patient_time_device_and_filters_are_told() -> None:
    signal = read(SMALL)
    assert signal.patient == Patient(61.0, Sex.FEMALE, "A17", "张 三", date(1962, 1, 31))
    assert signal.acquired_at == datetime(2024, 2, 29, 23, 59, 58, 250_001)  # noqa: DTZ001 -- wall clock
    assert signal.device == "NIHON KOHDEN ECG-2550"
    assert signal.filters == FilterInfo(0.05, 150.0, 50.0)


def test_only_a_stated_null_marks_a_gap_and_never_zero() -> None:
    values = SAMPLES.copy()
    values[0, 5], values[0, 6] = -32768, 0
    gap = read(mfer(values, more=tag(0x12, b"\x00\x80"))).lead("I")
    assert gap is not None
    assert np.flatnonzero(np.isnan(gap)).tolist() == [5]
    zero = read(mfer(values, more=tag(0x12, b"\x00\x00"))).lead("I")
    assert zero is not None
    assert not np.isnan(zero).any()


def test_channels_of_other_rates_and_units_are_left_out() -> None:
    slow = of_channel(7, tag(0x0B, b"\x01\xfd\x04") + tag(0x04, (100).to_bytes(2, "little")))
    pressure = of_channel(6, tag(0x0C, b"\x01\x00\x01"))
    whole = mfer(more=slow + pressure)
    stored = SAMPLES.reshape(8, 3, 200).transpose(1, 0, 2).astype("<i2")
    cut = b"".join(part[:7].tobytes() + part[7, :100].tobytes() for part in stored)
    begin = whole.index(b"\x1e\x84")
    signal = read(whole[:begin] + tag(0x1E, cut, long=True))
    assert signal.leads == (*STANDARD_LEADS[:6], "V1", "V2", "V3", "V4")
    lead = signal.lead("V4")
    assert lead is not None
    assert np.array_equal(lead, SAMPLES[5] * 2.5)


def test_frames_follow_each_other_and_dominant_beats_are_passed_over() -> None:
    first = mfer().removesuffix(b"\x80\x00")
    frame = first[first.index(b"\x1e\x84") :]
    assert read(first + frame).n_samples == 1200
    assert read(first + tag(0x08, b"\x09") + frame).n_samples == 600
    with pytest.raises(EcgFormatError, match="no rhythm"):
        read(mfer(more=tag(0x08, b"\x09")))


def test_attributes_of_unknown_length_end_with_two_zeros() -> None:
    named = bytes([0x3F, 0, 0x80]) + tag(0x09, b"\x3d\x00") + b"\x00\x00"
    whole = mfer()
    begin = whole.index(b"\x1e\x84")
    assert read(whole[:begin] + named + whole[begin:]).leads[0] == "III"
    with pytest.raises(EcgFormatError):
        read(whole[:begin] + named[:-2])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (mfer(more=tag(0x0E, b"\x01\x00\x00\x00")), "compressed"),
        (mfer(kind=(9, "i1")), "AHA"),
        (mfer(kind=(77, "i1")), "type 77"),
        (mfer(step=tag(0x0D, b"")), "no channel"),
        (mfer(np.full((8, 600), 1e300), kind=(8, "f8")), "beyond reason"),
        (mfer(more=tag(0x06, b"\xff\xff")), "fewer samples"),
        (mfer(more=tag(0x04, b"\xff\xff\xff\x7f")), "fewer samples"),
        (mfer(more=tag(0x0B, b"\x01\xfd\x00")), "interval"),
        (mfer(more=tag(0x0B, b"\x01\xff\x01")), "below 50 Hz"),
        (mfer(more=tag(0x0B, b"\x02\xfd\x01")), "below 50 Hz"),
        (mfer(more=tag(0x05, b"\x00")), "0 channels"),
        (mfer(more=of_channel(9, b"")), "does not exist"),
        (
            mfer(more=tag(0x67, tag(0x67, tag(0x67, tag(0x67, tag(0x67, b"\x01\x00"))))))[:99],
            "nest",
        ),
        (b"\x40 MFR \x80", "ends"),
    ],
)
def test_what_is_not_read_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(EcgFormatError, match=reason):
        read_mfer(content)


@given(edits(len(SMALL)))
@settings(max_examples=300, deadline=None)
def test_mutated_files_are_read_or_refused(changes: list[tuple[int, bytes]]) -> None:
    read_or_refused(read_mfer, damaged(SMALL, changes))


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=9)), max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_definitions_are_read_or_refused(definitions: list[tuple[int, bytes]]) -> None:
    more = b"".join(tag(code, content) for code, content in definitions)
    read_or_refused(read_mfer, mfer(SAMPLES[:, :40], block=20, more=more))


def test_truncated_files_are_read_or_refused() -> None:
    assert_no_prefix_breaks(read_mfer, SMALL)


def test_the_shared_file_is_read() -> None:
    signal = read(shared_ecg_data() / "formats" / "mfer" / "test-file.MWF")
    assert (signal.leads, signal.fs_hz, signal.n_samples) == (("II", "V5"), 250.0, 180_000)
    assert (signal.patient.id, signal.patient.name) == ("12345", "TRWRU")
    assert signal.samples_uv[0, :4].tolist() == [36.0, 30.0, 16.0, 6.0]
    assert signal.acquired_at == datetime(2019, 6, 19, 13, 20)  # noqa: DTZ001 -- wall clock
    assert signal.device == "NIHON KOHDEN CNS6000"
