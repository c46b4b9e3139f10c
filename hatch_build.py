"""Puts the built web client into the wheel, where `server/page.py` looks for it."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebClientHook(BuildHookInterface[Any]):
    """Shared data rather than package data: a checkout serves what it built in place."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; a wheel without them would serve no page."""
        if version == "editable":
            return
        dist = Path(self.root) / "web_client" / "dist"
        if not (dist / "index.html").is_file():
            raise FileNotFoundError("the web client is not built; run `make setup` first")
        build_data["shared_data"][str(dist)] = "share/lianzhen/web_client"
