"""Lossless compression: the same to the last bit, or not at all."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import UID

from dicom.lossless import TRANSFER_SYNTAX, Compression, NotCompressible, compress
from tests.support.dicom_files import changed, ct_bytes, file_bytes, sample
from tests.support.real_files import REAL_FILES

NATIVE = (
    "CT_small.dcm", "MR_small.dcm", "MR_small_implicit.dcm", "examples_overlay.dcm",
    "examples_palette.dcm", "examples_rgb_color.dcm",
)  # fmt: skip
_MOST_OF_THEM = 150
"""Of the native images among the real files, by both codecs."""


def compressed(data: bytes, tmp_path: Path, compression: Compression) -> Dataset:
    """Compress a file, and return the copy as pydicom reads it."""
    path, into = tmp_path / "in.dcm", tmp_path / "out.dcm"
    path.write_bytes(data)
    into.unlink(missing_ok=True)
    assert compress(path, into, compression) == TRANSFER_SYNTAX[compression]
    return dcmread(BytesIO(into.read_bytes()))


def reason(data: bytes, tmp_path: Path) -> str:
    """Return why a file is not compressed; nothing is left of the try."""
    path, into = tmp_path / "in.dcm", tmp_path / "out.dcm"
    path.write_bytes(data)
    with pytest.raises(NotCompressible) as refused:
        compress(path, into, Compression.HTJ2K)
    assert not into.exists()
    return refused.value.reason


def image(bits: int, *, allocated: int = 16, signed: bool = False) -> Dataset:
    """Return a noisy image of so many bits, its extremes among the pixels."""
    ds = dcmread(sample("MR_small.dcm"))
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    values = np.random.default_rng(bits).integers(low, high + 1, (64, 64))
    values[0, :2] = low, high
    kind = f"{'i' if signed else 'u'}{allocated // 8}"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, bits, bits - 1
    ds.PixelRepresentation = int(signed)
    ds.PixelData = values.astype(kind).tobytes()
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
        if keyword in ds:
            delattr(ds, keyword)
    return ds


@pytest.mark.parametrize("compression", Compression)
@pytest.mark.parametrize("name", NATIVE)
def test_foreign_decoders_find_the_same_pixels_and_pydicom_the_same_elements(
    name: str, compression: Compression, tmp_path: Path
) -> None:
    before = dcmread(sample(name))
    after = compressed(sample(name).read_bytes(), tmp_path, compression)
    assert after.file_meta.TransferSyntaxUID == TRANSFER_SYNTAX[compression]
    assert after.SOPInstanceUID == before.SOPInstanceUID
    assert np.array_equal(after.pixel_array, before.pixel_array)
    for element in before:
        if element.keyword not in {
            "PixelData", "PhotometricInterpretation", "PlanarConfiguration",
        } and element.tag.element:  # fmt: skip
            assert after[element.tag].value == element.value, element.keyword


@pytest.mark.parametrize("compression", Compression)
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [9, 10, 12, 15, 16])
def test_the_codestream_states_the_precision_of_the_data_set(
    bits: int, signed: bool, compression: Compression, tmp_path: Path
) -> None:
    ds = image(bits, signed=signed)
    after = compressed(file_bytes(ds), tmp_path, compression)
    assert np.array_equal(after.pixel_array, ds.pixel_array)
    stream = bytes(after.PixelData)
    if compression is Compression.HTJ2K:
        depth = stream[stream.index(b"\xff\x4f\xff\x51") + 42]
        assert depth == bits - 1 | (0x80 if signed else 0)
    else:
        assert stream[stream.index(b"\xff\xf7") + 4] == bits


@pytest.mark.parametrize("compression", Compression)
def test_frames_stay_apart(compression: Compression, tmp_path: Path) -> None:
    ds = image(12)
    ds.NumberOfFrames = 3
    ds.PixelData = b"".join(image(bits).PixelData for bits in (12, 11, 10))
    after = compressed(file_bytes(ds), tmp_path, compression)
    assert np.array_equal(after.pixel_array, ds.pixel_array)


def test_the_same_file_always_becomes_the_same_bytes(tmp_path: Path) -> None:
    for compression in Compression:
        copies = set()
        for _ in range(2):
            compressed(ct_bytes(), tmp_path, compression)
            copies.add((tmp_path / "out.dcm").read_bytes())
        assert len(copies) == 1


def test_text_under_a_false_label_keeps_its_bytes(tmp_path: Path) -> None:
    false = "张三".encode("gb18030")
    data = ct_bytes(PatientName="XXXX", SpecificCharacterSet="ISO_IR 100").replace(b"XXXX", false)
    for implicit in (False, True):
        ds = dcmread(BytesIO(data))
        if implicit:
            ds.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2")
            buffer = BytesIO()
            ds.save_as(buffer, implicit_vr=True, little_endian=True)
            assert false in buffer.getvalue()
            compressed(buffer.getvalue(), tmp_path, Compression.HTJ2K)
        else:
            compressed(data, tmp_path, Compression.HTJ2K)
        assert false in (tmp_path / "out.dcm").read_bytes()


def test_an_overlay_in_the_unused_bits_is_not_lost(tmp_path: Path) -> None:
    ds = image(12)
    pixels = np.frombuffer(ds.PixelData, dtype="<u2").copy()
    pixels[5] |= 0x1000
    ds.PixelData = pixels.tobytes()
    assert reason(file_bytes(ds), tmp_path) == "unused-bits"


def test_what_is_signed_compressed_or_no_image_stays_as_it_is(tmp_path: Path) -> None:
    signed = dcmread(sample("CT_small.dcm"))
    signed.MACParametersSequence = [Dataset()]
    assert reason(file_bytes(signed), tmp_path) == "signed-object"
    already = sample("MR_small_jpeg_ls_lossless.dcm").read_bytes()
    assert reason(already, tmp_path) == "compressed-already"
    assert reason(sample("waveform_ecg.dcm").read_bytes(), tmp_path) == "no-image"
    assert reason(sample("rtdose_1frame.dcm").read_bytes(), tmp_path) == "unsupported"
    odd = changed(sample("MR_small.dcm"), HighBit=13, BitsStored=12)
    assert reason(odd, tmp_path) == "unsupported"


def test_every_real_file_comes_out_the_same_or_not_at_all(tmp_path: Path) -> None:
    done = 0
    for file in REAL_FILES:
        for compression in Compression:
            into = tmp_path / "out.dcm"
            into.unlink(missing_ok=True)
            try:
                compress(file.path, into, compression)
            except NotCompressible:
                assert not into.exists()
                continue
            done += 1
            assert np.array_equal(_pixels(into), _pixels(file.path)), str(file)
    assert done > _MOST_OF_THEM


def _pixels(path: Path) -> NDArray[Any]:
    """Return what pydicom and its decoders find, whatever they think of the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: NDArray[Any] = dcmread(path, force=True).pixel_array
        return found
