"""Streams of multipart/related."""

import email
import email.policy
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.web.multipart import (
    PART_END,
    Event,
    MessageEnd,
    MultipartError,
    MultipartParser,
    MultipartType,
    MultipartWriter,
    PartBegin,
    PartData,
    PartEnd,
    new_boundary,
    parse_multipart_type,
)

BOUNDARY = "b-o=x"


def parse(message: bytes, cuts: list[int] | None = None) -> list[Event]:
    """Parse a message in pieces and join neighbouring data."""
    parser = MultipartParser(BOUNDARY)
    places = sorted({0, len(message), *(cut % (len(message) + 1) for cut in cuts or [])})
    events: list[Event] = []
    for start, end in pairwise(places):
        for event in parser.feed(message[start:end]):
            if isinstance(event, PartData) and events and isinstance(events[-1], PartData):
                events[-1] = PartData(events[-1].data + event.data)
            else:
                events.append(event)
    parser.close()
    return events


def bodies(events: list[Event]) -> list[bytes]:
    found: list[bytes] = []
    for event in events:
        if isinstance(event, PartBegin):
            found.append(b"")
        elif isinstance(event, PartData):
            found[-1] += event.data
    return found


def written(parts: list[bytes]) -> bytes:
    writer = MultipartWriter(BOUNDARY, "application/dicom")
    return b"".join(writer.begin(length=len(p)) + p + PART_END for p in parts) + writer.end()


def test_parts_and_headers_are_found() -> None:
    message = (
        b"preamble\r\n--b-o=x  \r\nContent-Type: application/dicom\r\nX-Y:  z \r\n\r\nab"
        b"\r\n--b-o=x\r\n\r\n\r\n"
        b"--b-o=x--\r\nepilogue"
    )
    first, *rest = parse(message)
    assert isinstance(first, PartBegin)
    assert dict(first.headers) == {"content-type": "application/dicom", "x-y": "z"}
    assert rest == [PartData(b"ab"), PartEnd(), PartBegin({}), PartEnd(), MessageEnd()]


def test_a_boundary_within_a_line_is_content() -> None:
    body = b"\r\n--b-o=xy\r\n--b-o=\r\n-\r\n--b-o=x z\r\n\r"
    assert bodies(parse(written([body]))) == [body]


NASTY = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"--", b"--b-o=", b"b-o=x", b"x", b"\0", b"\r\n--b-o=x", b"-", b" "]
    ),
    max_size=12,
).map(b"".join)


@given(
    st.lists(st.binary(max_size=60) | NASTY, max_size=4),
    st.lists(st.integers(0, 2000), max_size=30),
)
def test_any_chunking_gives_the_same_events(parts: list[bytes], cuts: list[int]) -> None:
    message = written(parts)
    try:
        whole = parse(message)
    except MultipartError:
        with pytest.raises(MultipartError):
            parse(message, cuts)
        return
    assert parse(message, cuts) == whole
    assert parse(message, list(range(len(message)))) == whole


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_what_is_written_is_read(parts: list[bytes]) -> None:
    if not any(b"--b-o=x" in part for part in parts):
        assert bodies(parse(written(parts), [3, 50, 51])) == parts


def test_python_reads_what_is_written() -> None:
    writer = MultipartWriter(new_boundary(lambda _: 255), "application/dicom+json")
    body = writer.begin(location="http://x/1") + b"{}" + PART_END + writer.end()
    head = f"Content-Type: {writer.content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    (part,) = message.iter_parts()
    assert part.get_content_type() == "application/dicom+json"
    assert part["Content-Location"] == "http://x/1"
    assert part.get_payload(decode=True) == b"{}"


def test_no_more_than_a_delimiter_is_held_back() -> None:
    parser = MultipartParser(BOUNDARY)
    parser.feed(b"--b-o=x\r\n\r\n")
    for chunk in (b"a" * 100_000, b"\r\n--b-o=" * 10_000, b"\r" * 1000):
        passed = sum(len(e.data) for e in parser.feed(chunk) if isinstance(e, PartData))
        assert passed >= len(chunk) - len("\r\n--b-o=x")


@pytest.mark.parametrize("length", [0, 20, 40])
def test_a_message_without_its_end_is_refused(length: int) -> None:
    parser = MultipartParser(BOUNDARY)
    parser.feed(written([b"x" * 30])[:length])
    with pytest.raises(MultipartError, match="ends"):
        parser.close()


@pytest.mark.parametrize(
    "message",
    [
        b"--b-o=x\r\n" + b"A: " + b"x" * 10_000 + b"\r\n\r\n",
        b"--b-o=x\r\nno header\r\n\r\n",
        b"--b-o=x\r\nA: 1\r\n folded\r\n\r\n",
        b"--b-o=x\r\nA: 1\r\na: 2\r\n\r\n",
        b"x" * 100_000,
    ],
)
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(MultipartError):
        parse(message, list(range(0, len(message), 1000)))


def test_the_number_of_parts_is_bounded() -> None:
    parser = MultipartParser(BOUNDARY, max_parts=3)
    with pytest.raises(MultipartError, match="many"):
        parser.feed(written([b""] * 4))


def test_content_types_are_parsed() -> None:
    header = 'Multipart/Related; type="application/dicom"; boundary="a b(c"'
    assert parse_multipart_type(header) == MultipartType("a b(c", "application/dicom")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "text/plain",
        "multipart/related",
        "multipart/related; boundary=",
        'multipart/related; boundary="é"',
        f"multipart/related; boundary={'x' * 201}",
        "multipart/form-data; boundary=x",
    ],
)
def test_other_content_types_are_refused(header: str) -> None:
    with pytest.raises(MultipartError):
        parse_multipart_type(header)


def test_a_header_cannot_be_smuggled_into_a_part() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        MultipartWriter("b", "application/dicom").begin(location="x\r\nSet-Cookie: y")


def test_a_boundary_as_long_as_orthanc_s_is_understood() -> None:
    header = f'multipart/related; type="application/dicom"; boundary={"6aea1300-2f04-" * 5}abc'
    assert len(parse_multipart_type(header).boundary) == 73
