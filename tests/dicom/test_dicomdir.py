"""A DICOMDIR that foreign programs read: pydicom, DCMTK and dicom3tools."""

import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset, dcmread

from dicom.dicomdir import FileEntry, dicomdir, record_type
from dicom.faults import DicomFormatError
from dicom.part10 import scan
from dicom.web.dicom_json import to_bytes
from tests.support.dicom_files import sample
from tests.support.file_sets import files_of
from tests.support.peers import require_program

SAMPLES = Path(pydicom.__file__).parent / "data" / "test_files"
UID = "2.25.1"


def entry_of(path: Path, file_id: tuple[str, ...]) -> FileEntry:
    header = scan(path)
    attributes = json.loads(to_bytes(header.dataset, (), lambda _: ""))
    return FileEntry(
        file_id,
        header.sop_class_uid,
        header.sop_instance_uid,
        header.transfer_syntax_uid,
        attributes,
    )


def file_set(root: Path) -> dict[str, Path]:
    """Make a file-set of every sound sample and return the file of each instance."""
    folder = root / "DICOM"
    folder.mkdir()
    entries: dict[str, FileEntry] = {}
    files = {}
    for path in sorted(SAMPLES.glob("*.dcm")):
        try:
            entry = entry_of(path, ("DICOM", f"IM{len(entries):06d}"))
        except DicomFormatError:
            continue
        if entry.sop_instance_uid not in entries:
            entries[entry.sop_instance_uid] = entry
            files[entry.sop_instance_uid] = folder / entry.file_id[1]
            shutil.copyfile(path, files[entry.sop_instance_uid])
    (root / "DICOMDIR").write_bytes(dicomdir(list(entries.values()), uid=UID))
    assert len(files) > 30
    return files


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of what its samples hold
def test_pydicom_finds_every_file_at_its_place(tmp_path: Path) -> None:
    files = file_set(tmp_path)
    found = files_of(tmp_path / "DICOMDIR")
    assert found == files
    for uid, path in found.items():
        assert dcmread(path).SOPInstanceUID == uid


def test_dcmtk_follows_every_offset(tmp_path: Path) -> None:
    files = file_set(tmp_path)
    dump = subprocess.run(
        [require_program("dcmdump"), "+P", "0004,1500", tmp_path / "DICOMDIR"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert dump.stderr == ""
    assert dump.stdout.count("ReferencedFileID") == len(files)


def test_dicom3tools_finds_no_error(tmp_path: Path) -> None:
    file_set(tmp_path)
    verdict = subprocess.run(
        [require_program("dciodvfy"), tmp_path / "DICOMDIR"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in verdict.stderr.splitlines() if line.startswith("Error")] == []


def test_a_chinese_name_is_kept(tmp_path: Path) -> None:
    entry = entry_of(sample("CT_small.dcm"), ("IM000001",))
    named = {
        **entry.attributes,
        "00100010": {
            "vr": "PN",
            "Value": [{"Alphabetic": "Zhang^San", "Ideographic": "张^三"}],
        },
    }
    changed = FileEntry(
        entry.file_id,
        entry.sop_class_uid,
        entry.sop_instance_uid,
        entry.transfer_syntax_uid,
        named,
    )
    (tmp_path / "DICOMDIR").write_bytes(dicomdir([changed], uid=UID))
    patient = dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence[0]
    assert str(patient.PatientName) == "Zhang^San=张^三"


def test_what_a_file_lacks_is_stood_in_for(tmp_path: Path) -> None:
    bare = FileEntry(("A",), "1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1", {})
    (tmp_path / "DICOMDIR").write_bytes(dicomdir([bare], uid=UID))
    records = dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence
    kinds = [record.DirectoryRecordType for record in records]
    assert kinds == ["PATIENT", "STUDY", "SERIES", "IMAGE"]
    assert records[0].PatientID == "UNKNOWN"
    assert records[1].StudyDate == "19000101"


@pytest.mark.parametrize(
    ("sop_class", "expected"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", "IMAGE"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "WAVEFORM"),
        ("1.2.840.10008.5.1.4.1.1.88.11", "SR DOCUMENT"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "KEY OBJECT DOC"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "ENCAP DOC"),
        ("1.2.840.10008.5.1.4.1.1.66", "RAW DATA"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "IMAGE"),
        ("1.2.840.10008.5.1.4.1.1.481.5", "RT PLAN"),
        ("1.2.3.4", "IMAGE"),
    ],
)
def test_a_record_is_of_its_object_s_type(sop_class: str, expected: str) -> None:
    assert record_type(sop_class) == expected


@pytest.mark.parametrize("file_id", [(), ("lower",), ("TOOLONGNAME",), ("A.DCM",), ("A",) * 9])
def test_a_file_id_that_others_could_not_read_is_refused(file_id: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="file ID"):
        FileEntry(file_id, "1.2", "1.2.3", "1.2.840.10008.1.2", {})


def test_a_set_without_files_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        dicomdir([], uid=UID)


def test_a_report_s_record_tells_when_it_was_verified() -> None:
    def record(*moments: str) -> Dataset:
        observers = [{"0040A030": {"vr": "DT", "Value": [each]}} for each in moments]
        attributes = {
            "0040A493": {"vr": "CS", "Value": ["VERIFIED"]},
            "0040A073": {"vr": "SQ", "Value": observers},
        }
        entry = FileEntry(
            ("A",), "1.2.840.10008.5.1.4.1.1.88.11", "1.2.3", "1.2.840.10008.1.2.1", attributes
        )
        read = dcmread(BytesIO(dicomdir([entry], uid=UID)))
        return Dataset(read.DirectoryRecordSequence[3])

    last = record("20240102030405", "20250102030405")
    assert (last.VerificationFlag, last.VerificationDateTime) == ("VERIFIED", "20250102030405")
    assert record().VerificationFlag == "UNVERIFIED"
