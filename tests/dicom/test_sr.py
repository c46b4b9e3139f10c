"""Structured reports as trees and as pages: real ones against DCMTK, and ones that lie."""

import html
import re
import subprocess
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from dicom.page import rendered_at, report_page
from dicom.page_words import Language
from dicom.part10 import scan
from dicom.sr import MOST_ITEMS, ContentItem, read_report
from tests.dicom.build import saved, wheel_file
from tests.support.peers import require_program

CT = "1.2.840.10008.5.1.4.1.1.2"
SR = "1.2.840.10008.5.1.4.1.1.88.33"


def code(meaning: str, value: str = "1", scheme: str = "99T") -> list[Dataset]:
    ds = Dataset()
    ds.CodeValue, ds.CodingSchemeDesignator, ds.CodeMeaning = value, scheme, meaning
    return [ds]


def node(value_type: str, name: str = "", *children: Dataset, **values: object) -> Dataset:
    ds = Dataset()
    ds.RelationshipType = "CONTAINS"
    ds.ValueType = value_type
    if name:
        ds.ConceptNameCodeSequence = code(name)
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    if children:
        ds.ContentSequence = list(children)
    return ds


def measured(number: str, unit: str, ucum: str) -> list[Dataset]:
    ds = Dataset()
    ds.NumericValue, ds.MeasurementUnitsCodeSequence = number, code(unit, ucum, "UCUM")
    return [ds]


def refers_to(instance: str, **values: object) -> list[Dataset]:
    ds = Dataset()
    ds.ReferencedSOPClassUID, ds.ReferencedSOPInstanceUID = CT, instance
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return [ds]


def read_back(root: Dataset, folder: Path) -> Dataset:
    root.SOPClassUID = SR
    root.SpecificCharacterSet = "ISO_IR 192"
    path = folder / "report.dcm"
    path.write_bytes(saved(root).getvalue())
    return scan(path).dataset


def page_of(root: Dataset, folder: Path, language: Language = Language.ZH) -> str:
    return report_page(read_back(root, folder), language, rendered_at("/dicomweb"))


def words_of(page: str) -> str:
    """Return what a reader sees of a page."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", body))


def report_texts(root: ContentItem) -> list[str]:
    return [root.text, *(text for child in root.children for text in report_texts(child))]


def test_the_tree_of_a_real_report_is_that_which_dcmtk_reads() -> None:
    root = read_report(scan(wheel_file("test-SR.dcm")).dataset).root
    assert root.name is not None
    assert root.name.meaning == "Diagnosis"
    assert [(child.relationship, child.value_type) for child in root.children] == [
        ("HAS OBS CONTEXT", "UIDREF"),
        ("CONTAINS", "CONTAINER"),
        ("CONTAINS", "TEXT"),
        ("CONTAINS", "COMPOSITE"),
        ("CONTAINS", "IMAGE"),
    ]
    sentence = root.children[1]
    assert sentence.continuous
    assert [child.text for child in sentence.children] == [
        "A mass of", "3 Length Unit", "was detected.", "",
    ]  # fmt: skip
    assert [child.text for child in root.children[2].children[1:]] == [
        "CIRCLE (0, 0) (255, 255)",
        "SEGMENT 1 s, 2.5 s",
    ]
    assert root.children[2].children[2].children[0].target == (1, 3, 2)
    image = root.children[4].reference
    assert image is not None
    assert (image.sop_class_uid, image.frames) == (CT, (5, 2))


@pytest.mark.parametrize("name", ["test-SR.dcm", "reportsi.dcm"])
def test_a_page_says_every_word_that_dcmtk_s_does(name: str, tmp_path: Path) -> None:
    program = require_program("dsr2html")
    path = wheel_file(name)
    subprocess.run(
        [program, "--convert-to-utf8", "-Ei", "-Er", path, tmp_path / "theirs.html"],
        check=name == "test-SR.dcm",
        capture_output=True,
    )
    page = report_page(scan(path).dataset, Language.EN)
    mine = words_of(page)
    for text in report_texts(read_report(scan(path).dataset).root):
        assert " ".join(text.split()) in " ".join(mine.split())
    if name == "test-SR.dcm":
        theirs = (tmp_path / "theirs.html").read_text()
        for said in ("A mass of", "was detected.", "Inferred Sample Text", "Sample Code 3"):
            assert said in theirs
            assert said in mine
        assert "Riesmeier Jörg" in mine


def test_each_value_type_is_told_in_words(tmp_path: Path) -> None:
    row, column = Dataset(), Dataset()
    row.TableRowNumber, column.TableColumnNumber = 1, 1
    column.ConceptNameCodeSequence = code("Vessel")
    cell = Dataset()
    cell.TableRowNumber, cell.TableColumnNumber, cell.TextValue = 1, 1, "LAD"
    table = Dataset()
    table.NumberOfTableRows, table.NumberOfTableColumns = 2**32 - 1, 2**32 - 1
    table.TableColumnDefinitionSequence, table.CellValuesSequence = [column], [cell]
    root = node(
        "CONTAINER", "Report",
        node("TEXT", "Finding", TextValue="两肺纹理清晰\r\n心影不大"),
        node("CODE", "Side", ConceptCodeSequence=code("左侧")),
        node("NUM", "Length", MeasuredValueSequence=measured("12.5", "millimeter", "mm")),
        node("NUM", "Ratio", MeasuredValueSequence=measured("0.62", "no units", "1")),
        node("NUM", "Count", MeasuredValueSequence=measured("3", "lesions", "{lesions}")),
        node("NUM", "Volume", NumericValueQualifierCodeSequence=code("Not a number")),
        node("PNAME", "Reader", PersonName="Li^Si=李^四"),
        node("DATE", "Day", Date="20261126"),
        node("TIME", "Hour", Time="031500"),
        node("DATETIME", "Moment", DateTime="20261126031500"),
        node("UIDREF", "Class", UID=CT),
        node("SCOORD", "Where", GraphicType="POINT", GraphicData=[1.5, 2]),
        node("SCOORD3D", "Place", GraphicType="POINT", GraphicData=[1, 2, 3]),
        node("TCOORD", "When", TemporalRangeType="POINT", ReferencedSamplePositions=[7]),
        node("IMAGE", "Key", ReferencedSOPSequence=refers_to("1.2.9", ReferencedFrameNumber=[3])),
        node("WAVEFORM", "Trace", ReferencedSOPSequence=refers_to("1.2.10")),
        node("COMPOSITE", "Other", ReferencedSOPSequence=refers_to("1.2.11")),
        node("TABLE", "Vessels", TabulatedValuesSequence=[table]),
        node("FUTURE", "New", TextValue="still read"),
    )  # fmt: skip
    words = words_of(page_of(root, tmp_path))
    for said in (
        "两肺纹理清晰\n心影不大", "左侧", "12.5 mm", "0.62", "3 lesions", "Not a number", "李四",
        "2026-11-26", "03:15:00", "2026-11-26 03:15:00", "CT Image Storage", "POINT (1.5, 2)",
        "POINT (1, 2, 3)", "POINT 7", "CT Image 第 3 帧", "Vessel", "LAD", "[FUTURE] still read",
    ):  # fmt: skip
        assert said in words, said
    assert "0.62 " not in words


def test_headings_are_chinese_where_their_codes_are_known(tmp_path: Path) -> None:
    findings = node("CONTAINER", "", node("TEXT", "x", TextValue="正常"))
    findings.ConceptNameCodeSequence = code("Findings", "121070", "DCM")
    root = node("CONTAINER", "Report", findings)
    assert "<h2><bdi>检查所见</bdi></h2>" in page_of(root, tmp_path)
    assert "<h2><bdi>Findings</bdi></h2>" in page_of(root, tmp_path, Language.EN)


def test_text_of_any_charset_and_of_a_false_label_is_shown(tmp_path: Path) -> None:
    root = node("CONTAINER", "Report", node("TEXT", "x", TextValue="左肺上叶结节"))
    root.SpecificCharacterSet = "GB18030"
    raw = saved(root).getvalue()
    path = tmp_path / "report.dcm"
    for label in (b"GB18030 ", b"ISO_IR 6", b"ISO_IR 1"):
        path.write_bytes(raw.replace(b"GB18030 ", label, 1))
        assert "左肺上叶结节" in report_page(scan(path).dataset, Language.ZH)


def test_an_image_of_the_evidence_is_linked_and_no_other(tmp_path: Path) -> None:
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = "1.2.4", refers_to("1.2.9")
    study = Dataset()
    study.StudyInstanceUID, study.ReferencedSeriesSequence = "1.2.5", [series]
    root = node(
        "CONTAINER", "Report",
        node("IMAGE", "A", ReferencedSOPSequence=refers_to("1.2.9", ReferencedFrameNumber=2)),
        node("IMAGE", "B", ReferencedSOPSequence=refers_to("1.2.10")),
        CurrentRequestedProcedureEvidenceSequence=[study],
    )  # fmt: skip
    page = page_of(root, tmp_path)
    assert re.findall(r'<a href="([^"]*)"', page) == [
        "/dicomweb/studies/1.2.5/series/1.2.4/instances/1.2.9/frames/2/rendered"
    ]


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202egnp.exe\x07\x1b[31m&amp;"


def test_nothing_a_report_says_becomes_markup(tmp_path: Path) -> None:
    root = node(
        "CONTAINER", HOSTILE[:60],
        node("TEXT", HOSTILE[:60], TextValue=HOSTILE),
        node("FUTURE_X", HOSTILE[:60], TextValue=HOSTILE),
        node("TCOORD", "t", TemporalRangeType="RANGE_X", ReferencedTimeOffsets="1"),
        PatientName=HOSTILE[:60], PatientID=HOSTILE[:60], StudyDescription=HOSTILE[:60],
        SOPClassUID=SR, SpecificCharacterSet="ISO_IR 192",
    )  # fmt: skip
    raw = saved(root).getvalue().replace(b"FUTURE_X", b"FUTU<b>R").replace(b"RANGE_X", b"<i>X</i")
    path = tmp_path / "report.dcm"
    path.write_bytes(raw)
    page = report_page(scan(path).dataset, Language.ZH)
    assert "FUTU&lt;b&gt;R" in page
    tags = {tag.lower() for tag in re.findall(r"<\s*/?\s*([A-Za-z!][\w]*)", page)}
    assert tags == {
        "!doctype", "html", "head", "meta", "title", "style", "body", "header", "h1", "dl", "dt",
        "dd", "bdi", "main", "div", "span",
    }  # fmt: skip
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", page)
    # A control of direction ends with the element that isolates it.
    assert all(
        "\u202e" not in re.sub(r"<bdi>[^<]*</bdi>", "", part)
        for part in [page.partition("<body>")[2]]
    )


def test_a_report_of_very_many_items_is_cut_and_says_so(tmp_path: Path) -> None:
    leaves = [node("TEXT", TextValue=f"n{at}") for at in range(MOST_ITEMS + 5)]
    page = page_of(node("CONTAINER", "Report", *leaves), tmp_path)
    assert "其余条目未显示" in page
    assert f"n{MOST_ITEMS - 2}<" in page
    assert f"n{MOST_ITEMS}<" not in page


def test_a_tree_as_deep_as_a_scan_lets_through_is_written(tmp_path: Path) -> None:
    deep = node("TEXT", TextValue="at the bottom")
    for _ in range(30):
        deep = node("CONTAINER", "Level", deep)
    page = page_of(deep, tmp_path)
    assert "at the bottom" in page
    assert "<h6>" in page
    assert "<h7>" not in page


def test_an_item_without_anything_is_no_error(tmp_path: Path) -> None:
    root = Dataset()
    root.ContentSequence = [Dataset(), node("NUM", "empty", MeasuredValueSequence=[Dataset()])]
    assert "empty" in page_of(root, tmp_path)
    huge = node("SCOORD", "s", GraphicType="POLYLINE", GraphicData=[1.0] * 10_000)
    assert "… (5000)" in page_of(node("CONTAINER", "R", huge), tmp_path)
