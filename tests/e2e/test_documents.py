"""Reports and documents that are no images, sent by a device and read at the county."""

from pathlib import Path

import pytest
import typst
from pydicom import dcmread
from pydicom.uid import UID, generate_uid

from tests.support.demo import running_demo
from tests.support.dicom_files import file_bytes, sample
from tests.support.peers import require_program
from tests.support.playwright import BROWSERS, run_spec

PATIENT = "周^文书"


def write_documents(folder: Path) -> None:
    """Write a real structured report, and a PDF in its study."""
    folder.mkdir(parents=True)
    report = dcmread(sample("test-SR.dcm"))
    report.decode()
    report.SpecificCharacterSet = "ISO_IR 192"
    report.PatientName, report.PatientID = PATIENT, "J-SR"
    (folder / "1.dcm").write_bytes(file_bytes(report))
    (folder / "in.typ").write_text("#set page(width: 120mm, height: 80mm)\n= Report\nA page.")
    pdf = typst.compile(str(folder / "in.typ"))
    (folder / "in.typ").unlink()
    del report.ContentSequence
    report.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.104.1")
    report.file_meta.MediaStorageSOPClassUID = report.SOPClassUID
    report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    report.SeriesInstanceUID, report.Modality, report.SeriesNumber = generate_uid(), "DOC", 2
    report.DocumentTitle = "胸部 CT 报告单"
    report.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    report.EncapsulatedDocumentLength = len(pdf)
    (folder / "2.dcm").write_bytes(file_bytes(report))


@pytest.mark.parametrize("browser", BROWSERS)
async def test_a_report_and_a_pdf_are_read_in_the_place_of_images(
    browser: str, tmp_path: Path
) -> None:
    require_program("storescu")
    write_documents(tmp_path / "cases" / "documents")
    async with running_demo(tmp_path / "data") as demo:
        cases = str(tmp_path / "cases")
        await run_spec("documents.spec.ts", browser, demo, {"E2E_CASES": cases})
