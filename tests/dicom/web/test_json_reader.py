"""The DICOM JSON model, read: what was written comes back, and what is none is refused."""

from io import BytesIO
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread

from dicom.part10 import scan
from dicom.structure import ScanLimits
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dicom.web.dicom_json import to_json
from dicom.web.json_reader import JsonError, from_json
from dicom.writer import write_elements, write_opening
from tests.dicom.build import WHEEL_DATA
from tests.ecg.formats.hostile import without_hanging

LIMITS = ScanLimits(inline_bytes=1 << 28)


def written(described: object) -> BytesIO:
    """Read a description and write it as a file."""
    found = from_json(described)
    out = BytesIO()
    write_opening(out, found.dataset, EXPLICIT_VR_LITTLE_ENDIAN)
    write_elements(out, found.dataset, {})
    return BytesIO(out.getvalue())


def test_every_file_of_the_wheel_comes_back_the_same() -> None:
    seen = 0
    for path in sorted(WHEEL_DATA.rglob("*.dcm")):
        try:
            header = scan(path, LIMITS)
        except ValueError:
            continue
        described = orjson.loads(orjson.dumps(to_json(header.dataset)))
        if not all(tag in described for tag in ("0020000D", "0020000E", "00080016")):
            continue
        limits = ScanLimits(inline_bytes=1 << 28, require_pixel_data=False)
        again = to_json(scan(written(described), limits).dataset)
        assert again == described, path.name
        seen += 1
    assert seen > 60


def test_numbers_names_and_tags_are_read() -> None:
    described = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Wang^XD", "Ideographic": "王^小东"}]},
        "00280030": {"vr": "DS", "Value": [0.1, "0.25", 1e-12, None]},
        "00200013": {"vr": "IS", "Value": ["7"]},
        "00209165": {"vr": "AT", "Value": ["0020930D"]},
        "00480200": {"vr": "SQ", "Value": [{"00280010": {"vr": "US", "Value": [3]}}, {}]},
        "00189073": {"vr": "FD", "Value": [2.5]},
        "00280002": {"vr": "US"},
        "00420011": {"vr": "OB", "InlineBinary": "JVBERg=="},
        "00083002": {"vr": "UI", "Value": ["1.2.840.10008.1.2.4.80"]},
    }  # fmt: skip
    found = from_json(described)
    assert found.transfer_syntax_uid == "1.2.840.10008.1.2.4.80"
    ds = dcmread(written(described))
    assert (ds.PatientName.ideographic, ds.SpecificCharacterSet) == ("王^小东", "ISO_IR 192")
    assert ds.PixelSpacing[:3] == [0.1, 0.25, 1e-12]
    assert (ds.InstanceNumber, ds.AcquisitionDuration) == (7, 2.5)
    assert ds[0x00209165].value == 0x0020930D
    assert [len(item) for item in ds[0x00480200].value] == [1, 0]
    assert ds.EncapsulatedDocument == b"%PDF"


def test_a_long_list_of_tags_is_read_in_linear_time() -> None:
    count = 1_000_000
    with without_hanging():
        found = from_json({"00209165": {"vr": "AT", "Value": ["0020930D"] * count}})
    assert found.dataset.get_item(0x00209165).value == b"\x20\x00\x0d\x93" * count


def test_references_are_found_wherever_they_stand() -> None:
    described = {
        "7FE00010": {"vr": "OW", "BulkDataURI": "pixels"},
        "54000100": {"vr": "SQ", "Value": [{"54001010": {"vr": "OW", "BulkDataURI": "wave/1"}}]},
    }
    found = from_json(described)
    assert {path: each.uri for path, each in found.references.items()} == {
        (0x7FE00010,): "pixels", (0x54000100, 0, 0x54001010): "wave/1",
    }  # fmt: skip


def deep(levels: int) -> dict[str, Any]:
    described: dict[str, Any] = {}
    for _ in range(levels):
        described = {"00081199": {"vr": "SQ", "Value": [described]}}
    return described


@pytest.mark.parametrize(
    "wrong",
    [
        [], "text", {"PatientName": {"vr": "PN"}}, {"00100010": "Wang"}, {"00100010": {}},
        {"00100010": {"vr": "XX"}}, {"00100010": {"vr": "PN", "Value": "Wang"}},
        {"00100010": {"vr": "PN", "Value": [5]}}, {"00280010": {"vr": "US", "Value": [70_000]}},
        {"00280010": {"vr": "US", "Value": ["x"]}}, {"00280010": {"vr": "US", "Value": [None]}},
        {"00200013": {"vr": "IS", "Value": ["x"]}}, {"00200013": {"vr": "IS", "Value": [True]}},
        {"00209165": {"vr": "AT", "Value": ["x"]}}, {"00100020": {"vr": "LO", "Value": ["a\0"]}},
        {"00420011": {"vr": "OB", "InlineBinary": "*"}},
        {"7FE00010": {"vr": "OW", "BulkDataURI": 5}}, {"00083002": {"vr": "UI", "Value": []}},
        deep(40),
    ],
)  # fmt: skip
def test_what_is_no_data_set_is_refused_by_its_tag(wrong: object) -> None:
    with pytest.raises(JsonError):
        from_json(wrong)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["vr", "Value", "InlineBinary", "BulkDataURI", "00100010", "00081199"]
                ),
                inner | st.sampled_from(["PN", "SQ", "OB", "US", "DS", "AT"]),
            )
        ),
        max_leaves=20,
    )
)
def test_anything_is_read_or_refused(anything: object) -> None:
    try:
        found = from_json(anything)
    except JsonError:
        return
    assert isinstance(found.dataset, Dataset)
