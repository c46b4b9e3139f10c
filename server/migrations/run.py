"""Bring a database to the newest schema; safe to run by several processes at once."""

import importlib
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from server.core.database import Base, sync_url

_FEATURES: Final = (
    "audit", "consults", "dicom_node", "ecg_records", "forwarding", "gateway", "identity",
    "intake", "lifecycle", "patients", "realtime", "reports", "requests", "scheduling", "studies",
    "workitems",
)  # fmt: skip
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_lock(7308600)")


def all_metadata() -> MetaData:
    """Return the tables of every capability."""
    for feature in _FEATURES:
        importlib.import_module(f"server.{feature}.models")
    return Base.metadata


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database at ``url`` to a schema, the newest unless told."""
    target = sync_url(url)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    engine = create_engine(target, poolclass=NullPool)
    if target.get_backend_name() == "sqlite":
        if target.database is not None:
            Path(target.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        with engine.connect() as connection:
            if target.get_backend_name() == "postgresql":
                connection.execute(_ONE_AT_A_TIME)
                connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
    finally:
        engine.dispose()


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # WAL is a property of the file: set once here, before any process of ours opens it.
    # The driver would begin before the first row is changed, and not before a table is made: an
    # upgrade cut there would leave half of a step, which can neither be gone on with nor repeated.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
