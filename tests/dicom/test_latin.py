"""Chinese names and text in Latin letters."""

import pytest

from dicom.latin import latin_name, latin_text


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("张三", "ZHANG^SAN"),
        ("张小东", "ZHANG^XIAODONG"),
        ("欧阳修", "OUYANG^XIU"),
        # A family name of two signs alone is a family name of one and a given name.
        ("司马", "SI^MA"),
        ("欧^阳修", "OU^YANGXIU"),
        ("单雄信", "SHAN^XIONGXIN"),
        ("吕布", "LYU^BU"),
        ("张", "ZHANG"),
        ("王𠮷", "WANG^?"),
        ("Smith^Anna", "Smith^Anna"),
        ("安娜Smith", "ANNASmith"),
    ],
)
def test_a_name_is_spelled_family_name_first(name: str, letters: str) -> None:
    assert latin_name(name) == letters


@pytest.mark.parametrize(
    ("text", "letters"),
    [("胸部正位", "XIONG BU ZHENG WEI"), ("CT平扫", "CT PING SAO"), ("é", "?"), ("DX 1", "DX 1")],
)
def test_text_without_hanzi(text: str, letters: str) -> None:
    assert latin_text(text) == letters
