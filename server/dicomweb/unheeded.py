"""What a request may say of a picture and we do not draw (PS3.18 8.3.5.1.1 and 8.3.5.1.5)."""

from typing import Final

from aiohttp import web

from server.core.errors import InvalidInput
from server.dicomweb.responses import warning

_ANNOTATIONS: Final = frozenset({"patient", "technique"})
_PROFILES: Final = frozenset({"no", "yes", "srgb", "adobergb", "rommrgb", "displayp3"})


def warned(request: web.Request, base: str) -> dict[str, str]:
    """Return the header that tells what of the request was not heeded; empty where all was.

    Raises
    ------
    InvalidInput
        If the standard knows no such value.
    """
    texts = []
    annotation = request.query.get("annotation")
    if annotation is not None:
        asked = [part.strip() for part in annotation.split(",")]
        if not _ANNOTATIONS.issuperset(asked):
            raise InvalidInput("annotation is patient, technique or both", code="bad-annotation")
        texts.append(f"The following annotation values are not supported: {', '.join(asked)}")
    profile = request.query.get("iccprofile", "no")
    if profile not in _PROFILES:
        wanted = ", ".join(sorted(_PROFILES))
        raise InvalidInput(f"iccprofile is one of {wanted}", code="bad-iccprofile")
    # Our pictures have none: that is what "no" asks for.
    if profile != "no":
        texts.append(f"The following iccprofile value is not supported: {profile}")
    return warning(base, texts)
