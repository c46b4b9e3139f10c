"""Reports as pages, documents and video as they are."""

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, generate_uid

from tests.dicom.dimse.senders import run
from tests.server.dicomweb.site import Site
from tests.server.dicomweb.test_pixels import path_of
from tests.support.dicom_files import ct_bytes, file_bytes, sample
from tests.support.peers import require_program
from tests.support.senders import OTHER_TOWNSHIP

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104."
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def wrapped(document: bytes, kind: str = "1", **changes: object) -> Dataset:
    ds = dcmread(sample("test-SR.dcm"))
    del ds.ContentSequence
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID(ENCAPSULATED + kind)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = generate_uid()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.DocumentTitle = "胸部 CT 报告 <b>"
    ds.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    ds.EncapsulatedDocumentLength = len(document)
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


async def test_a_structured_report_is_a_page(site: Site) -> None:
    data = sample("test-SR.dcm").read_bytes()
    ds = dcmread(BytesIO(data))
    await site.send(data)
    async with site.get(f"{path_of(ds)}/rendered", headers={"Accept": BROWSER}) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Accept-Language" in response.headers["Vary"]
        page = await response.text()
        etag = response.headers["ETag"]
    assert "A mass of" in page
    assert "审核者" in page
    headers = {"Accept": "text/html", "Accept-Language": "fr, en-GB;q=0.8, zh;q=0.5"}
    async with site.get(f"{path_of(ds)}/rendered", headers=headers) as response:
        assert "Verified by" in await response.text()
    async with site.get(f"{path_of(ds)}/rendered?language=en", headers={"Accept": BROWSER}) as got:
        assert "Verified by" in await got.text()
    headers = {"Accept": BROWSER, "If-None-Match": etag}
    async with site.get(f"{path_of(ds)}/rendered", headers=headers) as response:
        assert response.status == 304
    async with site.get(f"{path_of(ds)}/rendered", headers={"Accept": "image/png"}) as response:
        assert response.status == 406
    async with site.get(f"{path_of(ds)}/rendered", OTHER_TOWNSHIP) as response:
        assert response.status == 404


@pytest.mark.parametrize("size", [len(PDF), 65_537, 1_000_001])
@pytest.mark.parametrize("deflated", [False, True])
async def test_a_pdf_is_given_as_it_is_and_on_a_page(site: Site, size: int, deflated: bool) -> None:
    document = PDF + b"%" * (size - len(PDF))
    ds = wrapped(document)
    if deflated:
        ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert (await site.send(file_bytes(ds))).verdict.kept
    async with site.get(f"{path_of(ds)}/rendered") as response:
        assert (response.status, response.content_type) == (200, "application/pdf")
        assert response.headers["Content-Disposition"].startswith("inline")
        assert await response.read() == document
    async with site.get(f"{path_of(ds)}/rendered", headers={"Accept": BROWSER}) as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert "object-src 'self'" in response.headers["Content-Security-Policy"]
        page = await response.text()
    address = f"/dicomweb{path_of(ds)}/rendered?accept=application/pdf"
    assert f'<object data="{address}" type="application/pdf">' in page
    assert "胸部 CT 报告 &lt;b&gt;" in page
    async with site.get(f"{path_of(ds)}/rendered?accept=application/pdf") as response:
        assert response.content_type == "application/pdf"


async def test_the_same_is_asked_for_by_query_parameters(site: Site) -> None:
    report = dcmread(BytesIO(sample("test-SR.dcm").read_bytes()))
    document = wrapped(PDF)
    for ds in (report, document):
        await site.send(file_bytes(ds))
    for ds, kind in (
        (report, "text/html"), (document, "application/pdf"), (document, "text/html"),
        (report, "application/dicom"),
    ):  # fmt: skip
        uids = f"studyUID={ds.StudyInstanceUID}&seriesUID={ds.SeriesInstanceUID}"
        query = f"requestType=WADO&{uids}&objectUID={ds.SOPInstanceUID}&contentType={kind}"
        async with site.get(f"/wado?{query}") as response:
            assert (response.status, response.content_type) == (200, kind)


async def test_what_dcmtk_wraps_comes_out_again(site: Site, tmp_path: Path) -> None:
    program = require_program("pdf2dcm")
    (tmp_path / "in.pdf").write_bytes(PDF)
    code, output = await run(program, tmp_path / "in.pdf", tmp_path / "out.dcm")
    assert code == 0, output
    ds = dcmread(tmp_path / "out.dcm")
    await site.send((tmp_path / "out.dcm").read_bytes())
    async with site.get(f"{path_of(ds)}/rendered") as response:
        assert (await response.read()).rstrip(b"\0") == PDF


@pytest.mark.parametrize("document", [b"MZ\x90\0 no PDF", b"<html><script>alert(1)</script>", b""])
async def test_a_document_that_is_no_pdf_is_declined(site: Site, document: bytes) -> None:
    ds = wrapped(document)
    await site.send(file_bytes(ds))
    for accept in ("application/pdf", "text/html"):
        async with site.get(f"{path_of(ds)}/rendered", headers={"Accept": accept}) as response:
            assert (response.status, (await response.json())["code"]) == (
                406, "unrenderable-corrupt",
            )  # fmt: skip


async def test_other_documents_are_given_to_be_saved(site: Site) -> None:
    ds = wrapped(b"<ClinicalDocument/>", "2", MIMETypeOfEncapsulatedDocument="text/html")
    await site.send(file_bytes(ds))
    async with site.get(f"{path_of(ds)}/rendered") as response:
        assert response.content_type == "text/xml"
        assert response.headers["Content-Disposition"] == "attachment"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert await response.read() == b"<ClinicalDocument/>"


async def test_video_passes_through(site: Site) -> None:
    ds = dcmread(BytesIO(ct_bytes(SOPInstanceUID=generate_uid())))
    ds.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.102")
    ds.NumberOfFrames = 25
    fragments = [b"\0\0\0\x18ftypmp42" + b"a" * 1000, b"b" * 500]
    ds.PixelData = encapsulate([fragments[0], fragments[1]], has_bot=False)
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    assert (await site.send(file_bytes(ds))).verdict.kept
    async with site.get(f"{path_of(ds)}/rendered", headers={"Accept": "*/*"}) as response:
        assert (response.status, response.content_type) == (200, "video/mp4")
        assert await response.read() == b"".join(fragments)
    async with site.get(f"{path_of(ds)}/rendered", headers={"Accept": "image/png"}) as response:
        assert response.status == 406
