"""Which credentials are still good: asked for all open connections at once."""

from collections.abc import Collection

from server.identity.admission import Credential, CredentialKind
from server.identity.sessions import SessionService
from server.identity.tokens import TokenService


class CredentialWatch:
    """Looks at sessions and tokens afresh; looking keeps no session from idling out."""

    def __init__(self, sessions: SessionService, tokens: TokenService) -> None:
        self._sessions = sessions
        self._tokens = tokens

    async def alive(self, credentials: Collection[Credential]) -> set[Credential]:
        """Return those of the credentials that are good now."""
        by_kind: dict[CredentialKind, set[str]] = {kind: set() for kind in CredentialKind}
        for credential in credentials:
            by_kind[credential.kind].add(credential.key)
        alive = {
            CredentialKind.SESSION: await self._sessions.alive(by_kind[CredentialKind.SESSION]),
            CredentialKind.TOKEN: await self._tokens.alive(by_kind[CredentialKind.TOKEN]),
        }
        return {Credential(kind, key) for kind, keys in alive.items() for key in keys}

    async def keep(self, credentials: Collection[Credential]) -> None:
        """Keep sessions from idling out: their people are here, and do not only look."""
        await self._sessions.keep(
            {each.key for each in credentials if each.kind is CredentialKind.SESSION}
        )
