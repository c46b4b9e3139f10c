"""The session's cookie and the Origin check, which both depend on how people reach us."""

from urllib.parse import urlsplit

from aiohttp import web

from server.core.errors import NotAllowed
from server.core.settings import HttpSettings


class SessionCookie:
    """Reads and writes the cookie; over HTTPS it is ``__Host-``, which browsers bind to us alone.

    ``SameSite=Strict`` costs nothing here: the page itself is public, and what it then fetches
    comes from our own site, also after a link from another.
    """

    def __init__(self, http: HttpSettings) -> None:
        self._secure = http.secure
        self._name = "__Host-lianzhen" if http.secure else "lianzhen"

    def read(self, request: web.Request) -> str | None:
        """Return the session's secret, if the browser sent one."""
        return request.cookies.get(self._name) or None

    def write(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser the secret until it is closed."""
        response.set_cookie(
            self._name, secret, path="/", secure=self._secure, httponly=True, samesite="Strict"
        )

    def remove(self, response: web.StreamResponse) -> None:
        """Take the secret away."""
        response.del_cookie(
            self._name, path="/", secure=self._secure, httponly=True, samesite="Strict"
        )


class OwnOrigin:
    """Refuses what a browser sends on behalf of another site."""

    def __init__(self, http: HttpSettings) -> None:
        self._public_url = http.public_url
        self._secure = http.secure

    def check(self, request: web.Request, *, required: bool) -> None:
        """Compare Origin, or else Referer, with our own address.

        Browsers send Origin with every unsafe request and WebSocket; who sends neither header is no
        browser and passes unless ``required``.

        Raises
        ------
        NotAllowed
            With code ``origin-mismatch``.
        """
        shown = request.headers.get("Origin") or request.headers.get("Referer")
        if shown is None and not required:
            return
        if shown is None or not self._is_ours(shown, request.headers.get("Host", "")):
            raise NotAllowed("the request comes from another site", code="origin-mismatch")

    def _is_ours(self, shown: str, host: str) -> bool:
        try:
            parts = urlsplit(shown)
        except ValueError:
            return False
        if self._public_url is not None:
            if f"{parts.scheme}://{parts.netloc}".lower() == self._public_url.lower():
                return True
            if self._secure:
                return False
        # Without HTTPS people may come by any name of the machine; a page of another host may not.
        return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower() != ""
