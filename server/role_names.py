"""The names of the roles, known before anything they run is imported."""

from enum import StrEnum


class RoleName(StrEnum):
    """What a process does."""

    WEB = "web"
    NODE = "node"
    MEDIA = "media"
    WORKER = "worker"

    @property
    def module(self) -> str:
        """What the role runs. It takes seconds to import, so that one role imports no other's."""
        return "server.app" if self is RoleName.WEB else f"server.{self.value}"
