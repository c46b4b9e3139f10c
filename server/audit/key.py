"""The secret that keys the audit chain."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from server.core.durable import sync_directory

_log = structlog.get_logger(__name__)
_KEY_BYTES: Final = 32


def load_or_create_key(path: Path) -> bytes:
    """Return the key kept in ``path``; the first process of all makes it.

    Keep a copy where the database's backups are not: without the key nothing can be verified, and
    who has both key and database can forge.

    Raises
    ------
    ValueError
        If the file holds fewer than 32 bytes.
    """
    if not path.exists():
        _create(path)
    key = path.read_bytes()
    if len(key) < _KEY_BYTES:
        raise ValueError(f"the audit key {path} is shorter than {_KEY_BYTES} bytes")
    if path.stat().st_mode & 0o077:
        _log.warning("the audit key can be read by others than its owner", file=str(path))
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and the first of several processes wins.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    sync_directory(path.parent)
