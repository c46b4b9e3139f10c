"""Frames decoded and rendered, against pydicom where it has a decoder of its own."""

import io
import struct
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from dicom.codestream import CODECS, Codec, DecodeError
from dicom.pixels import open_image, read_frame
from dicom.render import PictureType, RenderOptions, Window, render_frame
from tests.dicom.build import saved, wheel_file
from tests.support.real_files import REAL_FILES, RealFile

PNG = RenderOptions(PictureType.PNG)
RLE = "1.2.840.10008.1.2.5"


WITH_PIXELS = [
    file
    for file in REAL_FILES
    if file.header is not None and file.header.pixel_data is not None and not file.is_bare
]
REFUSED_PIXELS = {"JPEG2000-embedded-sequence-delimiter.dcm": "false-claim"}
WITHOUT_PEER = {
    "JPEG-lossy.dcm",  # 12-bit JPEG and JPEG lossless need pylibjpeg-libjpeg, which is GPL
    "JPGExtended.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "JPEG-LL.dcm",
    "JPGLosslessP14SV1_1s_1f_8b.dcm",
    "SC_rgb_jpeg.dcm",  # pydicom cannot tell its encoding
    "badVR.dcm",  # pydicom trips over another element
    "image_dfl.dcm",  # pydicom looks for the pixels in the deflated bytes
    "SCImageStorage_Deflated.dcm",
}


@pytest.mark.filterwarnings("ignore")  # pydicom remarks on half of its own test files
@pytest.mark.parametrize("file", WITH_PIXELS, ids=str)
def test_every_real_image_decodes_as_pydicom_decodes_it(file: RealFile) -> None:
    path = file.path
    image = open_image(path)
    if path.name in REFUSED_PIXELS:
        with pytest.raises(DecodeError) as caught:
            read_frame(image, 0)
        assert caught.value.code == REFUSED_PIXELS[path.name]
        return
    frames = image.header.frames
    assert frames is not None
    last = frames.count - 1
    frame = read_frame(image, last)
    if path.name not in WITHOUT_PEER:
        expected = pixel_array(path, index=last, raw=frame.photometric != "RGB")
        np.testing.assert_array_equal(frame.values, expected)
    picture = render_frame(image, last, PNG)
    shown = imagecodecs.png_decode(picture.data)
    assert shown.shape[:2] == (image.layout.rows, image.layout.columns)


def test_the_list_of_images_is_not_empty() -> None:
    assert len(WITH_PIXELS) == 171


def rendered(
    ds: Dataset, options: RenderOptions, folder: Path, frame: int = 0
) -> NDArray[np.uint8]:
    path = folder / "image.dcm"
    path.write_bytes(saved(ds).getvalue())
    picture = render_frame(open_image(path), frame, options)
    decode = (
        imagecodecs.png_decode if options.picture_type == "image/png" else imagecodecs.jpeg8_decode
    )
    return np.asarray(decode(picture.data))


def grey(values: NDArray[np.generic], **changes: object) -> Dataset:
    ds = Dataset()
    ds.Rows, ds.Columns = values.shape[-2:]
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    bits = 8 * values.dtype.itemsize
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = int(values.dtype.kind == "i")
    ds.add_new("PixelData", "OW", values.tobytes() + b"\0" * (values.nbytes % 2))
    if values.ndim == 3:
        ds.NumberOfFrames = values.shape[0]
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


RAMP = np.arange(-8, 8, dtype="<i2").reshape(4, 4)


def test_12_bit_jpeg_shows_the_same_picture_as_its_jpeg_2000_twin() -> None:
    lossy = read_frame(open_image(wheel_file("JPGExtended.dcm")), 0).values.astype(float)
    twin = read_frame(open_image(wheel_file("JPEG2000.dcm")), 0).values.astype(float)
    assert np.corrcoef(lossy.ravel(), twin.ravel())[0, 1] > 0.95


def test_a_linear_window_follows_the_formula_of_the_standard(tmp_path: Path) -> None:
    ds = grey(RAMP, WindowCenter="2", WindowWidth="5", RescaleSlope="2", RescaleIntercept="1")
    shown = rendered(ds, PNG, tmp_path)
    values = RAMP * 2.0 + 1
    expected = np.clip(((values - 1.5) / 4 + 0.5) * 255, 0, 255)
    np.testing.assert_allclose(shown, expected, atol=0.51)


def test_a_window_of_the_caller_goes_before_that_of_the_image(tmp_path: Path) -> None:
    ds = grey(RAMP, WindowCenter="2", WindowWidth="5")
    options = RenderOptions(PictureType.PNG, window=Window(100, 2))
    assert not rendered(ds, options, tmp_path).any()


def test_monochrome1_is_shown_inverted(tmp_path: Path) -> None:
    plain = rendered(grey(RAMP), PNG, tmp_path)
    inverse = rendered(grey(RAMP, PhotometricInterpretation="MONOCHROME1"), PNG, tmp_path)
    np.testing.assert_array_equal(inverse, 255 - plain)


def test_values_below_the_high_bit_are_sign_extended(tmp_path: Path) -> None:
    stored = (np.array([[-2048, -1], [0, 2047]]) & 0xFFF).astype("<u2")
    ds = grey(stored, BitsStored=12, HighBit=11, PixelRepresentation=1)
    path = tmp_path / "image.dcm"
    path.write_bytes(saved(ds).getvalue())
    assert read_frame(open_image(path), 0).values.tolist() == [[-2048, -1], [0, 2047]]


def test_overlay_bits_above_the_stored_ones_are_removed(tmp_path: Path) -> None:
    ds = grey(np.array([[0xF001, 0x1002]], dtype="<u2"), BitsStored=12, HighBit=11)
    path = tmp_path / "image.dcm"
    path.write_bytes(saved(ds).getvalue())
    assert read_frame(open_image(path), 0).values.tolist() == [[1, 2]]


def test_one_bit_frames_are_unpacked_across_bytes(tmp_path: Path) -> None:
    bits = np.random.default_rng(5).integers(0, 2, (3, 3, 5), dtype=np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds = grey(bits, BitsAllocated=1, BitsStored=1, HighBit=0, PixelRepresentation=0)
    ds.add_new("PixelData", "OB", packed + b"\0" * (len(packed) % 2))
    path = tmp_path / "image.dcm"
    path.write_bytes(saved(ds).getvalue())
    image = open_image(path)
    for at in range(3):
        np.testing.assert_array_equal(read_frame(image, at).values, bits[at])


def test_a_palette_gives_colours(tmp_path: Path) -> None:
    ds = grey(np.array([[0, 1], [2, 3]], dtype=np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for colour, table in (("Red", [0, 1, 2, 3]), ("Green", [9, 8, 7, 6]), ("Blue", [5, 5, 5, 5])):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [4, 0, 16])
        words = np.array(table, dtype="<u2") * 257 * 20
        setattr(ds, f"{colour}PaletteColorLookupTableData", words.tobytes())
    shown = rendered(ds, PNG, tmp_path)
    assert shown[1, 0].tolist() == [40, 140, 100]


def test_a_segmented_palette_is_expanded(tmp_path: Path) -> None:
    ds = grey(np.array([[0, 1], [4, 7]], dtype=np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [8, 0, 16])
        words = np.array([0, 2, 0, 257 * 10, 1, 4, 257 * 50, 0, 2, 7, 65535], dtype="<u2")
        setattr(ds, f"Segmented{colour}PaletteColorLookupTableData", words.tobytes())
    shown = rendered(ds, PNG, tmp_path)
    assert shown[..., 0].ravel().tolist() == [0, 10, 40, 255]


def test_ybr_is_shown_as_rgb(tmp_path: Path) -> None:
    ds = grey(
        np.zeros((1, 1), dtype=np.uint8), PhotometricInterpretation="YBR_FULL", SamplesPerPixel=3
    )
    ds.PlanarConfiguration = 0
    ds.add_new("PixelData", "OB", bytes([76, 85, 255, 0]))
    red = rendered(ds, PNG, tmp_path)[0, 0]
    assert red[0] > 250
    assert max(red[1:]) < 5


def test_a_voi_table_is_followed(tmp_path: Path) -> None:
    ds = grey(np.array([[0, 1, 2, 3]], dtype="<u2"))
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [4, 0, 8])
    table.add_new("LUTData", "OW", struct.pack("<4H", 255, 0, 128, 64))
    ds.VOILUTSequence = [table]
    assert rendered(ds, PNG, tmp_path)[0].tolist() == [255, 0, 128, 64]


def test_a_frame_follows_its_own_functional_group(tmp_path: Path) -> None:
    ds = grey(np.full((2, 2, 2), 10, dtype="<u2"))
    groups = []
    for center in (10, 1000):
        voi = Dataset()
        voi.WindowCenter, voi.WindowWidth = str(center), "4"
        group = Dataset()
        group.FrameVOILUTSequence = [voi]
        groups.append(group)
    ds.PerFrameFunctionalGroupsSequence = groups
    assert rendered(ds, PNG, tmp_path, 0).min() > 100
    assert rendered(ds, PNG, tmp_path, 1).max() == 0


def test_a_viewport_shrinks_by_area_and_keeps_the_proportions(tmp_path: Path) -> None:
    values = np.zeros((40, 80), dtype="<u2")
    values[:, 7] = 1000
    ds = grey(values, WindowCenter="500", WindowWidth="1001")
    small = rendered(ds, RenderOptions(PictureType.PNG, viewport=(20, 20)), tmp_path)
    assert small.shape == (10, 20)
    assert small[:, 1].tolist() == pytest.approx([64] * 10, abs=1)
    same = rendered(ds, RenderOptions(PictureType.PNG, viewport=(2000, 2000)), tmp_path)
    assert same.shape == (40, 80)


def test_a_jpeg_is_a_jpeg(tmp_path: Path) -> None:
    shown = rendered(grey(np.full((16, 16), 7, dtype="<u2")), RenderOptions(quality=80), tmp_path)
    assert shown.shape == (16, 16)


@pytest.mark.parametrize("dtype", ["<u2", "<i2", "u1"])
def test_constant_images_render_without_dividing_by_zero(dtype: str, tmp_path: Path) -> None:
    assert rendered(grey(np.full((4, 4), 100, dtype=dtype)), PNG, tmp_path).shape == (4, 4)


def encapsulated(frame: bytes, syntax: str, rows: int, columns: int, bits: int = 8) -> io.BytesIO:
    ds = grey(np.zeros((1, 1), dtype=f"<u{bits // 8}"), Rows=rows, Columns=columns)
    ds.PixelData = pydicom.encaps.encapsulate([frame])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return saved(ds, syntax)


def refusal(file: io.BytesIO, folder: Path) -> str:
    path = folder / "hostile.dcm"
    path.write_bytes(file.getvalue())
    with pytest.raises(DecodeError) as caught:
        render_frame(open_image(path), 0, PNG)
    return caught.value.code


def test_run_lengths_that_cannot_hold_the_claimed_image_are_refused(tmp_path: Path) -> None:
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * 40_000
    assert refusal(encapsulated(frame, RLE, 65535, 65535), tmp_path) == "too-large"
    assert refusal(encapsulated(frame, RLE, 20_000, 20_000), tmp_path) == "false-claim"


@pytest.mark.parametrize(
    "offsets", [[65, *[0] * 14], [64, 10_000, *[0] * 13], [0] * 15, [2**32 - 1] * 15]
)
def test_run_length_headers_that_lie_are_refused(offsets: list[int], tmp_path: Path) -> None:
    frame = struct.pack("<16I", 2, *offsets) + b"\x00\x01" * 50
    assert refusal(encapsulated(frame, RLE, 4, 4, 16), tmp_path) == "corrupt"


@pytest.mark.parametrize("syntax", sorted(set(CODECS) - {RLE}))
def test_a_codestream_of_another_size_than_claimed_is_refused(syntax: str, tmp_path: Path) -> None:
    picture = np.zeros((8, 8), dtype=np.uint8)
    match CODECS[syntax]:
        case Codec.JPEG:
            frame = imagecodecs.jpeg8_encode(picture)
        case Codec.JPEG_LOSSLESS:
            frame = imagecodecs.ljpeg_encode(picture, bitspersample=8)
        case Codec.JPEG_LS:
            frame = imagecodecs.jpegls_encode(picture)
        case Codec.HTJ2K:
            frame = imagecodecs.htj2k_encode(picture)
        case _:
            frame = imagecodecs.jpeg2k_encode(picture, codecformat="j2k")
    assert refusal(encapsulated(bytes(frame), syntax, 5000, 5000), tmp_path) == "false-claim"
    assert refusal(encapsulated(bytes(frame)[:-10], syntax, 8, 9), tmp_path) == "false-claim"
    path = tmp_path / "good.dcm"
    path.write_bytes(encapsulated(bytes(frame), syntax, 8, 8).getvalue())
    assert not read_frame(open_image(path), 0).values.any()


def test_a_transfer_syntax_without_decoder_is_refused(tmp_path: Path) -> None:
    assert (
        refusal(encapsulated(b"x" * 10, "1.2.840.10008.1.2.4.92", 4, 4), tmp_path) == "unsupported"
    )


def test_frames_that_are_not_there_are_refused() -> None:
    image = open_image(wheel_file("CT_small.dcm"))
    for frame in (-1, 1):
        with pytest.raises(DecodeError, match="no-such-frame"):
            read_frame(image, frame)


def test_a_report_is_no_image() -> None:
    with pytest.raises(DecodeError, match="not-an-image"):
        open_image(wheel_file("reportsi.dcm"))


def test_eight_bits_without_a_window_are_shown_as_they_are(tmp_path: Path) -> None:
    values = np.array([[0, 10, 20, 255], [3, 4, 5, 6]], dtype=np.uint8)
    np.testing.assert_array_equal(rendered(grey(values), PNG, tmp_path), values)
    six = grey(np.array([[0, 63]], dtype=np.uint8), BitsStored=6, HighBit=5)
    assert rendered(six, PNG, tmp_path).tolist() == [[0, 255]]


def test_padding_of_a_range_is_left_out_of_the_window(tmp_path: Path) -> None:
    values = np.array([[-2000, -1990, 0, 100]], dtype="<i2")
    ds = grey(values, PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1990)
    assert rendered(ds, PNG, tmp_path)[0, :2].tolist() == [0, 0]
    assert rendered(ds, PNG, tmp_path)[0, 2] < 5


def test_ybr_of_video_range_is_shown_as_rgb(tmp_path: Path) -> None:
    ds = grey(np.zeros((1, 4), dtype=np.uint8), SamplesPerPixel=3)
    ds.PhotometricInterpretation = "YBR_PARTIAL_422"
    ds.PlanarConfiguration = 0
    # Black and white, then red twice, by ITU-R BT.601.
    ds.add_new("PixelData", "OB", bytes([16, 235, 128, 128, 81, 81, 90, 240]))
    shown = rendered(ds, PNG, tmp_path)[0].astype(int)
    expected = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [255, 0, 0]]
    np.testing.assert_allclose(shown, expected, atol=2)


def test_native_frames_in_fragments_are_read(tmp_path: Path) -> None:
    values = np.arange(9, dtype=np.uint8).reshape(3, 3)
    syntax = "1.2.840.10008.1.2.1.98"
    path = tmp_path / "image.dcm"
    path.write_bytes(encapsulated(values.tobytes() + b"\0", syntax, 3, 3).getvalue())
    np.testing.assert_array_equal(read_frame(open_image(path), 0).values, values)
    assert refusal(encapsulated(values.tobytes()[:4], syntax, 3, 3), tmp_path) == "corrupt"


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_colours_read_in_either_planar_configuration_as_pydicom_reads_them(
    photometric: str, bits: int, planar: int, tmp_path: Path
) -> None:
    values = np.random.default_rng(planar).integers(0, 2**bits, (3, 4, 3)).astype(f"<u{bits // 8}")
    stored = np.moveaxis(values, -1, 0) if planar else values
    ds = grey(stored[..., 0], Rows=3, Columns=4, SamplesPerPixel=3, NumberOfFrames=1)
    ds.PhotometricInterpretation, ds.PlanarConfiguration = photometric, planar
    ds.add_new("PixelData", "OW", stored.tobytes())
    path = tmp_path / "image.dcm"
    path.write_bytes(saved(ds).getvalue())
    frame = read_frame(open_image(path), 0)
    np.testing.assert_array_equal(frame.values, values)
    np.testing.assert_array_equal(frame.values, pixel_array(path, raw=True))
    if bits == 8:
        shown = np.asarray(imagecodecs.png_decode(render_frame(open_image(path), 0, PNG).data))
        expected = values if photometric == "RGB" else pixel_array(path)
        np.testing.assert_allclose(shown, expected, atol=1)
