"""Which representation a client gets (PS3.18 8.7)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, NATIVE_TRANSFER_SYNTAXES
from dicom.web.media_types import (
    DICOM,
    DICOM_JSON,
    OCTET_STREAM,
    MediaType,
    MediaTypeError,
    Offer,
    choose,
    parse_accept,
)
from server.core.errors import InvalidInput, NotAcceptable

_JPEG: Final = "1.2.840.10008.1.2.4."
_FRAME_TYPES: Final = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    **{f"{_JPEG}{last}": "image/jpeg" for last in (50, 51, 57, 70)},
    **{f"{_JPEG}{last}": "image/jls" for last in (80, 81)},
    **{f"{_JPEG}{last}": "image/jp2" for last in (90, 91)},
    **{f"{_JPEG}{last}": "image/jpx" for last in (92, 93)},
    **{f"{_JPEG}{last}": "image/jxl" for last in (110, 111, 112)},
    **{f"{_JPEG}{last}": "image/jphc" for last in (201, 202, 203)},
    **{f"{_JPEG}{last}": "video/mpeg" for last in ("100", "100.1", "101", "101.1")},
    **{
        f"{_JPEG}{last}{part}": "video/mp4"
        for last in (102, 103, 104, 105, 106)
        for part in ("", ".1")
    },
    **{f"{_JPEG}{last}": "video/H265" for last in (107, 108)},
}
"""PS3.18 Tables 8.7.3-2, 8.7.3-4 and 8.7.3-5."""
METADATA: Final = (Offer(DICOM_JSON), Offer("application/json"))
RENDERED: Final = (Offer("image/jpeg"), Offer("image/png"))


def chosen(offers: Sequence[Offer], accept: str | None) -> Offer:
    """Choose what to give.

    Raises
    ------
    NotAcceptable
        If the client would take none of it.
    InvalidInput
        If its header is malformed.
    """
    try:
        found = choose(offers, accept)
    except MediaTypeError:
        raise InvalidInput("the Accept header is malformed", code="bad-accept") from None
    if found is None:
        kinds = ", ".join(dict.fromkeys(offer.media_type for offer in offers))
        raise NotAcceptable(f"there is {kinds} here, as stored, and nothing else")
    return found


def instance_offer(transfer_syntax_uid: str, accept: str | None) -> Offer:
    """Choose how to give an instance: as it is stored.

    A client that names no transfer syntax would be due Explicit VR Little Endian (PS3.18
    8.7.3.5.2); those in the field mean whatever there is, and are given that.
    """
    stored = Offer(DICOM, multipart=True, transfer_syntax=transfer_syntax_uid)
    try:
        if accept and choose([stored], accept) is None:
            untold = _without_syntax(accept)
            offer = replace(stored, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN)
            if untold and choose([offer], untold) is not None:
                return stored
    except MediaTypeError:
        raise InvalidInput("the Accept header is malformed", code="bad-accept") from None
    return chosen([stored], accept)


def _without_syntax(accept: str) -> str:
    """Return the ranges of an Accept header that name no transfer syntax."""
    return ", ".join(
        _written(one) for one in parse_accept(accept) if one.parameter("transfer-syntax") is None
    )


def _written(one: MediaType) -> str:
    parameters = "".join(f'; {name}="{value}"' for name, value in one.parameters)
    return f"{one.name}{parameters}; q={one.q:g}"


def pixel_offers(transfer_syntax_uid: str, *, alone: bool) -> list[Offer]:
    """Return how frames or pixel data can be given; one alone without an envelope, too.

    Native frames are always given in little endian order, whatever they are stored in.
    """
    if transfer_syntax_uid in NATIVE_TRANSFER_SYNTAXES:
        offers = [Offer(OCTET_STREAM, True, EXPLICIT_VR_LITTLE_ENDIAN)]
    else:
        kind = _FRAME_TYPES.get(transfer_syntax_uid, OCTET_STREAM)
        offers = [Offer(kind, True, transfer_syntax_uid)]
        if kind != OCTET_STREAM:
            # What many viewers ask for: the stored frame, and they know its syntax.
            offers.append(Offer(OCTET_STREAM, True, transfer_syntax_uid))
    return offers + [replace(offer, multipart=False) for offer in offers if alone]


def octet_offers() -> list[Offer]:
    """Return how a value that is no pixel data can be given."""
    return [Offer(OCTET_STREAM, True), Offer(OCTET_STREAM)]


def content_type(offer: Offer) -> str:
    """Return the media type of a part, with its transfer syntax."""
    if offer.transfer_syntax is None:
        return offer.media_type
    return f"{offer.media_type}; transfer-syntax={offer.transfer_syntax}"
