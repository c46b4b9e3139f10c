"""Accept headers and media types of DICOMweb (PS3.18 8.7, RFC 9110 12.5.1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN

DICOM: Final = "application/dicom"
DICOM_JSON: Final = "application/dicom+json"
DICOM_XML: Final = "application/dicom+xml"
OCTET_STREAM: Final = "application/octet-stream"
MULTIPART_RELATED: Final = "multipart/related"

_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE: Final = re.compile(rf"\s*({_WORD}/{_WORD})\s*")
_PARAMETER: Final = re.compile(
    rf";\s*({_WORD})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]+))\s*|;\s*"
)
_WEIGHT: Final = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?", re.ASCII)
_LONGEST_HEADER: Final = 8192
_NEEDS_SYNTAX: Final = frozenset({DICOM, OCTET_STREAM})


class MediaTypeError(ValueError):
    """A header that is no media type or no list of them."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or range with its parameters.

    Parameters
    ----------
    name
        In lower case, for example ``multipart/related``; ``*`` may stand for either half.
    parameters
        Names in lower case, values unquoted.
    q
        Weight, 0 to 1.
    """

    name: str
    parameters: tuple[tuple[str, str], ...] = ()
    q: float = 1.0

    def parameter(self, name: str) -> str | None:
        """Return a parameter by its lower-case name, or None."""
        return next((value for key, value in self.parameters if key == name), None)


@dataclass(frozen=True, slots=True)
class Offer:
    """A representation that the server can give.

    Parameters
    ----------
    media_type
        Of the payload itself, for example ``application/dicom`` or ``image/jpeg``.
    multipart
        True where it is wrapped in ``multipart/related``.
    transfer_syntax
        UID, or None where the type has none, such as JSON and rendered pictures.
    """

    media_type: str
    multipart: bool = False
    transfer_syntax: str | None = None


def parse_media_type(text: str) -> MediaType:
    """Parse one media type, such as a Content-Type header.

    Raises
    ------
    MediaTypeError
        If it is none.
    """
    found = parse_accept(text)
    if len(found) != 1:
        raise MediaTypeError("one media type wanted")
    return found[0]


def parse_accept(header: str) -> tuple[MediaType, ...]:
    """Parse an Accept header, in its own order.

    Raises
    ------
    MediaTypeError
        If it is not a list of media ranges, or longer than 8,192 characters.
    """
    if len(header) > _LONGEST_HEADER:
        raise MediaTypeError("the header is too long")
    found = []
    pos = 0
    while pos < len(header):
        matched = _TYPE.match(header, pos)
        if matched is None:
            raise MediaTypeError(f"no media type at {pos}")
        name = matched.group(1).lower()
        pos = matched.end()
        parameters = []
        while (parameter := _PARAMETER.match(header, pos)) is not None:
            key, quoted, plain = parameter.groups()
            if key is not None:
                value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                parameters.append((key.lower(), value))
            pos = parameter.end()
        if pos < len(header) and header[pos] != ",":
            raise MediaTypeError(f"not a media type at {pos}")
        pos += 1
        found.append(_weighted(name, parameters))
    return tuple(found)


def _weighted(name: str, parameters: list[tuple[str, str]]) -> MediaType:
    q = 1.0
    for key, value in parameters:
        if key == "q":
            if _WEIGHT.fullmatch(value) is None:
                raise MediaTypeError("a weight is none")
            q = float(value)
    return MediaType(name, tuple(one for one in parameters if one[0] != "q"), q)


def choose(offers: Sequence[Offer], accept: str | None) -> Offer | None:
    """Choose a representation.

    Parameters
    ----------
    offers
        What there is, the server's favourite first.
    accept
        The Accept header (or query parameter); None and ``""`` accept the first offer.

    Returns
    -------
    Offer or None
        The offer of the greatest weight, the earlier of equals; None calls for status 406.

    Raises
    ------
    MediaTypeError
        If the header is malformed.

    Notes
    -----
    ``transfer-syntax=*`` accepts any. Where the parameter is absent, ``application/dicom`` and
    ``application/octet-stream`` mean Explicit VR Little Endian (PS3.18 8.7.3.5.2); a mere
    wildcard accepts anything.
    """
    if not accept or not accept.strip():
        return offers[0] if offers else None
    ranges = parse_accept(accept)
    best: Offer | None = None
    best_q = 0.0
    for offer in offers:
        q = _weight(offer, ranges)
        if q > best_q:
            best, best_q = offer, q
    return best


def _weight(offer: Offer, ranges: tuple[MediaType, ...]) -> float:
    """Return the weight of the most specific range that fits (RFC 9110 12.5.1)."""
    fitting = [(_specificity(one), one.q) for one in ranges if _fits(offer, one)]
    if not fitting:
        return 0.0
    most = max(specificity for specificity, _ in fitting)
    return max(q for specificity, q in fitting if specificity == most)


def _specificity(one: MediaType) -> tuple[int, int]:
    return (2 - one.name.count("*"), len(one.parameters))


def _fits(offer: Offer, one: MediaType) -> bool:
    if one.name == "*/*":
        return True
    if offer.multipart:
        if one.name not in (MULTIPART_RELATED, "multipart/*"):
            return False
        wanted = one.parameter("type")
    else:
        wanted = one.name
    if wanted is None:
        return True
    wanted = wanted.lower()
    if wanted != offer.media_type:
        return wanted == "*/*" or (
            wanted.endswith("/*") and offer.media_type.startswith(wanted[:-1])
        )
    return _syntax_fits(offer, one.parameter("transfer-syntax"))


def _syntax_fits(offer: Offer, wanted: str | None) -> bool:
    if wanted is None:
        return offer.media_type not in _NEEDS_SYNTAX or offer.transfer_syntax in (
            None,
            EXPLICIT_VR_LITTLE_ENDIAN,
        )
    return wanted == "*" or offer.transfer_syntax in (None, wanted)
