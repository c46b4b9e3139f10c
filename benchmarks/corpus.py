"""What is sent: a real CT slice of pydicom's wheel, enlarged to a scanner's 512 by 512."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from tests.support.dicom_files import file_bytes, sample

_ENLARGED = 4
_NOISE_HU = 8


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
        dataset = dcmread(sample("CT_small.dcm"))
        large = np.kron(dataset.pixel_array, np.ones((_ENLARGED, _ENLARGED), np.int16))
        noise = rng.integers(-_NOISE_HU, _NOISE_HU, large.shape, np.int16, endpoint=True)
        dataset.PixelData = (large + noise).astype("<i2").tobytes()
        dataset.Rows, dataset.Columns = large.shape
        dataset.PatientID = f"BENCH-{study[-12:]}"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.SOPInstanceUID = generate_uid()
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.InstanceNumber = number
        yield dataset


def write_series(folder: Path, count: int, seed: int) -> Series:
    """Write a new study of ``count`` slices into ``folder``."""
    folder.mkdir(parents=True)
    size_bytes = 0
    for number, dataset in enumerate(ct_slices(count, seed)):
        content = file_bytes(dataset)
        (folder / f"{number:04}.dcm").write_bytes(content)
        size_bytes += len(content)
    return Series(folder, count, size_bytes)
