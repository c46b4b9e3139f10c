"""Every real file scans, or is refused for the reason that the table pins."""

import orjson
import pytest

from dicom.attributes import attributes
from dicom.faults import DicomFormatError
from dicom.part10 import scan
from dicom.web.dicom_json import to_bytes
from tests.support.real_files import REAL_FILES, RealFile, pinned

_OUTCOMES = pinned()


@pytest.mark.parametrize("file", REAL_FILES, ids=str)
def test_a_real_file_scans_or_is_refused_as_pinned(file: RealFile) -> None:
    outcome = _OUTCOMES[str(file)].partition(",")[0]
    if outcome.startswith("refused: "):
        with pytest.raises(DicomFormatError) as caught:
            scan(file.path)
        assert outcome == f"refused: {caught.value.code}"
        return
    header = scan(file.path)
    assert attributes(header.dataset).sop_instance_uid == header.sop_instance_uid
    assert "00080018" in orjson.loads(to_bytes(header.dataset))
