"""Which representation a client gets (PS3.18 8.7)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, Protocol

from dicom.transcode import TARGETS, can_transcode
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, NATIVE_TRANSFER_SYNTAXES
from dicom.web.media_types import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
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


class Stored(Protocol):
    """What is known of how an instance is stored."""

    @property
    def transfer_syntax_uid(self) -> str:
        """Its own."""
        ...

    @property
    def bits_allocated(self) -> int | None:
        """Of its pixels; None where it has none."""
        ...


_KEPT: Final = 256
# A client sends the same header with each of its requests.
_choose = lru_cache(maxsize=_KEPT)(choose)

METADATA: Final = (Offer(DICOM_JSON), Offer("application/json"))
STORED: Final = (*METADATA, Offer(DICOM_XML))
"""How a request to store hears how it ended (PS3.18 10.5.3)."""
DESCRIBED: Final = (*METADATA, Offer(DICOM_XML, multipart=True))
"""Data sets without their bulk data: metadata, and what a search finds."""
DESCRIBED_ALONE: Final = (*DESCRIBED, Offer(DICOM_XML))
"""The one data set of a workitem."""
RENDERED: Final = (Offer("image/jpeg"), Offer("image/png"), Offer("image/gif"))
"""PS3.18 Table 8.7.4-1 for single frames."""
RENDERED_ENVELOPED: Final = (*RENDERED, *(replace(each, multipart=True) for each in RENDERED))
"""Pictures that may stand in an envelope."""


def frame_type(transfer_syntax_uid: str) -> str:
    """Return the media type of a stored frame, or of a stored video."""
    return _FRAME_TYPES.get(transfer_syntax_uid, OCTET_STREAM)


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
        found = _choose(tuple(offers), accept)
    except MediaTypeError:
        raise InvalidInput("the Accept header is malformed", code="bad-accept") from None
    if found is None:
        kinds = ", ".join(dict.fromkeys(content_type(offer) for offer in offers))
        raise NotAcceptable(f"there is {kinds} here, and nothing else")
    return found


def instance_offer(stored: Stored, accept: str | None, *, alone: bool) -> Offer:
    """Choose how to give an instance: as it is stored where the client takes that.

    A client that names no transfer syntax is due Explicit VR Little Endian (PS3.18 8.7.3.5.2);
    where that cannot be made, such as of video, it gets what there is.

    Parameters
    ----------
    stored
        The instance.
    accept
        The Accept header.
    alone
        Whether it may be given without an envelope.

    Raises
    ------
    NotAcceptable
        If the client would take none of it.
    InvalidInput
        If its header is malformed.
    """
    offers = _instance_offers(stored, alone=alone)
    try:
        found = choose(offers, accept)
        if found is None and accept:
            untold = _without_syntax(accept)
            as_told = [replace(each, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN) for each in offers]
            meant = choose(as_told, untold) if untold else None
            found = meant and replace(meant, transfer_syntax=stored.transfer_syntax_uid)
    except MediaTypeError:
        raise InvalidInput("the Accept header is malformed", code="bad-accept") from None
    return found or chosen(offers, accept)


def instance_offers(several: Sequence[Stored], accept: str | None) -> list[Offer]:
    """Choose how to give each of several instances in one answer.

    One that cannot be in the syntax asked for, such as a report among images, is given without
    compression or as it is stored: its part says so.

    Raises
    ------
    NotAcceptable, InvalidInput
        As `instance_offer`, where that goes for all of them.
    """
    found: list[Offer | None] = []
    refused: NotAcceptable | None = None
    for stored in several:
        try:
            found.append(instance_offer(stored, accept, alone=False))
        except NotAcceptable as error:
            refused = error
            found.append(None)
    if refused is not None and not any(found):
        raise refused
    return [
        offer or _plainest(_instance_offers(stored, alone=False))
        for offer, stored in zip(found, several, strict=True)
    ]


def _instance_offers(stored: Stored, *, alone: bool) -> list[Offer]:
    offers = [Offer(DICOM, True, each) for each in _syntaxes(stored)]
    return offers + [replace(offer, multipart=False) for offer in offers if alone]


def _plainest(offers: Sequence[Offer]) -> Offer:
    plain = (each for each in offers if each.transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN)
    return next(plain, offers[0])


def _syntaxes(stored: Stored) -> list[str]:
    """Return what an instance can be given in, its own first."""
    own = stored.transfer_syntax_uid
    return [own, *_targets(own, stored.bits_allocated)]


@lru_cache(maxsize=_KEPT)
def _targets(own: str, bits_allocated: int | None) -> tuple[str, ...]:
    return tuple(
        each for each in TARGETS if each != own and can_transcode(own, each, bits_allocated)
    )


def _without_syntax(accept: str) -> str:
    """Return the ranges of an Accept header that name no transfer syntax."""
    return ", ".join(
        _written(one) for one in parse_accept(accept) if one.parameter("transfer-syntax") is None
    )


def _written(one: MediaType) -> str:
    parameters = "".join(f'; {name}="{value}"' for name, value in one.parameters)
    return f"{one.name}{parameters}; q={one.q:g}"


def pixel_offers(stored: Stored, *, alone: bool) -> list[Offer]:
    """Return how frames or pixel data can be given; one alone without an envelope, too.

    Native frames are always given in little endian order, whatever they are stored in.
    """
    own = stored.transfer_syntax_uid
    offers = []
    for syntax in _syntaxes(stored):
        if syntax in NATIVE_TRANSFER_SYNTAXES:
            offers.append(Offer(OCTET_STREAM, True, EXPLICIT_VR_LITTLE_ENDIAN))
            continue
        kind = frame_type(syntax)
        offers.append(Offer(kind, True, syntax))
        if syntax == own and kind != OCTET_STREAM:
            # What many viewers ask for: the stored frame, and they know its syntax.
            offers.append(Offer(OCTET_STREAM, True, syntax))
    offers = list(dict.fromkeys(offers))
    return offers + [replace(offer, multipart=False) for offer in offers if alone]


def as_stored(stored: Stored, offer: Offer) -> bool:
    """Tell whether the pixels of an offer are those that stand in the object."""
    own = stored.transfer_syntax_uid
    return offer.transfer_syntax == own or (
        offer.transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN and own in NATIVE_TRANSFER_SYNTAXES
    )


def octet_offers() -> list[Offer]:
    """Return how a value that is no pixel data can be given."""
    return [Offer(OCTET_STREAM, True), Offer(OCTET_STREAM)]


def content_type(offer: Offer) -> str:
    """Return the media type of a part, with its transfer syntax."""
    if offer.transfer_syntax is None:
        return offer.media_type
    return f"{offer.media_type}; transfer-syntax={offer.transfer_syntax}"
