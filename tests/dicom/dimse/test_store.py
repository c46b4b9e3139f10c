"""The file header, read back by pydicom."""

from io import BytesIO

import pytest
from pydicom import dcmread

from dicom.dimse.store import file_meta_bytes
from dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from tests.dicom.dimse.node import CT, EXPLICIT


def header(source_ae: str = "CT1", instance: str = "1.2.3") -> bytes:
    return file_meta_bytes(
        sop_class_uid=CT,
        sop_instance_uid=instance,
        transfer_syntax_uid=EXPLICIT,
        source_ae=source_ae,
    )


@pytest.mark.parametrize("source_ae", ["CT1", "CT_1", "SIXTEEN_LETTERS_"])
def test_header_is_read_by_pydicom(source_ae: str) -> None:
    written = header(source_ae)
    assert written[:128] == bytes(128)
    meta = dcmread(BytesIO(written)).file_meta
    assert meta.FileMetaInformationGroupLength == len(written) - 128 - 4 - 12
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (CT, "1.2.3")
    assert meta.TransferSyntaxUID == EXPLICIT
    assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert meta.ImplementationVersionName == IMPLEMENTATION_VERSION_NAME
    assert meta.SourceApplicationEntityTitle == source_ae


def test_same_arguments_give_the_same_bytes() -> None:
    assert header() == header()


def test_header_without_source_leaves_it_out() -> None:
    assert "SourceApplicationEntityTitle" not in dcmread(BytesIO(header(""))).file_meta


@pytest.mark.parametrize("instance", ["1" * 65, "1.2.3\u4e2d"])
def test_value_that_does_not_fit_is_refused(instance: str) -> None:
    with pytest.raises(ValueError, match=r"exceeds|ascii"):
        header(instance=instance)
