"""The one door for XML: what it lets in, and that nothing hostile costs more than one error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.formats import xmltree
from ecg.formats.errors import EcgFormatError
from ecg.formats.xmltree import parse_xml, root_name
from tests.ecg.formats.hostile import without_hanging

LAUGHS = (
    '<!DOCTYPE r [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9)).replace("&a0;", "&a;")
    + "]><r>&a9;</r>"
)


def test_a_tree_has_local_names_and_its_own_text() -> None:
    root = parse_xml(b'<x:a xmlns:x="urn:1" x:k=" v "> t <b>1</b> <c><b>2</b></c><b>3</b></x:a>')
    assert (root.tag, root.get("k"), root.text) == ("a", "v", "t")
    assert [each.text for each in root.all("b")] == ["1", "3"]
    assert (root.words("c/b"), root.words("c/d"), root.get("none")) == ("2", None, None)
    assert [each.tag for each in root.walk()] == ["a", "b", "c", "b", "b"]
    assert [each.tag for each in root.walk(without="c")] == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("utf-16", "utf-16-be"),
        ("utf-16", "utf-8"),
        ("GB18030", "gb18030"),
        ("gb2312", "gbk"),
        ("GBK", "gbk"),
        ("utf-8", "gbk"),
        ("ISO-8859-1", "gbk"),
        ("no-such-code", "utf-8"),
        (None, "gbk"),
        (None, "utf-16-le"),
        (None, "utf-8"),
    ],
)
def test_chinese_is_read_however_it_was_written(declared: str | None, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    content = f"{head}<!-- 心电 --><r><name 性别='女'>张三丰</name></r>".encode(encoding)
    root = parse_xml(content)
    assert (root.words("name"), root_name(content)) == ("张三丰", "r")
    assert [each.get("性别") for each in root.all("name")] == ["女"]


def test_a_prefix_that_nothing_declares_is_let_pass() -> None:
    assert parse_xml(b"<r xsi:type='A'><n:a/></r>").get("type") == "A"


def test_padding_is_read_as_blanks() -> None:
    root = parse_xml("<r a='张三\0\0'>\x01x\x1f<b>1\0 2</b></r>\0\0".encode())
    assert (root.get("a"), root.text, root.words("b")) == ("张三", "x", "1  2")


def test_latin_stays_latin() -> None:
    content = '<?xml version="1.0" encoding="ISO-8859-1"?><r>Müller, Élan</r>'.encode("latin-1")
    assert parse_xml(content).text == "Müller, Élan"


@pytest.mark.parametrize(
    "head",
    [
        "",
        "\n\n",
        "<?xml version='1.0'?>",
        "<!-- <b> --><!-- > -->",
        "<?a <b> ?>",
        "<!DOCTYPE RestingECG SYSTEM 'restecg.dtd'>",
        "<!DOCTYPE r [<!ELEMENT r ANY> ]>",
        "<!--" + "x" * 30_000 + "-->",
    ],
)
def test_the_root_is_told_behind_anything(head: str) -> None:
    assert root_name(f"{head}<n:r>".encode()) == "r"
    assert root_name(f"\ufeff{head}<r/>".encode()) == "r"


@pytest.mark.parametrize(
    "content", [b"", b"<", b"<!-- ", b"<?xml", b"x<r>", b"<!DOCTYPE r", b"\0<"]
)
def test_no_xml_has_no_root(content: bytes) -> None:
    assert root_name(content) is None


def test_a_named_document_type_is_never_fetched() -> None:
    assert parse_xml(b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><r>1</r>').text == "1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<a>" * 1_000_000, "levels deep"),
        (LAUGHS.encode(), "document type of its own"),
        (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', "document type"),
        (b'<!DOCTYPE r SYSTEM "x.dtd"><r>&x;</r>', "entities"),
        (b"<r>&x;</r>", "damaged"),
        (b'<r a="' + b"x" * 5_000_000 + b'"/>', "too long"),
        (b"<r>" + b"<a/>" * 250_000 + b"</r>", "elements and attributes"),
        (b"<r " + b" ".join(b'a%d=""' % n for n in range(250_000)) + b"/>", "attributes"),
        (b"<r>" + b" " * (65 << 20) + b"</r>", "larger than 64 MiB"),
        (b"<r><a></r>", "damaged"),
        (b"\xff\xfe<\0r\0>\0\0\xd8<\0/\0r\0>\0", "UTF-16"),
        (b"<r>\0", "damaged"),
        (b"   ", "damaged"),
    ],
)
def test_hostile_content_is_one_error_in_a_moment(content: bytes, message: str) -> None:
    with without_hanging(), pytest.raises(EcgFormatError, match=message):
        parse_xml(content)


def test_long_text_is_read_in_linear_time() -> None:
    with without_hanging():
        text = "1 2 3 &amp; " * 1_000_000
        assert len(parse_xml(f"<r>{text}</r>".encode()).text) > 7_000_000


@settings(deadline=None, max_examples=200)
@given(content=st.binary(max_size=200) | st.text(alphabet='<>!-[]?&;/"= ar\0', max_size=80))
def test_anything_is_a_tree_or_one_error(content: bytes | str) -> None:
    raw = content.encode() if isinstance(content, str) else content
    root_name(raw)
    try:
        assert isinstance(parse_xml(raw), xmltree.Element)
    except EcgFormatError:
        return
