"""Which representation an Accept header chooses."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.web.media_types import (
    DICOM,
    DICOM_JSON,
    OCTET_STREAM,
    MediaTypeError,
    Offer,
    choose,
    parse_accept,
    parse_media_type,
)

EXPLICIT = "1.2.840.10008.1.2.1"
J2K = "1.2.840.10008.1.2.4.90"
RELATED = "multipart/related;type=application/dicom"
AS_STORED = Offer(DICOM, multipart=True, transfer_syntax=J2K)
PLAIN = Offer(DICOM, multipart=True, transfer_syntax=EXPLICIT)
FRAMES = [
    Offer("image/jp2", multipart=True, transfer_syntax=J2K),
    Offer(OCTET_STREAM, multipart=True, transfer_syntax=EXPLICIT),
]
PICTURES = [Offer("image/jpeg"), Offer("image/png")]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, AS_STORED),
        ("", AS_STORED),
        ("*/*", AS_STORED),
        ('multipart/related; type="application/dicom"', PLAIN),
        ('multipart/related; type="application/dicom"; transfer-syntax=*', AS_STORED),
        (f"multipart/related; type=application/dicom; transfer-syntax={J2K}", AS_STORED),
        (
            f"{RELATED};transfer-syntax={J2K};q=0.5,{RELATED};transfer-syntax={EXPLICIT};q=0.7",
            PLAIN,
        ),
        ("multipart/related", AS_STORED),
        ("application/dicom", None),
        ("application/json", None),
        (f"{RELATED}; transfer-syntax=1.2.840.10008.1.2.4.50", None),
    ],
)
def test_instances_come_in_the_transfer_syntax_asked_for(
    accept: str | None, expected: Offer | None
) -> None:
    assert choose([AS_STORED, PLAIN], accept) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("multipart/related; type=application/octet-stream", FRAMES[1]),
        ("multipart/related; type=image/jp2", FRAMES[0]),
        ('multipart/related; type="image/*"', FRAMES[0]),
        ('multipart/related; type="image/jpeg", */*;q=0.1', FRAMES[0]),
    ],
)
def test_frames_come_as_asked_for(accept: str, expected: Offer) -> None:
    assert choose(FRAMES, accept) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("image/png", PICTURES[1]),
        ("image/*", PICTURES[0]),
        ("image/gif", None),
        ("image/jpeg;q=0.1, image/png", PICTURES[1]),
        ("image/jpeg;q=0, */*", PICTURES[1]),
        ("IMAGE/PNG; Q=1", PICTURES[1]),
    ],
)
def test_weights_and_specificity_decide(accept: str, expected: Offer | None) -> None:
    assert choose(PICTURES, accept) == expected


def test_a_browsers_header_gets_json() -> None:
    accept = "text/html,application/xhtml+xml,*/*;q=0.8"
    assert choose([Offer(DICOM_JSON)], accept) == Offer(DICOM_JSON)


def test_parameters_are_unquoted() -> None:
    found = parse_media_type('Multipart/Related; Boundary="a;b,\\"c"; type=x/y ')
    assert (found.name, found.parameter("boundary"), found.parameter("type")) == (
        "multipart/related",
        'a;b,"c',
        "x/y",
    )


@pytest.mark.parametrize(
    "header", ["x", "a/b c", "a/b;q=2", "a/b;q=x", "a/b,,c/d", "a/b;=1", "a/b" * 5000]
)
def test_what_is_no_header_is_refused(header: str) -> None:
    with pytest.raises(MediaTypeError):
        parse_accept(header)


@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(header: str) -> None:
    with suppress(MediaTypeError):
        assert choose(PICTURES, header) in (None, *PICTURES)
