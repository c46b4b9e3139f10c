"""Statements of Core as SQLite's own driver takes them: compiled once, then only run.

A statement that is built for each request costs ten times what SQLite needs for it: building it and
the key by which SQLAlchemy finds the compiled one. So these are made once, with bound parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Insert, Select, TextClause, Update
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_DIALECT: Final = SQLiteDialect_pysqlite(paramstyle="named")
_KEPT: Final = 256
_Native = Callable[[Any], Any]


@dataclass(frozen=True)
class Prepared:
    """A statement as SQLite takes it."""

    text: str
    literals: dict[str, Any]
    natives: dict[str, _Native]
    """What makes native values of those that need it."""
    results: Sequence[tuple[int, _Native]]
    """What makes values of ours of the columns that need it."""

    def values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the statement is run with."""
        values = {**self.literals, **row}
        for name, native in self.natives.items():
            values[name] = native(values[name])
        return values

    def row(self, found: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return a row that SQLite found with values of ours."""
        if not self.results:
            return found
        row = list(found)
        for at, made in self.results:
            row[at] = made(row[at])
        return tuple(row)


@lru_cache(maxsize=_KEPT)
def prepared(
    sql: Insert | Update | TextClause | Select[*tuple[Any, ...]], keys: tuple[str, ...] = ()
) -> Prepared:
    """Compile a statement that is kept; ``keys`` are the columns of an INSERT."""
    compiled = sql.compile(
        dialect=_DIALECT,
        column_keys=list(keys) if isinstance(sql, Insert) else None,
    )
    natives: dict[str, _Native] = {}
    for name, bound in compiled.binds.items():
        native = bound.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
        if native is not None and name in compiled.params:
            natives[name] = native
    results: list[tuple[int, _Native]] = []
    if isinstance(sql, Select):
        for at, column in enumerate(sql.selected_columns):
            made = column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
            if made is not None:
                results.append((at, made))
    return Prepared(str(compiled), dict(compiled.params), natives, results)
