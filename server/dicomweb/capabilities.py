"""OPTIONS: what can be asked here (PS3.18 8.9 and annex H), and whether another site's page may."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson
from aiohttp import web

from dicom.transcode import TARGETS
from dicom.web.media_types import DICOM, DICOM_JSON, OCTET_STREAM, Offer
from server.core.http import Public, Route, SignedIn
from server.dicomweb import negotiation
from server.dicomweb.asking import accept_of
from server.dicomweb.responses import PREFIX, base_url

_WADL: Final = "application/vnd.sun.wadl+xml"
_OFFERS: Final = (Offer(_WADL), Offer("application/json"))
_NAMESPACE: Final = "http://wadl.dev.java.net/2009/02"
_METADATA: Final = (DICOM_JSON, 'multipart/related; type="application/dicom+xml"')
_MULTIPART: Final = 'multipart/related; type="{}"'
_OBJECTS: Final = tuple(
    f"{_MULTIPART.format(DICOM)}; transfer-syntax={syntax}" for syntax in ("*", *TARGETS)
)
_BULK: Final = (_MULTIPART.format(OCTET_STREAM), OCTET_STREAM)
_PICTURES: Final = tuple(offer.media_type for offer in negotiation.RENDERED)
_MEDIA: Final = {
    "rendered": _PICTURES,
    "thumbnail": _PICTURES,
    "metadata": _METADATA,
    "bulkdata": _BULK,
    "pixeldata": _BULK,
    "{value}": _BULK,
    "{frames}": _BULK,
    "wado": (*_PICTURES, DICOM),
}
_NAMES: Final = {"pixeldata": "PixelData"}
_SEARCHED: Final = frozenset({"studies", "series", "instances"})
_WORKITEMS: Final = {
    ("workitems", "GET"): "SearchForUPS",
    ("workitems", "POST"): "CreateUPS",
    ("{workitem}", "GET"): "RetrieveUPS",
    ("{workitem}", "POST"): "UpdateUPS",
    ("state", "PUT"): "ChangeUPSState",
    ("cancelrequest", "POST"): "RequestUPSCancellation",
    ("{ae}", "POST"): "CreateSubscription",
    ("{ae}", "DELETE"): "DeleteSubscription",
    ("suspend", "POST"): "SuspendGlobalSubscription",
    ("{ae}", "GET"): "OpenEventChannel",
}
"""Transactions of the worklist service by resource and method (PS3.18 11)."""

_PREFLIGHT: Final = {
    "Access-Control-Allow-Headers": (
        "Authorization, Accept, Content-Type, If-Match, If-None-Match, If-Range, Range"
    ),
    "Access-Control-Max-Age": "600",
}
_EXPOSED: Final = "Accept-Ranges, Content-Location, Content-Range, ETag, Link, Retry-After, Warning"


@dataclass
class _Resource:
    """A node of the tree of resources."""

    methods: list[str] = field(default_factory=list)
    children: dict[str, "_Resource"] = field(default_factory=dict)


def options_routes(routes: Sequence[Route], public_url: str | None) -> list[Route]:
    """Return OPTIONS for the service itself and for every resource of ``routes``.

    Of the service it is the Capabilities Description; of a resource its methods alone, which a
    browser asks for before it has signed in.
    """
    methods: dict[str, list[str]] = {}
    for route in routes:
        methods.setdefault(route.path, []).append(route.method)
    tree = _tree(methods)

    async def capabilities(request: web.Request) -> web.StreamResponse:
        offer = negotiation.chosen(_OFFERS, accept_of(request))
        base = base_url(request, public_url)
        body = _wadl(tree, base) if offer.media_type == _WADL else _json(tree, base)
        headers = {"Content-Type": offer.media_type, "Cache-Control": "no-store"}
        return web.Response(body=body, headers=headers)

    service = [
        Route(method, path, capabilities, SignedIn())
        for method in ("OPTIONS", "GET")
        for path in (PREFIX, f"{PREFIX}/")
    ]
    return service + [
        Route("OPTIONS", path, _methods_of(found), Public()) for path, found in methods.items()
    ]


def _methods_of(found: Sequence[str]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    allowed = ", ".join(sorted({*found, "OPTIONS"} | ({"HEAD"} if "GET" in found else set())))

    async def methods(request: web.Request) -> web.StreamResponse:
        headers = {"Allow": allowed}
        if "Access-Control-Request-Method" in request.headers:
            headers |= {"Access-Control-Allow-Methods": allowed, **_PREFLIGHT}
        return web.Response(status=204, headers=headers)

    return methods


def allow_origins(
    origins: Sequence[str],
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Make the signal that lets pages of ``origins`` read the answers (the Fetch standard, 3.3).

    They show a token of their own: the session's cookie is never taken from another site.
    """

    async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
        if not request.path.startswith(f"{PREFIX}/"):
            return
        origin = request.headers.get("Origin")
        if origin is not None and origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            response.headers["Vary"] = ", ".join(
                filter(None, (response.headers.get("Vary"), "Origin"))
            )
        elif origin is not None or "Access-Control-Request-Method" in request.headers:
            for name in ("Access-Control-Allow-Methods", "Access-Control-Allow-Headers"):
                response.headers.pop(name, None)

    return on_prepare


def _tree(methods: dict[str, list[str]]) -> _Resource:
    root = _Resource()
    for path, found in methods.items():
        node = root
        for segment in path.removeprefix(PREFIX).strip("/").split("/"):
            node = node.children.setdefault(segment, _Resource())
        node.methods.extend(sorted(found))
    return root


def _media(path: Sequence[str], method: str) -> tuple[str, ...]:
    """Return the media types that a resource answers in."""
    if method == "POST" or path[-1] in _SEARCHED or (path[-1], method) in _WORKITEMS:
        return _METADATA
    return _MEDIA.get(path[-1], _OBJECTS)


def _identifier(path: Sequence[str], method: str) -> str:
    """Name a transaction as annex H does, for example RetrieveStudyMetadata."""
    fixed = [segment for segment in path if not segment.startswith("{")]
    names = [segment.strip("{}").capitalize() for segment in path if segment.startswith("{")]
    last = path[-1]
    if last == "wado":
        return "RetrieveInstanceByURI"
    if (workitem := _WORKITEMS.get((last, method))) is not None:
        return workitem
    if method == "POST":
        return "Store" + ("StudyInstances" if names else "Instances")
    if last in _SEARCHED:
        return "SearchFor" + "".join(names) + last.capitalize()
    own = (
        _NAMES.get(last, last.capitalize())
        if (not last.startswith("{") and len(fixed) > 1) or not names
        else ""
    )
    return "Retrieve" + "".join(names[-1:]) + own


def _wadl(tree: _Resource, base: str) -> bytes:
    root = Element("application", {"xmlns": _NAMESPACE})
    resources = SubElement(root, "resources", {"base": base})

    def add(parent: Element, segment: str, node: _Resource, path: tuple[str, ...]) -> None:
        element = SubElement(parent, "resource", {"path": segment})
        for method in node.methods:
            found = SubElement(element, "method", {"name": method, "id": _identifier(path, method)})
            accept = {"name": "Accept", "style": "header"}
            kinds = _media(path, method)
            param = SubElement(
                SubElement(found, "request"), "param", {**accept, "default": kinds[0]}
            )
            response = SubElement(found, "response", {"status": "200"})
            for kind in kinds:
                SubElement(param, "option", {"value": kind})
                SubElement(response, "representation", {"mediaType": kind})
        for name, child in node.children.items():
            add(element, name, child, (*path, name))

    for name, child in tree.children.items():
        add(resources, name, child, (name,))
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _json(tree: _Resource, base: str) -> bytes:
    """Return the same tree as JSON, elements and attributes by their WADL names."""

    def described(segment: str, node: _Resource, path: tuple[str, ...]) -> dict[str, object]:
        return {
            "path": segment,
            "method": [
                {"name": each, "id": _identifier(path, each), "accept": _media(path, each)}
                for each in node.methods
            ],
            "resource": [
                described(name, child, (*path, name)) for name, child in node.children.items()
            ],
        }

    resources = [described(name, child, (name,)) for name, child in tree.children.items()]
    return orjson.dumps({"application": {"resources": {"base": base, "resource": resources}}})
