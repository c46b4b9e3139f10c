"""Every image of pydicom's wheel in every transfer syntax: the same pixels, the same attributes."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.tag import BaseTag

from dicom.codestream import DecodeError, DecodeFault
from dicom.encode import HTJ2K_LOSSLESS, JPEG_2000_LOSSLESS, JPEG_LS_LOSSLESS, RLE_LOSSLESS
from dicom.part10 import scan
from dicom.pixels import Image, open_image, read_frame
from dicom.transcode import TARGETS, can_transcode, transcode, transcode_frames
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN
from tests.dicom.build import WHEEL_DATA, wheel_file

NEVER: Final = 1e9
DESCRIBING: Final = {0x00280004, 0x00280006, 0x7FE00010, 0x7FE00001, 0x7FE00002, 0x00880200}
"""What may differ: how the pixels are encoded."""


def images() -> list[Path]:
    """Return the images of the wheel whose first frame we read."""
    found = []
    for path in sorted((WHEEL_DATA / "test_files").glob("*.dcm")):
        try:
            read_frame(open_image(path), 0)
        except DecodeError:
            continue
        found.append(path)
    return found


IMAGES: Final = images()


def whole(source: Path, target: str, into: Path) -> Image:
    assert transcode(source, target, into, 0, NEVER).next_frame is None
    return open_image(into)


def meaning(image: Image, frame: int) -> tuple[NDArray[Any], str]:
    """Return the values of a frame, and what they mean: subsampled colours spread over pixels."""
    found = read_frame(image, frame)
    photometric = "YBR_FULL" if found.photometric == "YBR_FULL_422" else found.photometric
    return found.values, photometric


@pytest.mark.parametrize("target", TARGETS)
def test_every_image_keeps_its_pixels(target: str, tmp_path: Path) -> None:
    seen = 0
    for path in IMAGES:
        source = open_image(path)
        if not can_transcode(
            source.header.transfer_syntax_uid, target, source.layout.bits_allocated
        ):
            continue
        made = whole(path, target, tmp_path / "made.dcm")
        assert made.header.transfer_syntax_uid == target
        assert made.header.frames is not None
        assert source.header.frames is not None
        assert made.header.frames.count == source.header.frames.count, path.name
        for frame in {0, source.header.frames.count - 1}:
            values, photometric = meaning(source, frame)
            again, made_photometric = meaning(made, frame)
            assert made_photometric == photometric, path.name
            assert np.array_equal(again, values), (path.name, frame)
        seen += 1
    assert seen >= 40


def tags_of(ds: Dataset) -> set[int]:
    keys = cast("Iterable[BaseTag]", ds.keys())
    return {int(tag) for tag in keys if tag.element}


@pytest.mark.parametrize("target", TARGETS)
def test_attributes_stay_and_pydicom_reads_the_file(target: str, tmp_path: Path) -> None:
    for path in IMAGES:
        source = scan(path)
        bits = source.dataset.get("BitsAllocated")
        if not can_transcode(source.transfer_syntax_uid, target, bits):
            continue
        whole(path, target, tmp_path / "made.dcm")
        before, after = scan(path).dataset, scan(tmp_path / "made.dcm").dataset
        kept = tags_of(before) - DESCRIBING
        assert kept == tags_of(after) - DESCRIBING, path.name
        assert dcmread(tmp_path / "made.dcm").SOPInstanceUID == before.SOPInstanceUID


@pytest.mark.parametrize(
    "target", [EXPLICIT_VR_LITTLE_ENDIAN, RLE_LOSSLESS, JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS,
               HTJ2K_LOSSLESS]
)  # fmt: skip
@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small.dcm",
        "examples_rgb_color.dcm",
        "JPGExtended.dcm",
        "SC_rgb_rle_2frame.dcm",
    ],
)
def test_foreign_decoders_see_the_same_pixels(target: str, name: str, tmp_path: Path) -> None:
    """Those of pydicom: OpenJPEG, CharLS and its own for run lengths, none of them ours."""
    path = wheel_file(name)
    if name == "JPGExtended.dcm":
        expected = read_frame(open_image(path), 0).values
    else:
        expected = dcmread(path).pixel_array
    transcode(path, target, tmp_path / "made.dcm", 0, NEVER)
    made = dcmread(tmp_path / "made.dcm")
    assert np.array_equal(made.pixel_array, expected)


def test_work_stops_between_frames_and_goes_on(tmp_path: Path) -> None:
    path = wheel_file("SC_rgb_rle_2frame.dcm")
    steps = []
    frame: int | None = 0
    while frame is not None:
        frame = transcode(path, JPEG_LS_LOSSLESS, tmp_path / "made.dcm", frame, -1.0).next_frame
        steps.append(frame)
    transcode(path, JPEG_LS_LOSSLESS, tmp_path / "whole.dcm", 0, NEVER)
    assert steps == [1, None]
    assert (tmp_path / "made.dcm").read_bytes() == (tmp_path / "whole.dcm").read_bytes()


def test_frames_alone_are_those_of_the_file(tmp_path: Path) -> None:
    path = wheel_file("SC_rgb_rle_2frame.dcm")
    transcode(path, JPEG_2000_LOSSLESS, tmp_path / "made.dcm", 0, NEVER)
    expected = list(generate_frames(dcmread(tmp_path / "made.dcm").PixelData, number_of_frames=2))
    into = tmp_path / "frames"
    first = transcode_frames(path, JPEG_2000_LOSSLESS, into, [1, 0], -1.0)
    rest = transcode_frames(path, JPEG_2000_LOSSLESS, into, [0], -1.0)
    assert (first.next_frame, rest.next_frame) == (1, None)
    assert into.read_bytes() == expected[1] + expected[0]
    assert first.lengths + rest.lengths == (len(expected[1]), len(expected[0]))


def test_bits_beyond_those_stored_survive(tmp_path: Path) -> None:
    """An overlay of old stands in the unused bits of the pixels."""
    ds = dcmread(wheel_file("CT_small.dcm"))
    cells = ds.pixel_array.astype("<u2") & 0x0FFF | 0x5000
    ds.PixelData = cells.tobytes()
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, 0
    ds.save_as(tmp_path / "source.dcm")
    for target in TARGETS[1:]:
        made = whole(tmp_path / "source.dcm", target, tmp_path / "made.dcm")
        again = tmp_path / "again.dcm"
        assert (read_frame(made, 0).values == cells & 0x0FFF).all()
        ds_made = dcmread(tmp_path / "made.dcm")
        ds_made.BitsStored, ds_made.HighBit = 16, 15
        ds_made.save_as(again)
        assert (read_frame(open_image(again), 0).values == cells).all(), target


@pytest.mark.parametrize("name", ["MR_small_implicit.dcm", "MR_small_bigendian.dcm"])
def test_long_and_nested_values_move_with_the_file(name: str, tmp_path: Path) -> None:
    ds = dcmread(wheel_file(name))
    expected = ds.pixel_array
    item = Dataset()
    item.EncapsulatedDocument = b"%PDF" + bytes(range(256)) * 20_000
    ds.ReferencedImageSequence = [Dataset(), item]
    ds.SelectorFDValue = [float(value) for value in range(2_000)]
    order = ">" if "big" in name else "<"
    ds.RedPaletteColorLookupTableData = np.arange(3_000_000, dtype=f"{order}u2").tobytes()
    ds.save_as(tmp_path / "source.dcm")
    for target in TARGETS:
        transcode(tmp_path / "source.dcm", target, tmp_path / "made.dcm", 0, NEVER)
        made = dcmread(tmp_path / "made.dcm")
        assert made.ReferencedImageSequence[1].EncapsulatedDocument == item.EncapsulatedDocument
        assert made.SelectorFDValue == ds.SelectorFDValue
        table = np.frombuffer(made.RedPaletteColorLookupTableData, "<u2")
        assert (table == np.arange(3_000_000, dtype="u2")).all()
        if target == EXPLICIT_VR_LITTLE_ENDIAN:
            assert (made.pixel_array == expected).all()


def test_what_has_no_pixels_becomes_explicit_and_nothing_else(tmp_path: Path) -> None:
    path = wheel_file("test-SR.dcm")
    transcode(path, EXPLICIT_VR_LITTLE_ENDIAN, tmp_path / "made.dcm", 0, NEVER)
    buffer = BytesIO((tmp_path / "made.dcm").read_bytes())
    assert dcmread(buffer).ContentSequence == dcmread(path).ContentSequence
    with pytest.raises(DecodeError) as refused:
        transcode(path, RLE_LOSSLESS, tmp_path / "none.dcm", 0, NEVER)
    assert refused.value.code is DecodeFault.NOT_AN_IMAGE
