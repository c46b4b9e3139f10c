"""Structure of Part 10 files: what is found, and what is refused with which code."""

import contextlib
import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom.faults import DicomFormatError, FormatFault
from dicom.part10 import ExpectedObject, inflate, read_ranges, scan
from dicom.structure import ScanLimits
from tests.dicom.build import (
    CT_STORAGE,
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    SEQUENCE_END,
    element,
    identity,
    item,
    meta,
    padded,
    part10,
    wheel_file,
)

JPEG = "1.2.840.10008.1.2.4.50"
PIXEL_DATA = 0x7FE00010
IMAGE = [
    element(0x00280010, "US", struct.pack("<H", 2)),
    element(0x00280011, "US", struct.pack("<H", 3)),
    element(0x00280100, "US", struct.pack("<H", 16)),
]


def refusal(file: io.BytesIO | Path, **options: object) -> FormatFault:
    with pytest.raises(DicomFormatError) as caught:
        scan(file, **options)  # type: ignore[arg-type]  # options are the keywords of scan
    return caught.value.code


def encapsulated(*fragments: bytes, table: bytes = b"", frames: int = 1) -> io.BytesIO:
    count = str(frames).encode()
    return part10(
        element(0x00280008, "IS", count + b" " * (len(count) % 2)),
        *IMAGE,
        element(PIXEL_DATA, "OB", item(table), length=0xFFFFFFFF)
        + b"".join(item(fragment) for fragment in fragments)
        + SEQUENCE_END,
        transfer_syntax=JPEG,
    )


def test_a_ct_image_is_described_as_pydicom_describes_it() -> None:
    path = wheel_file("CT_small.dcm")
    header = scan(path)
    reference = pydicom.dcmread(path)
    assert header.sop_instance_uid == reference.SOPInstanceUID
    assert header.study_instance_uid == reference.StudyInstanceUID
    assert header.series_instance_uid == reference.SeriesInstanceUID
    assert header.transfer_syntax_uid == EXPLICIT
    assert header.size == path.stat().st_size
    assert header.frames is not None
    with path.open("rb") as file:
        assert read_ranges(file, header.frames.ranges(0)) == reference.PixelData
    del reference.PixelData
    assert header.dataset == pydicom.dataset.Dataset(reference)


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_implicit.dcm",
        "MR_small_expb.dcm",
        "rtdose.dcm",
        "rtplan.dcm",
        "test-SR.dcm",
        "reportsi.dcm",
        "examples_overlay.dcm",
        "693_J2KI.dcm",
        "waveform_ecg.dcm",
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_the_walk_finds_the_elements_that_pydicom_finds(name: str) -> None:
    path = wheel_file(name)
    header = scan(path, ScanLimits(inline_bytes=10_000_000))
    reference = pydicom.dcmread(path)
    reference.pop("PixelData", None)
    assert header.dataset == pydicom.dataset.Dataset(reference)


def test_frames_of_encapsulated_files_are_those_of_pydicom() -> None:
    path = wheel_file("examples_ybr_color.dcm")
    reference = pydicom.dcmread(path)
    expected = list(pydicom.encaps.generate_frames(reference.PixelData, number_of_frames=30))
    index = scan(path).frames
    assert index is not None
    with path.open("rb") as file:
        assert [read_ranges(file, index.ranges(n)) for n in range(index.count)] == expected


def test_a_long_value_is_located_and_not_read() -> None:
    value = bytes(range(256)) * 400
    file = part10(element(0x00420011, "OB", value))
    header = scan(file)
    (bulk,) = header.bulk
    assert bulk.path_text == "00420011"
    assert "EncapsulatedDocument" not in header.dataset
    file.seek(bulk.offset)
    assert file.read(bulk.length) == value


def test_an_element_longer_than_the_file_is_refused() -> None:
    assert refusal(part10(element(0x00420011, "OB", b"abcd", length=1_000_000))) == "truncated"


def test_an_item_longer_than_its_sequence_is_refused() -> None:
    lying = element(0x00081115, "SQ", item(element(0x00100010, "PN", b"A^B "), length=500))
    assert refusal(part10(lying, element(0x00100020, "LO", b"x" * 600))) == "truncated"


def test_an_undefined_sequence_without_delimiter_is_refused() -> None:
    open_ended = element(0x00081115, "SQ", item(b""), length=0xFFFFFFFF)
    assert refusal(part10(open_ended)) == "truncated"


def test_native_pixel_data_shorter_than_the_image_is_refused() -> None:
    assert refusal(part10(*IMAGE, element(PIXEL_DATA, "OW", b"\0" * 10))) == "pixel-data-truncated"


def test_an_image_cut_right_before_its_pixel_data_is_refused() -> None:
    assert refusal(part10(*IMAGE)) == "pixel-data-missing"
    assert scan(part10(*IMAGE), ScanLimits(require_pixel_data=False)).frames is None


def test_a_fragment_beyond_the_file_is_refused() -> None:
    broken = element(PIXEL_DATA, "OB", item(b""), length=0xFFFFFFFF) + item(b"\0" * 8, length=999)
    assert refusal(part10(*IMAGE, broken, transfer_syntax=JPEG)) == "pixel-data-truncated"


def test_encapsulated_pixel_data_without_delimiter_is_refused() -> None:
    whole = encapsulated(b"\xff\xd8\xff\xd9").getvalue()
    assert refusal(io.BytesIO(whole[:-8])) == "truncated"


def test_fewer_fragments_than_frames_are_refused() -> None:
    assert refusal(encapsulated(b"\xff\xd8\xff\xd9", frames=2)) == "pixel-data-truncated"


def test_fragments_in_a_native_syntax_are_refused() -> None:
    fragments = element(PIXEL_DATA, "OB", item(b""), length=0xFFFFFFFF) + item(b"ab") + SEQUENCE_END
    assert refusal(part10(*IMAGE, fragments)) == "bad-pixel-data"


def test_frames_of_several_fragments_are_told_apart_by_the_offset_table() -> None:
    file = encapsulated(b"aa", b"bb", b"cc", table=struct.pack("<II", 0, 20), frames=2)
    index = scan(file).frames
    assert index is not None
    assert read_ranges(file, index.ranges(0)) == b"aabb"
    assert read_ranges(file, index.ranges(1)) == b"cc"
    assert type(index).from_bytes(index.to_bytes()) == index


def test_frames_of_several_fragments_are_told_apart_by_their_start_markers() -> None:
    file = encapsulated(b"\xff\xd8\xff\xe0", b"xx", b"\xff\xd8\xff\xe0", frames=2)
    index = scan(file).frames
    assert index is not None
    assert read_ranges(file, index.ranges(0)) == b"\xff\xd8\xff\xe0xx"


def test_frames_follow_the_extended_offset_table() -> None:
    plain = encapsulated(b"aa", b"bb", b"cc", frames=2).getvalue()
    table = element(0x7FE00001, "OV", struct.pack("<QQ", 0, 10))
    at = plain.index(struct.pack("<HH2s", 0x7FE0, 0x10, b"OB"))
    file = io.BytesIO(plain[:at] + table + plain[at:])
    index = scan(file).frames
    assert index is not None
    assert [read_ranges(file, index.ranges(n)) for n in range(2)] == [b"aa", b"bbcc"]


def test_an_offset_table_that_points_nowhere_is_refused() -> None:
    file = encapsulated(b"aa", b"bb", b"cc", table=struct.pack("<II", 0, 7), frames=2)
    assert refusal(file) == "bad-pixel-data"


def test_frames_of_one_bit_share_their_outer_bytes() -> None:
    file = part10(
        element(0x00280008, "IS", b"2 "),
        element(0x00280010, "US", struct.pack("<H", 3)),
        element(0x00280011, "US", struct.pack("<H", 5)),
        element(0x00280100, "US", struct.pack("<H", 1)),
        element(PIXEL_DATA, "OB", b"\xab\xcd\xef\x01"),
    )
    index = scan(file).frames
    assert index is not None
    assert (index.bit_shift(0), index.bit_shift(1)) == (0, 7)
    assert read_ranges(file, index.ranges(1)) == b"\xcd\xef\x01"


def nested(depth: int, *, defined: bool) -> bytes:
    inner = b""
    for _ in range(depth):
        if defined:
            inner = element(0x00081115, "SQ", item(inner))
        else:
            inner = (
                element(0x00081115, "SQ", item(inner + ITEM_END, length=0xFFFFFFFF), 0xFFFFFFFF)
                + SEQUENCE_END
            )
    return inner


@pytest.mark.parametrize("defined", [True, False])
def test_sequences_ten_thousand_deep_are_refused(*, defined: bool) -> None:
    assert refusal(part10(nested(10_000, defined=defined))) == "too-deep"
    assert scan(part10(nested(20, defined=defined))).dataset.ReferencedSeriesSequence


def test_sequences_hidden_in_unknown_elements_are_bounded_too() -> None:
    inner = b""
    for _ in range(10_000):
        body = struct.pack("<HHI", 0x0009, 0x1001, len(inner)) + inner
        inner = item(body)
    assert refusal(part10(element(0x00091001, "UN", inner))) == "too-deep"


def test_300_000_tiny_elements_are_refused() -> None:
    tiny = b"".join(element(0x00100020 + (n << 16), "LO", b"") for n in range(60_000))
    assert refusal(part10(tiny * 5)) == "too-many-elements"


def test_300_000_empty_items_are_refused() -> None:
    many = element(0x00081115, "SQ", item(b"") * 300_000)
    assert refusal(part10(many)) == "too-many-elements"


def test_a_deflate_bomb_is_refused_in_bounded_memory() -> None:
    engine = zlib.compressobj(9, wbits=-15)
    head = b"".join(identity()) + element(0x00420011, "OB", b"", 1 << 30)
    packed = engine.compress(head) + engine.flush(zlib.Z_FULL_FLUSH)
    mebibyte = engine.compress(bytes(1 << 20)) + engine.flush(zlib.Z_FULL_FLUSH)
    packed += mebibyte * 1024 + engine.flush()
    assert len(packed) < 2_000_000
    tracemalloc.start()
    try:
        code = refusal(io.BytesIO(meta(DeflatedExplicitVRLittleEndian) + packed))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert code == "deflate-bomb"
    assert peak_bytes < 50_000_000


def test_a_deflated_image_is_read_through_its_inflated_form() -> None:
    path = wheel_file("image_dfl.dcm")
    header = scan(path)
    assert header.deflated
    assert header.frames is not None
    with inflate(path, header) as file:
        assert read_ranges(file, header.frames.ranges(0)) == pydicom.dcmread(path).PixelData


def test_a_cut_deflate_stream_is_refused() -> None:
    whole = wheel_file("image_dfl.dcm").read_bytes()
    assert refusal(io.BytesIO(whole[:-100])) == "truncated"
    reserved_block = b"\x07" * 100
    garbage = meta(DeflatedExplicitVRLittleEndian) + reserved_block
    assert refusal(io.BytesIO(garbage)) == "bad-deflate"


@pytest.mark.parametrize(
    "value",
    [b"../../etc/x ", b"1.2\x003.4 ", b"1." * 33, b"1..2", b"1.2.", b".1", b"1.2 3.4 ", b"1.2.a "],
)
def test_a_uid_that_is_none_is_refused(value: bytes) -> None:
    parts = identity()
    parts[1] = element(0x00080018, "UI", value)
    assert refusal(io.BytesIO(meta() + b"".join(parts))) == "bad-uid"


@pytest.mark.parametrize("missing", range(4))
def test_an_object_without_its_uids_is_refused(missing: int) -> None:
    parts = identity()
    del parts[missing]
    assert refusal(io.BytesIO(meta() + b"".join(parts))) == "missing-uid"


def test_leading_zeros_in_a_uid_are_let_through_and_counted() -> None:
    parts = identity(instance="1.2.003.4")
    header = scan(io.BytesIO(meta() + b"".join(parts)))
    assert (header.sop_instance_uid, header.nonconforming_uids) == ("1.2.003.4", 1)


def test_an_identity_that_stands_twice_is_refused() -> None:
    again = element(0x00080018, "UI", padded("9.9.9"))
    assert refusal(part10(again)) == "duplicate-element"


def test_another_object_than_announced_is_refused() -> None:
    announced = ExpectedObject(CT_STORAGE, "1.2.3.4")
    assert scan(part10(), expected=announced).sop_instance_uid == "1.2.3.4"
    assert refusal(part10(), expected=ExpectedObject(CT_STORAGE, "1.2.3.5")) == "uid-mismatch"


def test_meta_information_about_another_object_is_flagged() -> None:
    assert not scan(wheel_file("rtdose.dcm")).meta_agrees
    assert scan(wheel_file("rtdose_rle.dcm")).meta_agrees


@pytest.mark.parametrize("preamble", [b"MZ", b"<html>", b"II*\0"])
def test_a_polyglot_preamble_is_flagged(preamble: bytes) -> None:
    whole = part10().getvalue()
    assert scan(io.BytesIO(whole)).preamble_is_zero
    assert not scan(io.BytesIO(preamble + whole[len(preamble) :])).preamble_is_zero


def test_a_file_without_preamble_is_read_by_its_meta_information() -> None:
    whole = part10().getvalue()
    assert scan(io.BytesIO(whole[132:])).sop_instance_uid == "1.2.3.4"
    assert scan(io.BytesIO(whole[128:])).sop_instance_uid == "1.2.3.4"


def test_a_bare_data_set_needs_to_be_told_its_syntax() -> None:
    bare = wheel_file("rtstruct.dcm")
    assert refusal(bare) == "missing-meta"
    assert scan(bare, transfer_syntax=IMPLICIT).sop_instance_uid
    assert refusal(wheel_file("meta_missing_tsyntax.dcm")) == "missing-transfer-syntax"


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04" * 50, b"\0" * 4096, b"DICM", b"<html></html>"]
)
def test_what_is_no_dicom_is_refused(content: bytes) -> None:
    assert refusal(io.BytesIO(content)) in ("not-dicom", "missing-transfer-syntax")


@pytest.mark.parametrize(
    "name",
    ["MR_small_RLE.dcm", "image_dfl.dcm", "MR_small_implicit.dcm", "693_J2KI.dcm", "chrH32.dcm"],
)
def test_a_file_cut_anywhere_is_refused_unless_it_is_complete(name: str) -> None:
    whole = wheel_file(name).read_bytes()
    complete = scan(io.BytesIO(whole))
    for length in range(0, len(whole), 1 if len(whole) < 8000 else 3):
        try:
            cut = scan(io.BytesIO(whole[:length]))
        except DicomFormatError:
            continue
        if cut.frames is None:
            # Between two elements before the image is described, nothing tells a cut.
            last = max(cut.dataset.keys())
            assert last < 0x00280100
            assert set(cut.dataset.keys()) == {tag for tag in complete.dataset._dict if tag <= last}
        else:
            # Only Data Set Trailing Padding was cut.
            assert cut.frames == complete.frames
            assert set(complete.dataset.keys()) - set(cut.dataset.keys()) <= {0xFFFCFFFC}


SAMPLES = [
    wheel_file(name).read_bytes()
    for name in (
        "MR_small_RLE.dcm",
        "chrH32.dcm",
        "rtplan.dcm",
        "reportsi.dcm",
        "image_dfl.dcm",
        "SC_rgb_rle_2frame.dcm",
        "6154",
        "rtdose_expb.dcm",
    )
]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_flipped_bytes_yield_a_header_or_a_refusal(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from(SAMPLES)))
    flips = data.draw(
        st.lists(
            st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=12
        )
    )
    for at, value in flips:
        whole[at] = value
    with contextlib.suppress(DicomFormatError):
        assert scan(io.BytesIO(bytes(whole))).sop_instance_uid


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_after_the_meta_information_yield_a_header_or_a_refusal(tail: bytes) -> None:
    for syntax in (EXPLICIT, IMPLICIT, "1.2.840.10008.1.2.2", JPEG):
        with contextlib.suppress(DicomFormatError):
            assert scan(part10(tail, transfer_syntax=syntax)).sop_instance_uid == "1.2.3.4"
