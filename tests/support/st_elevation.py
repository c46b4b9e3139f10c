"""An ECG that must alarm: pydicom's real recording with its J point shifted."""

from collections.abc import Mapping
from pathlib import Path

from server.demo_recordings import INFERIOR_UV, with_st_shift
from tests.support.dicom_files import file_bytes, sample


def elevated_ecg_bytes(
    source: Path | None = None, shifts_uv: Mapping[str, float] = INFERIOR_UV, /, **changes: object
) -> bytes:
    """Return a DICOM 12-lead ECG with a shifted J point, a study and instance of its own.

    Parameters
    ----------
    source
        The recording to shift; pydicom's ``waveform_ecg.dcm`` by default.
    shifts_uv
        Microvolts by lead; an inferior elevation by default.
    changes
        Elements to set, by keyword.
    """
    dataset = with_st_shift(source or sample("waveform_ecg.dcm"), shifts_uv)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return file_bytes(dataset)
