"""Text under true and false labels."""

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from dicom.charset import Charset, decode, parse_charset
from dicom.dataset import decoded, person_name, sequence
from dicom.part10 import scan
from dicom.structure import ScanLimits
from dicom.values import CHARSET_VRS
from tests.dicom.build import WHEEL_DATA, wheel_file

NAMES = [
    "张三",
    "王小明",
    "李伟",
    "陈静",
    "朱镕基",
    "赵^一",
    "欧阳娜娜",
    "阿依古丽·买买提",
    "吕 喆",
    "丁一",
    "乙",
]
PHRASES = [
    "头颅MRI平扫",
    "CT胸部平扫+增强",
    "左肺上叶结节，建议复查。",
    "县人民医院",
    "Chest胸部PA",
]
FALSE_LABELS = ["", "ISO_IR 6", "ISO_IR 100", "ISO_IR 192", "ISO 2022 IR 100"]


@pytest.mark.parametrize("label", FALSE_LABELS)
@pytest.mark.parametrize("meant", [*NAMES, *PHRASES])
@pytest.mark.parametrize("codec", ["gb18030", "gbk"])
def test_chinese_under_a_false_label_reads_as_it_was_meant(
    meant: str, label: str, codec: str
) -> None:
    read = decode(meant.encode(codec), parse_charset(label))
    assert (read.text, read.repaired) == (meant, True)


def test_the_bytes_of_zhang_san_and_wang_xiao_ming_are_those_of_gb18030() -> None:
    assert decode(b"\xd5\xc5\xc8\xfd", parse_charset("ISO_IR 100")).text == "张三"
    assert decode(b"\xcd\xf5\xd0\xa1\xc3\xf7", parse_charset("ISO_IR 6")).text == "王小明"


@pytest.mark.parametrize("label", ["", "ISO_IR 6", "ISO_IR 100"])
@pytest.mark.parametrize("meant", [*NAMES, *PHRASES, "Zoë", "Ångström"])
def test_utf_8_under_a_false_label_reads_as_it_was_meant(meant: str, label: str) -> None:
    read = decode(meant.encode(), parse_charset(label))
    assert (read.text, read.repaired) == (meant, True)


@pytest.mark.parametrize("label", ["GB18030", "GBK", "ISO 2022 GBK"])
@pytest.mark.parametrize("meant", [*NAMES, *PHRASES, "Zhang^San=张^三", "ئۇيغۇر قىز"])
def test_utf_8_under_the_label_of_gb18030_reads_as_it_was_meant(meant: str, label: str) -> None:
    read = decode(meant.encode(), parse_charset(label))
    assert (read.text, read.read_as) == (meant, "ISO_IR 192")


@pytest.mark.parametrize("label", ["GB18030", "GBK"])
@pytest.mark.parametrize(
    "meant", [*NAMES, *PHRASES, "璇璋", "蔡琰", "瑜瑾", "茅", "頭顱", "張^國榮", "魏璐珺"]
)
def test_gb18030_under_its_own_label_stays(meant: str, label: str) -> None:
    read = decode(meant.encode("gb18030"), parse_charset(label))
    assert (read.text, read.read_as) == (meant, "")


@pytest.mark.parametrize(
    "meant",
    [
        "é", "Andrés", "créée", "Müßig^Jörg", "JÄÖRG", "Noël", "5 µm",
        "30°C", "±2 µg/m²", "Å", "Ñandú", "grüßen",
        "ÀÉ Straße", "Bøe^Åse", "Ærø", "«été»", "PIÑÁN",
        "Þórður Ólafsson", "Françoise", "naïve café",
    ],
)  # fmt: skip
def test_latin_1_under_its_own_label_stays(meant: str) -> None:
    read = decode(meant.encode("latin_1"), parse_charset("ISO_IR 100"))
    assert (read.text, read.repaired) == (meant, False)


@pytest.mark.parametrize(
    ("label", "codec", "meant"),
    [
        ("GB18030", "gb18030", "张三=^𠮷"),
        ("GBK", "gbk", "王小明"),
        ("ISO_IR 192", "utf_8", "王小明 é"),
        ("ISO_IR 101", "iso8859_2", "Łukasz"),
        ("ISO_IR 144", "iso8859_5", "Люкceмбypг"),
        ("ISO_IR 166", "tis_620", "ไทย"),
        ("ISO_IR 192", "utf_8", "Иван"),
        ("ISO_IR 192", "utf_8", "ئۇيغۇر"),
        ("ISO_IR 13", "shift_jis", "ﾔﾏﾀﾞ"),
    ],
)
def test_a_true_label_is_believed(label: str, codec: str, meant: str) -> None:
    read = decode(meant.encode(codec), parse_charset(label))
    assert (read.text, read.repaired) == (meant, False)


@pytest.mark.parametrize(
    "name",
    [
        "chrArab.dcm", "chrFren.dcm", "chrFrenMulti.dcm", "chrGerm.dcm", "chrGreek.dcm",
        "chrH31.dcm",
        "chrH32.dcm",
        "chrHbrw.dcm", "chrI2.dcm", "chrRuss.dcm", "chrX1.dcm", "chrX2.dcm",
    ],
)  # fmt: skip
def test_the_examples_of_the_standard_read_as_pydicom_reads_them(name: str) -> None:
    path = wheel_file(name)
    mine = person_name(scan(path).dataset, "PatientName")
    reference = pydicom.dcmread(path)
    reference.decode()
    theirs = reference.PatientName
    assert mine is not None
    assert not mine.repaired
    assert mine.alphabetic == theirs.alphabetic.rstrip("^")
    assert mine.ideographic == theirs.ideographic.rstrip("^")
    assert mine.phonetic == theirs.phonetic.rstrip("^")


CHARSET_FILES = sorted((WHEEL_DATA / "charset_files").glob("*.dcm"))


def told_otherwise(ds: Dataset, reference: Dataset) -> Iterator[tuple[str, object, object]]:
    """Yield each text, also of nested items, that pydicom reads otherwise or that was repaired."""
    for element in reference:
        if element.VR == "SQ":
            for mine, theirs in zip(sequence(ds, element.keyword), element.value, strict=True):
                yield from told_otherwise(mine, theirs)
        elif element.VR in CHARSET_VRS and element.keyword and element.value:
            values = element.value if element.VM > 1 else [element.value]
            found = decoded(ds, element.keyword)
            texts = [one.text.rstrip("=") for one in found]
            if texts != [str(value).rstrip("= ") for value in values] or found[0].repaired:
                yield element.keyword, texts, values


@pytest.mark.parametrize("path", CHARSET_FILES, ids=lambda path: path.name)
def test_every_text_of_pydicom_s_charset_files_reads_as_pydicom_reads_it(path: Path) -> None:
    header = scan(path, ScanLimits(require_pixel_data=False), identified=False)
    reference = pydicom.dcmread(path)
    reference.decode()
    assert list(told_otherwise(header.dataset, reference)) == []


def test_the_charset_files_are_seventeen() -> None:
    assert len(CHARSET_FILES) == 17


def test_backslash_and_caret_inside_a_hanzi_part_nothing() -> None:
    # The second bytes of these characters are 0x5C and 0x5E.
    raw = b"\x95\x5c\x96\x5e"
    assert "\\" not in decode(raw, Charset(("GB18030",))).text


@pytest.mark.parametrize("label", ["ISO IR 100", "iso_ir 100", "ISO-IR 100", "ISO_IR100"])
def test_misspelt_labels_are_understood(label: str) -> None:
    assert parse_charset(label).terms == ("ISO_IR 100",)
    assert parse_charset("utf-8").terms == ("ISO_IR 192",)


@given(
    st.binary(max_size=60),
    st.sampled_from([*FALSE_LABELS, "GB18030", "\\ISO 2022 IR 87", "nonsense", "ISO_IR 13"]),
)
def test_any_bytes_under_any_label_become_some_text(raw: bytes, label: str) -> None:
    assert isinstance(decode(raw, parse_charset(label)).text, str)


@given(
    st.text(
        alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=4
    )
)
def test_most_hanzi_under_no_label_come_back(meant: str) -> None:
    read = decode(meant.encode("gb18030"), parse_charset(""))
    assert read.text == meant or meant.encode("gb18030").decode("utf_8") == read.text
