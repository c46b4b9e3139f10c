"""The printing font: what it shows, and what is said where it is not there."""

from pathlib import Path

import pytest

from server.core.errors import Unavailable
from server.reports.fonts import FONT_FILE, PrintingFont
from tests.server.reports.sheets import FONT


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("张样本 QTc≥450 ms ±5℃ ①Ⅱ", "张样本 QTc≥450 ms ±5℃ ①Ⅱ"),
        ("吉𠮷", "吉〔U+20BB7〕"),
        ("😀ཀ", "〔U+1F600〕〔U+0F40〕"),
        ("a\u202eb\u200b\ud800c", "abc"),
        ("王\ue000\U000f0001\u0378", "王〔U+E000〕〔U+F0001〕〔U+0378〕"),
        ("一\t二\n三\x01", "一 二 三"),
    ],
)
def test_what_the_font_lacks_is_printed_as_its_code_point(text: str, printed: str) -> None:
    assert FONT.printable(text) == printed


def test_a_missing_font_is_said_clearly(tmp_path: Path) -> None:
    for ask in (lambda font: font.fonts, lambda font: font.printable("一")):
        with pytest.raises(Unavailable, match="build the web client") as refused:
            ask(PrintingFont(tmp_path))
        assert refused.value.code == "no-printing-font"


def test_nothing_of_the_machine_s_own_is_printed_with() -> None:
    assert FONT.fonts.families() == ["Noto Sans SC"]


def test_a_file_that_is_no_font_is_refused(tmp_path: Path) -> None:
    (tmp_path / FONT_FILE).write_bytes(b"\x00\x01\x00\x00\x00\x00" + b"\x00" * 20)
    with pytest.raises(ValueError, match="no character map"):
        PrintingFont(tmp_path).printable("一")
