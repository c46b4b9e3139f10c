"""Overlays laid over images, against DCMTK where it is on this machine."""

import subprocess
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom.overlays import overlay_mask
from dicom.pixels import open_image, read_frame
from dicom.render import Region, RenderOptions, render_frame
from tests.dicom.build import saved
from tests.dicom.test_pixels import PNG, grey, rendered
from tests.support.peers import require_program
from tests.support.real_files import REAL_FILES, RealFile

PLAIN = np.zeros((4, 6), dtype="<u2")


def overlaid(
    ds: Dataset, bits: NDArray[np.generic], group: int = 0x6000, **more: object
) -> Dataset:
    """Lay a plane over an image."""
    values: dict[int, tuple[str, object]] = {
        0x0010: ("US", bits.shape[-2]), 0x0011: ("US", bits.shape[-1]), 0x0040: ("CS", "G"),
        0x0050: ("SS", [1, 1]), 0x0100: ("US", 1), 0x0102: ("US", 0),
    }  # fmt: skip
    if bits.ndim == 3:
        values[0x0015] = ("IS", bits.shape[0])
    data = np.packbits(bits.ravel().astype(np.uint8), bitorder="little").tobytes()
    values[0x3000] = ("OW", data + b"\0" * (len(data) % 2))
    tags = {"kind": (0x0040, "CS"), "origin": (0x0050, "SS"), "first": (0x0051, "US")}
    for name, value in more.items():
        number, vr = tags[name]
        values[number] = (vr, value)
    for number, (vr, value) in values.items():
        ds.add_new(group << 16 | number, vr, value)
    return ds


def mask_of(ds: Dataset, folder: Path, frame: int = 0) -> list[list[int]] | None:
    path = folder / "image.dcm"
    path.write_bytes(saved(ds).getvalue())
    image = open_image(path)
    found = overlay_mask(image.header.dataset, image.layout, read_frame(image, frame), frame)
    return None if found is None else found.astype(int).tolist()


WITH_OVERLAYS = [file for file in REAL_FILES if "verlay" in file.name]


@pytest.mark.parametrize("file", WITH_OVERLAYS, ids=str)
def test_real_overlays_stand_where_dcmtk_puts_them(file: RealFile, tmp_path: Path) -> None:
    path = file.path
    program = require_program("dcm2pnm")
    subprocess.run(
        [program, "--use-window", "1", "--write-raw-pnm", path, tmp_path / "theirs.pgm"], check=True
    )
    theirs = np.fromfile(tmp_path / "theirs.pgm", dtype=np.uint8)
    ours = imagecodecs.png_decode(render_frame(open_image(path), 0, PNG).data)
    difference = np.abs(ours.ravel().astype(int) - theirs[-ours.size :])
    assert difference.max() <= 1


def test_a_plane_is_white_and_shrinks_with_its_image(tmp_path: Path) -> None:
    bits = np.zeros((4, 6))
    bits[1, 2] = 1
    ds = overlaid(grey(PLAIN, WindowCenter="100", WindowWidth="50"), bits)
    shown = rendered(ds, PNG, tmp_path)
    assert np.argwhere(shown == 255).tolist() == [[1, 2]]
    small = rendered(ds, RenderOptions(PNG.picture_type, viewport=(3, 2)), tmp_path)
    assert small.tolist() == [[0, 64, 0], [0, 0, 0]]


def test_a_plane_lies_over_a_colour_image_too(tmp_path: Path) -> None:
    ds = grey(np.zeros((2, 2), dtype="u1"), SamplesPerPixel=3, PhotometricInterpretation="RGB")
    ds.PlanarConfiguration = 0
    ds.add_new("PixelData", "OB", bytes(range(12)))
    shown = rendered(overlaid(ds, np.eye(2)), PNG, tmp_path)
    assert shown.tolist() == [[[255] * 3, [3, 4, 5]], [[6, 7, 8], [255] * 3]]


def test_origins_outside_of_the_image_are_clipped(tmp_path: Path) -> None:
    ds = overlaid(grey(PLAIN), np.ones((3, 3)), origin=[-1, 5])
    assert mask_of(ds, tmp_path) == [[0, 0, 0, 0, 1, 1]] + [[0] * 6] * 3
    ds = overlaid(grey(PLAIN), np.ones((3, 3)), origin=[100, -32768])
    assert mask_of(ds, tmp_path) is None


def test_several_groups_are_joined(tmp_path: Path) -> None:
    ds = overlaid(grey(PLAIN), np.ones((1, 1)))
    overlaid(ds, np.ones((1, 1)), 0x601E, origin=[4, 6])
    found = mask_of(ds, tmp_path)
    assert found is not None
    assert np.argwhere(found).tolist() == [[0, 0], [3, 5]]


def test_a_region_is_drawn_as_its_outline(tmp_path: Path) -> None:
    ds = overlaid(grey(PLAIN), np.ones((4, 5)), kind="R")
    assert mask_of(ds, tmp_path) == [
        [1, 1, 1, 1, 1, 0], [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 0], [1, 1, 1, 1, 1, 0],
    ]  # fmt: skip


def test_frames_of_a_plane_belong_to_frames_of_the_image(tmp_path: Path) -> None:
    image = grey(np.zeros((4, 3, 5), dtype="<u2"))
    planes = np.random.default_rng(2).integers(0, 2, (2, 3, 5))
    ds = overlaid(image, planes, first=2)
    assert mask_of(ds, tmp_path, 0) is None
    assert mask_of(ds, tmp_path, 1) == planes[0].tolist()
    assert mask_of(ds, tmp_path, 2) == planes[1].tolist()
    assert mask_of(ds, tmp_path, 3) is None


def test_one_plane_lies_over_every_frame(tmp_path: Path) -> None:
    ds = overlaid(grey(np.zeros((2, 2, 2), dtype="<u2")), np.eye(2))
    assert mask_of(ds, tmp_path, 0) == mask_of(ds, tmp_path, 1) == [[1, 0], [0, 1]]


def test_a_plane_in_unused_bits_of_the_pixels_is_found(tmp_path: Path) -> None:
    ds = grey(np.array([[0x8001, 0x0002], [0x4003, 0x8004]], dtype="<u2"), BitsStored=12)
    ds.HighBit = 11
    for number, vr, value in (
        (0x0010, "US", 2), (0x0011, "US", 2), (0x0040, "CS", "G"), (0x0050, "SS", [1, 1]),
        (0x0100, "US", 16), (0x0102, "US", 15),
    ):  # fmt: skip
        ds.add_new(0x6000 << 16 | number, vr, value)
    assert mask_of(ds, tmp_path) == [[1, 0], [0, 1]]
    ds[0x60000102].value = 3
    assert mask_of(ds, tmp_path) is None


@pytest.mark.parametrize(("number", "value"), [(0x0010, 60000), (0x0011, 60000), (0x0010, 0)])
def test_a_plane_that_lies_about_its_size_is_left_out(
    number: int, value: int, tmp_path: Path
) -> None:
    ds = overlaid(grey(PLAIN), np.ones((4, 6)))
    ds.add_new(0x60000000 | number, "US", value)
    assert mask_of(ds, tmp_path) is None


def test_a_plane_is_cut_and_flipped_with_its_image(tmp_path: Path) -> None:
    bits = np.zeros((4, 6))
    bits[1, 2] = 1
    ds = overlaid(grey(PLAIN, WindowCenter="100", WindowWidth="50"), bits)
    region = Region(1, 1, 3, 2, mirrored=True, upside_down=True)
    shown = rendered(ds, RenderOptions(PNG.picture_type, region=region), tmp_path)
    assert shown.tolist() == [[0, 0, 0], [0, 255, 0]]
