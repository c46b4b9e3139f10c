"""Sign in, who am I, sign out."""

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r204, r401, r429

from server.core.addresses import ClientAddresses
from server.core.errors import NotSignedIn
from server.core.http import Public, Route, SignedIn, inject_params, json_response
from server.core.settings import HttpSettings
from server.identity.cookies import SessionCookie
from server.identity.middleware import ADMISSION
from server.identity.schemas import SessionOut, SignIn, session_out
from server.identity.sessions import SessionService


def identity_routes(*, sessions: SessionService, http: HttpSettings) -> list[Route]:
    """Make the routes of the session."""
    addresses = ClientAddresses(http.trusted_proxies)
    cookie = SessionCookie(http)

    @inject_params.and_request
    async def sign_in(
        request: web.Request, body: SignIn
    ) -> r200[SessionOut] | r401[None] | r429[None]:
        """Sign in with login and password."""
        signed_in = await sessions.sign_in(
            body.login, body.password.get_secret_value(), source=addresses.of(request)
        )
        admission = signed_in.admission
        response = json_response(session_out(admission.profile, admission.csrf_token))
        cookie.write(response, signed_in.secret)
        return response

    @inject_params.and_request
    async def who_am_i(request: web.Request) -> r200[SessionOut] | r401[None]:
        """Return who is signed in."""
        admission = request[ADMISSION]
        return json_response(session_out(admission.profile, admission.csrf_token))

    @inject_params.and_request
    async def sign_out(request: web.Request) -> r204[None] | r401[None]:
        """End the session."""
        secret = cookie.read(request)
        if request[ADMISSION].csrf_token is None or secret is None:
            raise NotSignedIn("a token has no session to end")
        await sessions.sign_out(secret, by=request[ADMISSION].actor)
        response = web.Response(status=204)
        cookie.remove(response)
        return response

    return [
        Route("POST", "/api/session", sign_in, Public()),
        Route("GET", "/api/session", who_am_i, SignedIn()),
        Route("DELETE", "/api/session", sign_out, SignedIn()),
    ]
