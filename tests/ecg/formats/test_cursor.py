"""Cursor and text: what every reader of bytes stands on."""

import pytest

from ecg.formats.cursor import Cursor
from ecg.formats.errors import EcgFormatError
from ecg.formats.text import decoded


def test_numbers_are_read_in_either_order() -> None:
    little, big = Cursor(b"\x01\x02\xff\xfe", "X"), Cursor(b"\x01\x02\xff\xfe", "X", "big")
    assert (little.unsigned(2), little.signed(2)) == (0x0201, -257)
    assert (big.unsigned(2), big.signed(2)) == (0x0102, -2)
    assert Cursor(b"\x00\x00\x80\x3f", "X").float(4) == 1.0


@pytest.mark.parametrize(("at", "count"), [(0, 5), (4, 1), (0, -1)])
def test_nothing_is_read_outside(at: int, count: int) -> None:
    cursor = Cursor(b"1234", "X")
    cursor.seek(at)
    with pytest.raises(EcgFormatError, match="X: "):
        cursor.take(count)
    assert cursor.at == at


def test_a_part_ends_where_it_was_told() -> None:
    whole = Cursor(b"123456", "X")
    part = whole.part(2)
    assert (part.take(2), part.left, whole.take(1)) == (b"12", 0, b"3")
    with pytest.raises(EcgFormatError):
        part.take(1)
    with pytest.raises(EcgFormatError):
        whole.seek(7)


@pytest.mark.parametrize(
    ("raw", "encoding", "text"),
    [
        ("张三".encode("gbk") + b"\x00\xff", None, "张三"),
        ("张三".encode(), "ascii", "张三"),
        (" 张三 ".encode("gb18030"), "no such", "张三"),
        (b"\xff\xff", None, "ÿÿ"),
        (b"M\xfcller", "latin-1", "Müller"),
    ],
)
def test_text_is_read_whatever_its_device_wrote(
    raw: bytes, encoding: str | None, text: str
) -> None:
    assert decoded(raw, encoding) == text
