"""The Native DICOM Model: JSON to XML and back, and XML that must not be trusted."""

from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest

from dicom.part10 import scan
from dicom.structure import ScanLimits
from dicom.web.dicom_json import to_json
from dicom.web.json_reader import JsonError, NodeBudget, TooManyNodes, from_json
from dicom.web.native_xml import from_xml, to_xml
from tests.dicom.build import WHEEL_DATA
from tests.ecg.formats.hostile import without_hanging

LIMITS = ScanLimits(inline_bytes=1 << 28)


def as_text(described: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON model with its numbers as text, as XML has them."""
    found: dict[str, Any] = {}
    for tag, content in described.items():
        values = content.get("Value")
        if content["vr"] == "SQ":
            values = values and [as_text(item) for item in values]
        elif values and content["vr"] != "PN":
            values = [None if value is None else str(value) for value in values]
        while values and values[-1] is None:
            values = values[:-1]
        found[tag] = {**content, "Value": values} if values else {**content}
    return found


def test_every_file_of_the_wheel_comes_back_the_same() -> None:
    seen = 0
    for path in sorted(WHEEL_DATA.rglob("*.dcm")):
        try:
            described = orjson.loads(orjson.dumps(to_json(scan(path, LIMITS).dataset)))
        except ValueError:
            continue
        again = from_xml(to_xml(described))
        assert again == as_text(described), path.name
        from_json(again)
        seen += 1
    assert seen > 60


def test_a_name_is_written_by_its_components() -> None:
    name = {"Alphabetic": "Wang^XiaoDong^^Dr", "Ideographic": "王^小东"}
    root = ET.fromstring(to_xml({"00100010": {"vr": "PN", "Value": [name]}}))  # noqa: S314  ours
    space = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
    found = root.find(f"{space}DicomAttribute/{space}PersonName/{space}Ideographic")
    assert found is not None
    assert [(each.tag.removeprefix(space), each.text) for each in found] == [
        ("FamilyName", "王"), ("GivenName", "小东"),
    ]  # fmt: skip
    assert root[0].get("keyword") == "PatientName"


DOCTYPE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
MODEL = "<NativeDicomModel>{}</NativeDicomModel>"


@pytest.mark.parametrize(
    "document",
    [
        "", "x", "<a/>", MODEL.format("<x/>"), DOCTYPE + MODEL.format("&e;"),
        MODEL.format('<DicomAttribute tag="00100020"/>'),
        MODEL.format('<DicomAttribute tag="00100020" vr="LO"><y/></DicomAttribute>'),
        MODEL.format('<DicomAttribute tag="00100020" vr="LO"><Value>1</Value></DicomAttribute>'),
        MODEL.format(
            '<DicomAttribute tag="00100020" vr="LO"><Value number="9999999">1</Value>'
            "</DicomAttribute>"
        ),
        "<NativeDicomModel>" + "<Item>" * 500, "<NativeDicomModel>" + "<Item/>" * 1_100_000,
    ],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_model_is_refused(document: str) -> None:
    with pytest.raises(JsonError):
        from_xml(document.encode())


def test_values_that_numbers_leave_out_count_too() -> None:
    """Sixty bytes of XML must not become a list of half a million values, time and again."""
    attribute = '<DicomAttribute tag="{:08X}" vr="LO"><Value number="{}">x</Value></DicomAttribute>'
    sparse = MODEL.format(attribute.format(0x00100020, 30)).encode()
    assert from_xml(sparse)["00100020"]["Value"] == [None] * 29 + ["x"]
    swelling = MODEL.format(
        "".join(attribute.format(0x00110000 + at, 500_000) for at in range(0x1000, 0x1010))
    )
    with pytest.raises(TooManyNodes):
        from_xml(swelling.encode())
    budget = NodeBudget(60)
    from_xml(sparse, budget)
    with pytest.raises(TooManyNodes):
        from_xml(sparse, budget)


def test_text_among_many_elements_is_read_in_linear_time() -> None:
    text = ("x" * 160 + "<Item/>") * 200_000
    with without_hanging(), pytest.raises(JsonError, match="DicomAttribute"):
        from_xml(MODEL.format(text).encode())
