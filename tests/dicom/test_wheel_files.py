"""Every file of pydicom's wheel scans, or is refused for the reason pinned here."""

from pathlib import Path

import orjson
import pytest

from dicom.attributes import attributes
from dicom.faults import DicomFormatError
from dicom.part10 import scan
from dicom.web.dicom_json import to_bytes
from tests.dicom.build import WHEEL_DATA

NO_DICOM = {".txt", ".json", ".md", ".icc", ".dump", ".gz", ".py", ".pyc"}
FILES = [
    path
    for path in sorted(WHEEL_DATA.rglob("*"))
    if path.is_file() and path.suffix not in NO_DICOM and "__pycache__" not in path.parts
]
WITHOUT_STUDY = {
    # Colour palettes and directories belong to no patient; the others are fragments made for
    # pydicom's own tests.
    "fall.dcm", "hotiron.dcm", "hotmetalblue.dcm", "pet.dcm", "pet20step.dcm", "spring.dcm",
    "summer.dcm",
    "DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-empty.dcm", "DICOMDIR-implicit",
    "DICOMDIR-nopatient", "DICOMDIR-reordered",
    "chrSQEncoding.dcm", "chrSQEncoding1.dcm", "UN_sequence.dcm", "empty_charset_LEI.dcm",
    "nested_priv_SQ.dcm", "no_meta_group_length.dcm", "priv_SQ.dcm",
    "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_jls_lossy_sample.dcm",
}  # fmt: skip
REFUSED = dict.fromkeys(WITHOUT_STUDY, "missing-uid") | {
    "winter.dcm": "duplicate-element",
    "chrJapMulti.dcm": "pixel-data-missing",
    "chrJapMultiExplicitIR6.dcm": "pixel-data-missing",
    "chrKoreanMulti.dcm": "pixel-data-missing",
    "MR_truncated.dcm": "truncated",
    "rtplan_truncated.dcm": "truncated",
    "DICOMDIR-nooffset": "truncated",
    "README": "not-dicom",
    "no_meta.dcm": "not-dicom",
    "rtstruct.dcm": "missing-meta",
    "ExplVR_BigEndNoMeta.dcm": "missing-meta",
    "ExplVR_LitEndNoMeta.dcm": "missing-meta",
    "meta_missing_tsyntax.dcm": "missing-transfer-syntax",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_of_the_wheel_scans_or_is_refused_as_pinned(path: Path) -> None:
    if path.name in REFUSED:
        with pytest.raises(DicomFormatError) as caught:
            scan(path)
        assert caught.value.code == REFUSED[path.name]
        return
    header = scan(path)
    assert attributes(header.dataset).sop_instance_uid == header.sop_instance_uid
    assert "00080018" in orjson.loads(to_bytes(header.dataset))
