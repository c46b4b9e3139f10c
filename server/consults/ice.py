"""ICE servers: our own TURN with credentials that expire, or none; never a public one.

A browser on the same network reaches the media role by itself. One behind a firewall needs the
relay, which believes whoever shows an expiry and the HMAC of it under the secret we share with it
(coturn's ``use-auth-secret``).
"""

import base64
import hashlib
import hmac

from pydantic import BaseModel

from server.core.clock import Clock
from server.core.settings import RtcSettings


class IceServer(BaseModel):
    """A server as ``RTCPeerConnection`` takes it."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class IceServers:
    """Makes out credentials for one person at a time."""

    def __init__(self, settings: RtcSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def for_person(self, person_id: str) -> list[IceServer]:
        """Return the servers with credentials that are good for a few minutes."""
        secret = self._settings.turn_secret
        if secret is None:
            return []
        expires_at = int(self._clock.now().timestamp()) + self._settings.turn_ttl_s
        username = f"{expires_at}:{person_id}"
        digest = hmac.new(secret.get_secret_value().encode(), username.encode(), hashlib.sha1)
        return [
            IceServer(
                urls=list(self._settings.turn_urls),
                username=username,
                credential=base64.b64encode(digest.digest()).decode("ascii"),
            )
        ]
