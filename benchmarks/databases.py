"""The databases we run on, for as long as something is measured."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import running_postgres


@contextmanager
def serving(root: Path, kind: str) -> Iterator[Callable[[str], str | None]]:
    """Yield what makes a database by its name; None stands for SQLite in an installation."""
    if kind == "sqlite":
        yield lambda _: None
        return
    with running_postgres(root / "postgres") as server:
        yield server.create_database
