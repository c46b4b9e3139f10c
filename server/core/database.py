"""The database: SQLite embedded, PostgreSQL in production, one unit of work over both.

A success answered to a sender must survive a power cut, so SQLite runs WAL with
``synchronous=FULL`` (WAL with NORMAL lost every commit of a cut) and PostgreSQL with
``synchronous_commit=on``. SQLite has one writer at a time: the writing pool of a process holds one
connection, and ``BEGIN IMMEDIATE`` takes turns between processes.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVarTuple, cast

from sqlalchemy import (
    DateTime,
    Dialect,
    MetaData,
    Select,
    String,
    TypeDecorator,
    Update,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from server.core.batches import BatchInDoubtError, BatchRefusedError, SqliteBatches, Statement
from server.core.errors import Unavailable
from server.core.lookups import SqliteLookups
from server.core.settings import DatabaseSettings

_Columns = TypeVarTuple("_Columns")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite, which has none, keeps it as ISO text that sorts."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:  # noqa: ANN401 -- SQLAlchemy's own signature
        """Return the column type for ``dialect``."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 -- as above
        """Refuse a naive time: which zone it meant can only be guessed."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401 -- as above
        """Return the aware UTC time."""
        del dialect
        if value is None:
            return None
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return moment.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every table; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 -- SQLAlchemy's own declaration


class Participant(Protocol):
    """Something that takes part in a commit: it adds its rows last and hears how it ended."""

    async def prepare(self, session: AsyncSession) -> None:
        """Write what belongs into the transaction, just before it commits."""
        ...

    def finished(self, *, committed: bool) -> None:
        """Hear whether the transaction is certain to have been committed."""
        ...


class UnitOfWork:
    """One transaction. Nothing is kept without an explicit ``await uow.commit()``."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._participants: list[Participant] = []

    @property
    def participants(self) -> Sequence[Participant]:
        """Who takes part in the commit so far."""
        return tuple(self._participants)

    def enlist(self, participant: Participant) -> None:
        """Let ``participant`` take part in the commit."""
        self._participants.append(participant)

    async def commit(self) -> None:
        """Commit; when this returns, what was written survives a power cut."""
        prepared: list[Participant] = []
        committed = False
        try:
            for participant in self._participants:
                prepared.append(participant)
                await participant.prepare(self.session)
            await self.session.commit()
            committed = True
        finally:
            self._participants.clear()
            for participant in prepared:
                participant.finished(committed=committed)


class _Translated:
    """Turn the driver's errors into ours at the edge of a transaction."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, trace
        if isinstance(error, PoolTimeoutError | sqlite3.OperationalError) or (
            isinstance(error, DBAPIError) and _is_passing(error)
        ):
            raise _unavailable() from error


def _unavailable() -> Unavailable:
    return Unavailable(
        "the database is busy or out of reach; nothing was changed, try again",
        code="database-unavailable",
    )


def _is_passing(error: DBAPIError) -> bool:
    """Tell a database that is locked, full or down from a statement that is wrong."""
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


class Database:
    """The engines of one process: one that writes, one that reads (the same on PostgreSQL)."""

    def __init__(
        self,
        writer: AsyncEngine,
        reader: AsyncEngine,
        *,
        turn_timeout_s: float,
        batches: SqliteBatches | None = None,
        lookups: SqliteLookups | None = None,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._batches = batches
        self._lookups = lookups
        self._turn_timeout_s = turn_timeout_s
        # One writer at a time in a process, first come first served; SQLite's own waiting is not.
        self._turns = asyncio.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is in use."""
        return self._writer.dialect.name == "sqlite"

    @property
    def url(self) -> URL:
        """The database's address, with its password."""
        return self._writer.url

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """Open a transaction that may write; it is rolled back unless committed."""
        with _Translated():
            async with (
                self._turn(),
                AsyncSession(self._writer, expire_on_commit=False) as session,
            ):
                yield UnitOfWork(session)

    async def run_batch(self, statements: Sequence[Statement]) -> None:
        """Run fixed statements as one transaction; when this returns, it survives a power cut.

        Raises
        ------
        BatchRefusedError
            If the rows are not as the statements expect.
        BatchInDoubtError
            If the commit itself failed.
        Unavailable
            If the database is busy or out of reach.
        """
        with _Translated():
            if self._batches is not None:
                async with self._turn():
                    await self._batches.run(statements)
                return
            async with self.unit_of_work() as uow:
                await _run_within(uow, statements)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for our turn to write, where there is only one writer."""
        if not self.is_sqlite:
            yield
            return
        try:
            async with asyncio.timeout(self._turn_timeout_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise _unavailable() from error
        try:
            yield
        finally:
            self._turns.release()

    @asynccontextmanager
    async def reading(self, within: AsyncSession | None = None) -> AsyncIterator[AsyncSession]:
        """Open a transaction that only reads, or read in the one the caller has.

        Whoever holds a connection passes it on: to wait for a second one while others do the same
        is to wait until the pool's time is up.
        """
        if within is not None:
            yield within
            return
        with _Translated():
            async with AsyncSession(self._reader, expire_on_commit=False) as session:
                yield session

    async def look_up(
        self, query: Select[*_Columns], values: Mapping[str, Any]
    ) -> Sequence[tuple[*_Columns]]:
        """Return all rows of a query that is made once, with bound parameters for ``values``.

        What cannot be made once, such as a list for ``IN``, is for `reading`.
        """
        with _Translated():
            if self._lookups is not None:
                return await self._lookups.rows(query, values)
            async with self._reader.connect() as connection:
                found = await connection.execute(query, values)
                # A row is a tuple, but for its type.
                return cast("Sequence[tuple[*_Columns]]", found.all())

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """Open a bare reading connection, for LISTEN and the like."""
        async with self._reader.connect() as connection:
            yield connection

    async def check(self) -> None:
        """Raise unless the database answers."""
        async with self.reading() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give every connection back."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._reader.dispose)
            stack.push_async_callback(self._writer.dispose)
            for each in (self._lookups, self._batches):
                if each is not None:
                    stack.push_async_callback(each.close)


async def _run_within(uow: UnitOfWork, statements: Sequence[Statement]) -> None:
    connection = await uow.session.connection()
    try:
        for statement in statements:
            if not isinstance(statement.sql, Update):
                await connection.execute(statement.sql, statement.rows)
                continue
            for row in statement.rows:
                changed = await connection.execute(statement.sql, row)
                if changed.rowcount != 1:
                    raise BatchRefusedError("a row that was expected is not there")
    except IntegrityError as error:
        raise BatchRefusedError(str(error.orig)) from error
    try:
        await uow.commit()
    except Exception as error:
        raise BatchInDoubtError(str(error)) from error


def insert_unless_there(
    session: AsyncSession, table: type[Base]
) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that does nothing where a row with the same key is there already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def async_url(url: str) -> URL:
    """Return ``url`` with the asynchronous driver of its database.

    Raises
    ------
    ValueError
        For a database that is neither SQLite nor PostgreSQL.
    """
    return _with_driver(url, sqlite="sqlite+aiosqlite", postgresql="postgresql+psycopg")


def sync_url(url: str) -> URL:
    """Return ``url`` with the synchronous driver of its database, for migrations and workflows."""
    return _with_driver(url, sqlite="sqlite", postgresql="postgresql+psycopg")


def _with_driver(url: str, *, sqlite: str, postgresql: str) -> URL:
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername=sqlite)
        case "postgresql":
            return parsed.set(drivername=postgresql)
        case other:
            raise ValueError(f"{other} is no database of ours; sqlite or postgresql is")


def open_database(settings: DatabaseSettings) -> Database:
    """Make the engines; nothing connects before the first transaction.

    Raises
    ------
    ValueError
        If the settings name no database of ours.
    """
    if settings.url is None:
        raise ValueError("the settings must be resolved first")
    url = async_url(settings.url.get_secret_value())
    if url.get_backend_name() == "postgresql":
        wait_s = settings.busy_timeout_ms / 1000
        engine = create_async_engine(
            url,
            pool_size=settings.pool_size,
            max_overflow=0,
            pool_timeout=wait_s,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": max(2, round(wait_s)),
                # Compiling a search takes longer than to answer it.
                "options": f"-c synchronous_commit=on -c lock_timeout={settings.busy_timeout_ms}"
                " -c timezone=UTC -c jit=off",
            },
        )
        return Database(engine, engine, turn_timeout_s=wait_s)
    if url.database is not None:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    wait_s = settings.busy_timeout_ms / 1000
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=wait_s)
    reader = create_async_engine(url, pool_size=settings.pool_size, max_overflow=0)
    _prepare_sqlite(writer, settings.busy_timeout_ms, begin="BEGIN IMMEDIATE", query_only=False)
    _prepare_sqlite(reader, settings.busy_timeout_ms, begin="BEGIN", query_only=True)
    batches, lookups = None, None
    if url.database is not None:
        batches = SqliteBatches(
            url.database, partial(_set_up, busy_timeout_ms=settings.busy_timeout_ms)
        )
        lookups = SqliteLookups(
            url.database,
            partial(_set_up, busy_timeout_ms=settings.busy_timeout_ms, query_only=True),
            threads=settings.pool_size,
        )
    return Database(writer, reader, turn_timeout_s=wait_s, batches=batches, lookups=lookups)


def _prepare_sqlite(
    engine: AsyncEngine, busy_timeout_ms: int, *, begin: str, query_only: bool
) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver opens transactions of its own, too late and of the wrong kind: take them over.
        connection.isolation_level = None
        _set_up(connection, busy_timeout_ms, query_only=query_only)

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's own signature
        connection.exec_driver_sql(begin)


def _set_up(
    connection: DBAPIConnection | sqlite3.Connection,
    busy_timeout_ms: int,
    *,
    query_only: bool = False,
) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={busy_timeout_ms}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        f"query_only={int(query_only)}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


__all__ = [
    "Base",
    "BatchInDoubtError",
    "BatchRefusedError",
    "Database",
    "Participant",
    "SQLAlchemyError",
    "Statement",
    "UnitOfWork",
    "UtcDateTime",
    "async_url",
    "insert_unless_there",
    "open_database",
    "sync_url",
]
