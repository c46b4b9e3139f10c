"""What is known of the line to the county, kept where the page and the command read it."""

from typing import Final

import structlog
from sqlalchemy import insert, select, update

from server.core.clock import Clock
from server.core.database import Database
from server.gateway.faults import LineFault
from server.gateway.models import Line

_log = structlog.get_logger(__name__)
_ROW: Final = 1
_WRITTEN_EVERY_S: Final = 30.0


class LineBook:
    """Writes down how the line is, when that changes or now and then."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._fault: str | None = "unknown"
        self._written_at_s = float("-inf")

    async def open(self) -> None:
        """Make the row, if this gateway is new."""
        async with self._database.unit_of_work() as uow:
            if await uow.session.scalar(select(Line.id)) is None:
                await uow.session.execute(
                    insert(Line).values(
                        id=_ROW, contacted_at=None, fault=None, fault_detail=None,
                        fault_since=None, bytes_per_s=None,
                    )
                )  # fmt: skip
                await uow.commit()

    async def contacted(self, bytes_per_s: float | None) -> None:
        """Hear that the county answered as it should."""
        now_s = self._clock.monotonic_s()
        if self._fault is None and now_s - self._written_at_s < _WRITTEN_EVERY_S:
            return
        if self._fault not in (None, "unknown"):
            _log.info("the county is there again")
        self._fault, self._written_at_s = None, now_s
        await self._write(
            contacted_at=self._clock.now(), fault=None, fault_detail=None, fault_since=None,
            bytes_per_s=round(bytes_per_s) if bytes_per_s is not None else None,
        )  # fmt: skip

    async def failed(self, error: LineFault) -> None:
        """Hear that nothing moves, and why."""
        values: dict[str, object] = {"fault": error.fault.value, "fault_detail": error.detail[:500]}
        if self._fault != error.fault:
            _log.warning("nothing goes to the county", fault=error.fault, detail=error.detail)
            values["fault_since"] = self._clock.now()
        self._fault = error.fault
        await self._write(**values)

    async def _write(self, **values: object) -> None:
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(update(Line).where(Line.id == _ROW).values(**values))
            await uow.commit()
