"""The DICOM JSON model against pydicom's, and where pydicom's would raise."""

import base64

import orjson
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from dicom.charset import Charset, DecodedText, Repairs
from dicom.part10 import scan
from dicom.structure import ScanLimits
from dicom.web.dicom_json import to_bytes, to_json
from tests.dicom.build import element, item, part10, wheel_file

NEVER_BULK = ScanLimits(inline_bytes=10_000_000)


def normal(node: object) -> object:
    """Level what the standard leaves open: whole floats, name padding, and empty values."""
    match node:
        case {"vr": "DS" | "IS" | "FL" | "FD", "Value": list(values)}:
            return [None if value is None else round(float(value), 9) for value in values]
        case {"vr": str(vr), "Value": [] | [{"Alphabetic": "" | "^^^^"}]}:
            return {"vr": vr}
        case dict():
            return {key: normal(value) for key, value in node.items()}
        case list():
            return [normal(value) for value in node]
        case str():
            return node.strip().rstrip("^")
        case _:
            return node


@pytest.mark.filterwarnings("ignore:Invalid value for VR", "ignore:The value length")
@pytest.mark.parametrize(
    "name",
    [
        "MR_small_implicit.dcm",
        "rtplan.dcm",
        "test-SR.dcm",
        "reportsi.dcm",
        "chrH31.dcm",
        "waveform_ecg.dcm",
        "chrX1.dcm",
        "693_J2KI.dcm",
        "MR_small_bigendian.dcm",
    ],
)
def test_json_equals_that_of_pydicom(name: str) -> None:
    path = wheel_file(name)
    reference = pydicom.dcmread(path)
    reference.pop("PixelData", None)
    expected = reference.to_json_dict()
    mine = to_json(scan(path, NEVER_BULK).dataset)
    mine.pop("00080005", None)
    expected.pop("00080005", None)
    expected = {tag: value for tag, value in expected.items() if not tag.endswith("0000")}
    assert normal(mine) == normal(expected)


def test_pixel_data_and_long_values_are_referred_to() -> None:
    long = element(0x00420011, "OB", b"x" * 100_000)
    nested = element(0x00081115, "SQ", item(element(0x00420011, "OB", b"y" * 100_000)))
    header = scan(part10(nested, long))
    json = to_json(header.dataset, header.bulk, lambda bulk: f"bulk/{bulk.path_text}")
    assert json["00420011"] == {"vr": "OB", "BulkDataURI": "bulk/00420011"}
    (inner,) = json["00081115"]["Value"]
    assert inner["00420011"]["BulkDataURI"] == "bulk/00081115/0/00420011"


def test_text_is_repaired_and_the_label_becomes_utf_8() -> None:
    file = part10(
        element(0x00080005, "CS", b"ISO_IR 100"), element(0x00100010, "PN", b"\xd5\xc5\xc8\xfd")
    )
    json = orjson.loads(to_bytes(scan(file).dataset))
    assert json["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert json["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "张三"}]}


def test_each_kind_of_false_label_is_noted_at_any_depth() -> None:
    chinese, utf_8 = "患者，自述".encode("gb18030"), "随访—复查".encode()
    inner = element(0x00080005, "CS", b"ISO_IR 192") + element(0x00080104, "LO", chinese)
    for more, kinds in (
        ([element(0x00104000, "LT", chinese)], ("ISO_IR 100 → GB18030",)),
        ([element(0x00324000, "LT", utf_8)], ("ISO_IR 100 → ISO_IR 192",)),
        ([element(0x00104000, "LT", chinese), element(0x00324000, "LT", utf_8)],
         ("ISO_IR 100 → GB18030", "ISO_IR 100 → ISO_IR 192")),
        ([element(0x0040A730, "SQ", item(inner))], ("ISO_IR 192 → GB18030",)),
        ([element(0x00104000, "LT", "Universität".encode("latin_1"))], ()),
        ([element(0x00104000, "LT", b"~ follow up")], ()),
    ):  # fmt: skip
        repairs = Repairs()
        file = part10(element(0x00080005, "CS", b"ISO_IR 100"), *more)
        to_json(scan(file).dataset, repairs=repairs)
        assert repairs.kinds == kinds


def test_an_object_of_many_false_labels_has_few_kinds() -> None:
    repairs = Repairs()
    for number in range(100):
        repairs.note(Charset((f"ISO_IR {number}" * 100,)), DecodedText("张", "GB18030"))
    assert len(repairs.kinds) == 8
    assert max(map(len, repairs.kinds)) <= 90


def test_the_label_says_utf_8_even_where_none_stood() -> None:
    json = to_json(scan(part10(element(0x00100010, "PN", b"\xd5\xc5\xc8\xfd"))).dataset)
    assert json["00080005"]["Value"] == ["ISO_IR 192"]


def test_numbers_are_numbers_and_binary_is_base64() -> None:
    ds = scan(
        part10(
            element(0x00200013, "IS", b"7 "),
            element(0x00280030, "DS", b"0.5\\1e-3 "),
            element(0x00091001, "OB", b"\x01\x02"),
            element(0x00280009, "AT", b"\x18\x00\x63\x10"),
        )
    ).dataset
    json = to_json(ds)
    assert json["00200013"]["Value"] == [7]
    assert json["00280030"]["Value"] == [0.5, 0.001]
    assert json["00091001"]["InlineBinary"] == base64.b64encode(b"\x01\x02").decode()
    assert json["00280009"]["Value"] == ["00181063"]


def test_a_broken_value_costs_itself_alone() -> None:
    file = part10(element(0x00200013, "IS", b"seven "), element(0x00280010, "US", b"\x01"))
    json = to_json(scan(file).dataset)
    assert json["00200013"] == {"vr": "IS"}
    assert json["00280010"] == {"vr": "US"}
    assert json["00080018"]["Value"] == ["1.2.3.4"]


def test_group_lengths_and_meta_information_are_left_out() -> None:
    ds = Dataset()
    ds.add_new(0x00080000, "UL", 4)
    ds.PatientID = "1"
    assert list(to_json(ds)) == ["00080005", "00100020"]


@given(st.binary(max_size=300))
def test_any_data_set_that_scans_has_json(tail: bytes) -> None:
    try:
        header = scan(part10(tail))
    except ValueError:
        return
    assert orjson.loads(to_bytes(header.dataset))["00080018"]
