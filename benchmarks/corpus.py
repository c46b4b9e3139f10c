"""What is sent: CT slices, radiographs and ultrasound clips, all made of one real CT slice.

The slice comes with pydicom's wheel. A receiver does the same work for noise as for an image of the
same size, so only the elements it reads and the number of bytes have to be right.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

from tests.support.dicom_files import file_bytes, sample

_ENLARGED = 4
_NOISE_HU = 8
_RADIOGRAPH = (3000, 2500)
"""Rows and columns of 16 bit: 15 MB."""
_CLIP = (217, 640, 480, 3)
"""Frames, rows, columns and colours of 8 bit: 200 MB."""


@dataclass(frozen=True)
class Series:
    """One study with one series, as files in a folder."""

    folder: Path
    count: int
    size_bytes: int


def ct_slices(count: int, seed: int) -> Iterator[Dataset]:
    """Yield the slices of one new study: 512 by 512, 16 bit, no two alike."""
    rng = np.random.default_rng(seed)
    study, series = generate_uid(), generate_uid()
    for number in range(1, count + 1):
        dataset = _new(number, study, series)
        large = np.kron(dataset.pixel_array, np.ones((_ENLARGED, _ENLARGED), np.int16))
        noise = rng.integers(-_NOISE_HU, _NOISE_HU, large.shape, np.int16, endpoint=True)
        dataset.PixelData = (large + noise).astype("<i2").tobytes()
        dataset.Rows, dataset.Columns = large.shape
        yield dataset


def radiographs(count: int, seed: int) -> Iterator[Dataset]:
    """Yield the images of one new study: 3000 by 2500, 16 bit, 15 MB each."""
    rng = np.random.default_rng(seed)
    study, series = generate_uid(), generate_uid()
    for number in range(1, count + 1):
        dataset = _new(number, study, series)
        _become(dataset, DigitalXRayImageStorageForPresentation, "DX")
        dataset.Rows, dataset.Columns = _RADIOGRAPH
        dataset.PixelData = rng.bytes(2 * _RADIOGRAPH[0] * _RADIOGRAPH[1])
        yield dataset


def clips(count: int, seed: int) -> Iterator[Dataset]:
    """Yield the clips of one new study: 217 frames of 640 by 480 in colour, 200 MB each."""
    rng = np.random.default_rng(seed)
    study, series = generate_uid(), generate_uid()
    frames, rows, columns, colours = _CLIP
    for number in range(1, count + 1):
        dataset = _new(number, study, series)
        _become(dataset, UltrasoundMultiFrameImageStorage, "US")
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames, rows, columns
        dataset.SamplesPerPixel, dataset.PlanarConfiguration = colours, 0
        dataset.PhotometricInterpretation = "RGB"
        dataset.BitsAllocated = dataset.BitsStored = 8
        dataset.HighBit, dataset.PixelRepresentation = 7, 0
        dataset.PixelData = rng.bytes(frames * rows * columns * colours)
        yield dataset


class Kind(Enum):
    """What a device makes."""

    CT = "CT"
    DR = "DR"
    US = "US"

    @property
    def size_bytes(self) -> int:
        """About how large one object is."""
        return {Kind.CT: 525_000, Kind.DR: 15_000_000, Kind.US: 200_000_000}[self]


_MAKERS: dict[Kind, Callable[[int, int], Iterator[Dataset]]] = {
    Kind.CT: ct_slices,
    Kind.DR: radiographs,
    Kind.US: clips,
}


def write_series(folder: Path, count: int, seed: int, kind: Kind = Kind.CT) -> Series:
    """Write a new study of ``count`` objects into ``folder``."""
    folder.mkdir(parents=True)
    size_bytes = 0
    for number, dataset in enumerate(_MAKERS[kind](count, seed)):
        content = file_bytes(dataset)
        (folder / f"{number:04}.dcm").write_bytes(content)
        size_bytes += len(content)
    return Series(folder, count, size_bytes)


def _new(number: int, study: str, series: str) -> Dataset:
    dataset = dcmread(sample("CT_small.dcm"))
    dataset.PatientID = f"BENCH-{study[-12:]}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.InstanceNumber = number
    return dataset


def _become(dataset: Dataset, sop_class_uid: UID, modality: str) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class_uid
    dataset.Modality = modality
    # What describes a CT's grey values and place describes no other image.
    for keyword in ("RescaleIntercept", "RescaleSlope", "PixelPaddingValue", "SliceLocation"):
        if keyword in dataset:
            delattr(dataset, keyword)
