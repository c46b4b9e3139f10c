"""The migrated schema is the one the models describe."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from server.core.database import sync_url
from server.migrations.run import all_metadata, migrate


def test_migrated_schema_equals_the_models(database_url: str) -> None:
    engine = create_engine(sync_url(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, all_metadata()) == []
    engine.dispose()


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    migrate(database_url)


@pytest.mark.fault
def test_an_upgrade_that_is_cut_leaves_nothing_and_is_made_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL makes tables within transactions by itself")
    url = f"sqlite:///{tmp_path / 'cut.db'}"
    migrate(url, "0010")
    upgrade_table = op.create_table

    def cut(*args: Any, **kwargs: Any) -> None:
        upgrade_table(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(op, "create_table", cut)
    with pytest.raises(KeyboardInterrupt):
        migrate(url)
    monkeypatch.undo()
    migrate(url)
    test_migrated_schema_equals_the_models(url)


def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'twice.db'}"
    migrate(url, "0010")
    program = f"from server.migrations.run import migrate; migrate({url!r})"
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [each.wait(timeout=120) for each in running] == [0, 0]
    test_migrated_schema_equals_the_models(url)
