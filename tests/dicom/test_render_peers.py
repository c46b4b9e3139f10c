"""Pictures of every real image against those that DCMTK draws, and JPEG against its decoder."""

import re
import subprocess
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels.utils import pixel_array

from dicom import dataset as access
from dicom.pixels import open_image, read_frame
from dicom.render import PictureType, RenderOptions, Window, render_frame
from tests.support.peers import require_program
from tests.support.real_files import REAL_FILES, RealFile

_JPEG = "1.2.840.10008.1.2.4."
_JPEG_LS = (f"{_JPEG}80", f"{_JPEG}81")
_NOT_DCMTK_S = {
    # It takes no 32-bit colours, swaps big endian words of 32 bits as if of 16, and does not read
    # what the others claim of their palette or of their first item.
    "rtdose_expb.dcm", "rtdose_expb_1frame.dcm",
    "SC_rgb_32bit.dcm", "SC_rgb_32bit_2frame.dcm", "SC_rgb_expb_32bit.dcm",
    "SC_rgb_expb_32bit_2frame.dcm", "gdcm-US-ALOKA-16.dcm", "gdcm-US-ALOKA-16_big.dcm",
    "SC_rgb_jpeg.dcm", "JPEG2000-embedded-sequence-delimiter.dcm",
}  # fmt: skip


def drawable(file: RealFile) -> bool:
    header = file.header
    if header is None or header.pixel_data is None or file.is_bare:
        return False
    return (
        not header.transfer_syntax_uid.startswith(f"{_JPEG}9")
        and file.path.name not in _NOT_DCMTK_S
    )


IMAGES = [file for file in REAL_FILES if drawable(file)]


def drawn_by_dcmtk(file: RealFile, frame: int, into: Path, *options: str) -> NDArray[np.uint8]:
    header = file.header
    assert header is not None
    name = "dcml2pnm" if header.transfer_syntax_uid in _JPEG_LS else "dcmj2pnm"
    program = require_program(name)
    subprocess.run([program, "+F", str(frame + 1), *options, file.path, into], check=True)
    raw = into.read_bytes()
    head = re.match(rb"P([56])\s+(?:#.*\n)?\s*(\d+)\s+(\d+)\s+255\s", raw)
    assert head is not None
    columns, rows = int(head[2]), int(head[3])
    shape = (rows, columns) if head[1] == b"5" else (rows, columns, 3)
    return np.frombuffer(raw, dtype=np.uint8, offset=head.end()).reshape(shape)


@pytest.mark.parametrize("file", IMAGES, ids=str)
def test_a_picture_is_the_one_that_dcmtk_draws(file: RealFile, tmp_path: Path) -> None:
    assert file.header is not None
    assert file.header.frames is not None
    ds, frame = file.header.dataset, file.header.frames.count - 1
    image = open_image(file.path)
    window: Window | None = None
    asked: tuple[str, ...] = ()
    if access.decimal(ds, "WindowCenter") is not None:
        asked = ("--use-window", "1")
    elif access.sequence(ds, "VOILUTSequence"):
        asked = ("--use-voi-lut", "1")
    elif image.layout.photometric.startswith("MONOCHROME"):
        # Each chooses its own where the image names none.
        values = read_frame(image, frame).values
        low, high = float(values.min()), float(values.max())
        window = Window((low + high) / 2, max(high - low, 2))
        asked = ("--set-window", str(window.center), str(window.width))
    theirs = drawn_by_dcmtk(file, frame, tmp_path / "theirs.pnm", *asked)
    picture = render_frame(image, frame, RenderOptions(PictureType.PNG, window=window))
    ours = np.asarray(imagecodecs.png_decode(picture.data))
    if ours.ndim > theirs.ndim:
        theirs = np.stack([theirs] * 3, axis=-1)
    # YCbCr becomes RGB in whole numbers there.
    most = 2 if image.layout.photometric == "YBR_FULL" else 1
    assert int(np.abs(ours.astype(int) - theirs).max()) <= most


def test_the_images_are_not_few() -> None:
    assert len(IMAGES) > 130


COMPRESSED = [
    file
    for file in IMAGES
    if file.header is not None
    and file.header.transfer_syntax_uid
    in {f"{_JPEG}{last}" for last in ("50", "51", "57", "70", "80", "81")}
]


@pytest.mark.parametrize("file", COMPRESSED, ids=str)
def test_a_jpeg_decodes_to_what_dcmtk_decodes_it_to(file: RealFile, tmp_path: Path) -> None:
    assert file.header is not None
    syntax = file.header.transfer_syntax_uid
    program = require_program("dcmdjpls" if syntax in _JPEG_LS else "dcmdjpeg")
    subprocess.run([program, file.path, tmp_path / "plain.dcm"], check=True)
    plain = pydicom.dcmread(tmp_path / "plain.dcm")
    theirs = pixel_array(plain, index=0, raw=True)
    frame = read_frame(open_image(file.path), 0)
    assert frame.photometric == plain.PhotometricInterpretation
    ours = frame.values
    # Transforms of cosines may differ by rounding, those without loss may not.
    most = 1 if syntax in (f"{_JPEG}50", f"{_JPEG}51") else 0
    assert int(np.abs(ours.astype(int) - theirs).max()) <= most
