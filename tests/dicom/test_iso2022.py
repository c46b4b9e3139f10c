"""Every character set of PS3.3 C.12.1.1.2, and the examples of PS3.5 annexes H to K, by bytes."""

import pytest
from pydicom.charset import encode_string, python_encoding

from dicom.charset import decode, parse_charset

ESC = b"\x1b"

EXAMPLES = [
    # PS3.5 H.3.1 and H.3.2: Japanese.
    (
        "\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    (
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        (b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
        b"=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J"),
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    # PS3.5 I.2 and I.3: Korean. In text the set is called anew on each line.
    (
        "\\ISO 2022 IR 149",
        (b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7"
        b"=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"),
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    (
        "\\ISO 2022 IR 149",
        b"\x1b$)C1 \xb1\xe6\r\n\x1b$)C2 \xb5\xbf\r\nend",
        "1 길\r\n2 동\r\nend",
    ),
    # PS3.5 J.1 and J.2: Chinese in UTF-8.
    (
        "ISO_IR 192",
        bytes.fromhex("57616e675e5869616f446f6e673de78e8b5ee5b08fe4b89c3d"),
        "Wang^XiaoDong=王^小东=",
    ),
    (
        "ISO_IR 192",
        (b"The first line includes \xe4\xb8\xad\xe6\x96\x87.\r\n"
        b"The second line includes \xe4\xb8\xad\xe6\x96\x87, too.\r\n"),
        "The first line includes 中文.\r\nThe second line includes 中文, too.\r\n",
    ),
    # PS3.5 J.3 and J.4: Chinese in GB18030.
    (
        "GB18030",
        bytes.fromhex("57616e675e5869616f446f6e673dcdf55ed0a1b6ab3d"),
        "Wang^XiaoDong=王^小东=",
    ),
    (
        "GB18030",
        (b"The first line includes \xd6\xd0\xce\xc4.\r\n"
        b"The second line includes \xd6\xd0\xce\xc4, too.\r\n"),
        "The first line includes 中文.\r\nThe second line includes 中文, too.\r\n",
    ),
    # PS3.5 K.2 and K.3: Chinese in GB 2312.
    (
        "\\ISO 2022 IR 58",
        bytes.fromhex(
            "5a68616e675e5869616f446f6e673d1b242941d5c55e1b242941d0a1b6ab3d"
        ),
        "Zhang^XiaoDong=张^小东=",
    ),
    (
        "\\ISO 2022 IR 58",
        (b"1. \x1b$)A\xb5\xda\xd2\xbb\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n"
        b"2. \x1b$)A\xb5\xda\xb6\xfe\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n"),
        "1. 第一行文字。\r\n2. 第二行文字。\r\n",
    ),
]  # fmt: skip

SINGLE_BYTE = [
    # number, escape sequence (PS3.3 Table C.12-3), bytes, text
    ("100", b"-A", b"\xc4neas R\xfcdiger \xe7\xff", "Äneas Rüdiger çÿ"),
    ("101", b"-B", b"W\xb3\xb1cza \xa9\xbe\xff", "Włącza Šž˙"),
    ("109", b"-C", b"\xa1\xb1 \xe6\xf8", "Ħħ ĉĝ"),
    ("110", b"-D", b"\xd3\xf3 \xa2\xbf", "Ķķ ĸŋ"),
    ("126", b"-F", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
    ("127", b"-G", b"\xe2\xc8\xc7\xe6\xea", "قباني"),
    ("138", b"-H", b"\xf9\xf8\xe5\xef \xe3\xe1\xe5\xf8\xe4", "שרון דבורה"),
    ("144", b"-L", b"\xbb\xee\xda\x63\x65\xdc\xd1\xeb\xd3", "Люкceмбыг"),
    ("148", b"-M", b"\xc7avu\xfeo\xf0lu \xdd\xfd", "Çavuşoğlu İı"),
    ("166", b"-T", b"\xb9\xd2\xc2 \xb4\xd5", "นาย ดี"),
    ("203", b"-b", b"\xa4 \xbc\xbd \xbe", "€ Œœ Ÿ"),
    ("13", b")I", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"),
]

MULTI_BYTE = [
    # term beside the first, bytes with escape sequences (PS3.3 Table C.12-4), text
    ("ISO 2022 IR 87", b"\x1b$B;3ED\x1b(B", "山田"),
    ("ISO 2022 IR 87", b"a\x1b$B\x25\x5e\x25\x3d\x1b(Bb", "aマソb"),
    ("ISO 2022 IR 159", b"\x1b$(D\x30\x21\x6d\x63\x1b(B", "丂龥"),
    ("ISO 2022 IR 149", b"\x1b$)C\xb1\xe8 Kim \xc8\xf1", "김 Kim 희"),
    ("ISO 2022 IR 58", b"\x1b$)A\xd5\xc5 San \xa1\xa4", "张 San ·"),
]


@pytest.mark.parametrize(("label", "raw", "meant"), EXAMPLES)
def test_the_examples_of_the_standard_read_byte_for_byte(
    label: str, raw: bytes, meant: str
) -> None:
    read = decode(raw, parse_charset(label))
    assert (read.text, read.read_as) == (meant, "")


@pytest.mark.parametrize(("number", "escape", "raw", "meant"), SINGLE_BYTE)
def test_every_set_of_one_byte_reads_with_and_without_code_extension(
    number: str, escape: bytes, raw: bytes, meant: str
) -> None:
    alone = decode(raw, parse_charset(f"ISO_IR {number}"))
    first = decode(raw, parse_charset(f"ISO 2022 IR {number}\\ISO 2022 IR 87"))
    called = decode(b"A" + ESC + escape + raw, parse_charset(f"\\ISO 2022 IR {number}"))
    other = decode(
        ESC + escape + raw + b"^" + ESC + b"-A\xe9",
        parse_charset(f"ISO 2022 IR 101\\ISO 2022 IR {number}\\ISO 2022 IR 100"),
    )
    assert [(each.text, each.read_as) for each in (alone, first, called, other)] == [
        (meant, ""),
        (meant, ""),
        ("A" + meant, ""),
        (meant + "^é", ""),
    ]


@pytest.mark.parametrize(("term", "raw", "meant"), MULTI_BYTE)
def test_every_set_of_two_bytes_reads_where_it_is_called(term: str, raw: bytes, meant: str) -> None:
    read = decode(raw, parse_charset(f"\\{term}"))
    assert (read.text, read.read_as) == (meant, "")


def test_the_first_sets_are_in_force_again_behind_a_delimiter() -> None:
    label = parse_charset("ISO 2022 IR 100\\ISO 2022 IR 126")
    for delimiter in ("^", "=", "\\", "\r\n", "\t", "\f"):
        raw = b"\x1b-F\xc4" + delimiter.encode() + b"\xc4"
        assert decode(raw, label).text == f"Δ{delimiter}Ä"


def test_halves_of_a_japanese_sign_part_nothing() -> None:
    # 0x5E and 0x3D as halves of signs, which are delimiters elsewhere.
    raw = "\u30de\u30bd\u9ede".encode("iso2022_jp")
    assert b"^" in raw
    assert b"=" in raw
    assert decode(raw, parse_charset("\\ISO 2022 IR 87")).text == "マソ點"


def test_katakana_and_latin_letters_of_japan_stand_together() -> None:
    read = decode(b"A~\xd4\\B", parse_charset("ISO_IR 13"))
    assert read.text == "A‾ﾔ\\B"


@pytest.mark.parametrize(
    ("label", "raw", "meant", "read_as"),
    [
        # Called without being named.
        ("ISO_IR 100", b"\x1b$)A\xd5\xc5^\x1b$)A\xc8\xfd", "张^三", "escape sequences"),
        ("", b"\x1b$B;3ED\x1b(B", "山田", "escape sequences"),
        ("GB18030", b"\x1b$)A\xd5\xc5", "张", "escape sequences"),
        # Named without being called, or not again behind a delimiter.
        ("\\ISO 2022 IR 58", b"\xd5\xc5^\xc8\xfd", "张^三", "escape sequences"),
        ("\\ISO 2022 IR 58", b"\x1b$)A\xd5\xc5^\xc8\xfd", "张^三", "escape sequences"),
        ("\\ISO 2022 IR 149", b"\xb1\xe8^\xc8\xf1", "김^희", "escape sequences"),
        # What the writer's computer wrote, under the name of what the standard knows.
        ("\\ISO 2022 IR 58", "镕".encode("gb18030"), "镕", "GB18030"),
        ("\\ISO 2022 IR 58", b"\x1b$)A" + "朱镕基".encode("gb18030"), "朱镕基", "GB18030"),
        ("\\ISO 2022 IR 58", "张三".encode(), "张三", "ISO_IR 192"),
        ("\\ISO 2022 IR 149", "똠방".encode("cp949"), "똠방", "cp949"),
        ("ISO_IR 13", "山田 太郎".encode("cp932"), "山田 太郎", "cp932"),
        # An escape sequence of no set is no text.
        ("ISO_IR 100", b"\x1b%G\xd5\xc5\xc8\xfd", "\x1b%G张三", "GB18030"),
    ],
)
def test_what_devices_get_wrong_is_read_and_said(
    label: str, raw: bytes, meant: str, read_as: str
) -> None:
    read = decode(raw, parse_charset(label))
    assert (read.text, read.read_as) == (meant, read_as)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (["iso8859", "iso2022_jp"], "Yamada 山田"),
        (["shift_jis", "iso2022_jp"], "ﾔﾏﾀﾞ"),
        (["iso8859", "euc_kr"], "Hong 洪"),
        (["latin_1", "iso_ir_126", "iso_ir_144"], "Ä"),
        (["latin_1", "iso_ir_126", "iso_ir_144"], "Διον"),
    ],
)
def test_what_pydicom_writes_is_read(terms: list[str], text: str) -> None:
    names = {
        "iso8859": "", "iso2022_jp": "ISO 2022 IR 87", "shift_jis": "ISO 2022 IR 13",
        "euc_kr": "ISO 2022 IR 149", "latin_1": "ISO 2022 IR 100",
        "iso_ir_126": "ISO 2022 IR 126", "iso_ir_144": "ISO 2022 IR 144",
    }  # fmt: skip
    raw = encode_string(text, terms)
    read = decode(raw, parse_charset("\\".join(names[term] for term in terms)))
    assert (read.text, read.read_as) == (text, "")


def test_every_defined_term_has_an_example_here_or_beside_its_false_labels() -> None:
    """PS3.3 Tables C.12-2 to C.12-5; the last two are no terms of the standard."""
    one_byte = {
        f"{way} {number}" for number, *_ in SINGLE_BYTE for way in ("ISO_IR", "ISO 2022 IR")
    }
    covered = one_byte | {term for term, *_ in MULTI_BYTE}
    alone = {"", "ISO_IR 6", "ISO 2022 IR 6", "ISO_IR 192", "GB18030", "GBK"}
    assert set(python_encoding) - covered - alone == {"ISO 2022 GBK", "ISO 2022 58"}
