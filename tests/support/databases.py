"""Empty databases with the newest schema: migrated once a process, then copied."""

import functools
import tempfile
from pathlib import Path

from server.migrations.run import migrate


def migrated_sqlite(path: Path) -> str:
    """Put an empty SQLite database with the newest schema at ``path`` and return its address."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        migrate(f"sqlite:///{path}")
        return path.read_bytes()
