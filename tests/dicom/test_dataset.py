"""Typed access, over scanned and over built data sets."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom import dataset as access
from dicom.attributes import attributes
from dicom.dataset import PersonName
from dicom.part10 import scan
from dicom.values import tag_of
from tests.dicom.build import element, item, part10, saved, wheel_file


def scanned(tag: int, vr: str, value: bytes) -> Dataset:
    return scan(part10(element(tag, vr, value))).dataset


def test_a_person_name_has_three_groups() -> None:
    ds = scanned(0x00100010, "PN", "Zhang^San=张^三=zhang^san".encode("gb18030") + b" ")
    name = access.person_name(ds, "PatientName")
    assert name == PersonName("Zhang^San", "张^三", "zhang^san", repaired=True)
    assert name.display == "张三"
    assert access.is_repaired(ds, "PatientName")


@pytest.mark.parametrize("raw", [b"^^^^", b"==", b"", b"   "])
def test_an_empty_person_name_is_none(raw: bytes) -> None:
    assert access.person_name(scanned(0x00100010, "PN", raw), "PatientName") is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"20240229", dt.date(2024, 2, 29)), (b"2024.02.29", dt.date(2024, 2, 29)),
        (b"20230229", None), (b"2024022", None), (b"abc", None), (b"", None),
    ],
)  # fmt: skip
def test_dates_are_read_or_none(raw: bytes, expected: dt.date | None) -> None:
    assert access.date(scanned(0x00080020, "DA", raw), "StudyDate") == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"235960", dt.time(23, 59, 59)), (b"10", dt.time(10)), (b"1015", dt.time(10, 15)),
        (b"101530.5", dt.time(10, 15, 30, 500000)), (b"10:15:30", dt.time(10, 15, 30)),
        (b"2500", None),
    ],
)  # fmt: skip
def test_times_are_read_or_none(raw: bytes, expected: dt.time | None) -> None:
    assert access.time(scanned(0x00080030, "TM", raw), "StudyTime") == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("20240102030405.25+0800",
         dt.datetime(2024, 1, 2, 3, 4, 5, 250000, tzinfo=dt.timezone(dt.timedelta(hours=8)))),
        ("202401", dt.datetime(2024, 1, 1)),  # noqa: DTZ001 - the value names no zone
        ("20240102030405+9999", None), ("x", None), ("20241301", None),
    ],
)  # fmt: skip
def test_moments_are_read_or_none(raw: str, expected: dt.datetime | None) -> None:
    assert access.parse_moment(raw) == expected


def test_numbers_that_are_none_are_none() -> None:
    assert access.integer(scanned(0x00200013, "IS", b"12a "), "InstanceNumber") is None
    assert access.integer(scanned(0x00200013, "IS", b" 12 "), "InstanceNumber") == 12
    assert access.integer(scanned(0x00200013, "IS", b"12.0"), "InstanceNumber") == 12
    assert access.decimal(scanned(0x00280030, "DS", b"1e999\\2 "), "PixelSpacing") is None
    assert access.numbers_of(scanned(0x00280030, "DS", b"0.5\\x\\2"), "PixelSpacing") == (
        0.5,
        None,
        2.0,
    )
    assert access.integer(scanned(0x00280010, "US", b"\x01"), "Rows") is None


def test_big_endian_numbers_are_read() -> None:
    header = scan(wheel_file("MR_small_bigendian.dcm"))
    assert access.integer(header.dataset, "Rows") == 64


def test_text_of_several_values_keeps_its_empty_ones() -> None:
    ds = scanned(0x00080008, "CS", b"\\PRIMARY\\ ")
    assert access.texts_of(ds, "ImageType") == ("", "PRIMARY", "")
    assert access.text(ds, "ImageType") == "PRIMARY"


def test_items_read_their_text_by_the_character_set_around_them() -> None:
    inner = element(0x00080104, "LO", "胸部".encode("gb18030"))
    header = scan(
        part10(
            element(0x00080005, "CS", b"GB18030 "),
            element(0x00081032, "SQ", item(inner)),
        )
    )
    (code,) = access.sequence(header.dataset, "ProcedureCodeSequence")
    assert access.decoded(code, "CodeMeaning")[0].text == "胸部"
    assert not access.is_repaired(code, "CodeMeaning")


def test_a_built_data_set_reads_like_a_scanned_one() -> None:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = "Wang^Xiaoming=王^小明"
    ds.StudyDate = "20240102"
    ds.StudyTime = "101112.5"
    ds.Rows = 2
    ds.PixelSpacing = [0.5, 0.25]
    ds.Modality = "ECG"
    request = Dataset()
    request.RequestedProcedureID = "R1"
    ds.RequestAttributesSequence = Sequence([request])
    file = saved(ds)
    built, read = attributes(ds), attributes(scan(file).dataset)
    assert built == read
    assert read.patient_name == PersonName("Wang^Xiaoming", "王^小明")
    assert read.requested_procedure_id == "R1"
    assert access.numbers_of(ds, "PixelSpacing") == (0.5, 0.25)


def test_index_text_is_bounded_and_without_control_characters() -> None:
    raw = ("\x1b[31m" + "x" * 5000 + "\u202e").encode()
    found = attributes(scanned(0x00081030, "LO", raw)).study_description
    assert found is not None
    assert len(found) == 256
    assert found.isprintable()


def test_the_index_of_a_ct_image() -> None:
    found = attributes(scan(wheel_file("CT_small.dcm")).dataset)
    assert found.modality == "CT"
    assert (found.rows, found.columns, found.bits_allocated) == (128, 128, 16)
    assert found.patient_name == PersonName("CompressedSamples^CT1")
    assert found.study_date == dt.date(2004, 1, 19)


@given(
    st.sampled_from(["PN", "DA", "TM", "DT", "IS", "DS", "US", "LO", "UI", "AT"]),
    st.binary(max_size=40),
)
def test_no_value_makes_an_accessor_raise(vr: str, raw: bytes) -> None:
    for keyword in (
        "PatientName",
        "StudyDate",
        "StudyTime",
        "Rows",
        "PixelSpacing",
        "AcquisitionDateTime",
    ):
        ds = scan(part10(element(tag_of(keyword), vr, raw))).dataset
        attributes(ds)
        access.numbers_of(ds, keyword)
        access.uid(ds, keyword)
