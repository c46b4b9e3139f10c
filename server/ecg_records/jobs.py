"""The worker's part: arrived ECGs become workflows that screen them."""

from typing import Final

import structlog
from sqlalchemy import select

from ecg.findings import RULES_VERSION
from server.core.database import Database
from server.core.errors import Unavailable
from server.core.workflows import (
    Retry,
    StepFailed,
    WorkflowEngine,
    WorkflowQueue,
    WorkflowState,
)
from server.ecg_records.models import EcgRecord, ScreeningStatus
from server.ecg_records.screening import Screener

SCREENING_QUEUE: Final = WorkflowQueue("ecg-screening", concurrency=4, polling_interval_s=0.2)
_WORKFLOW: Final = "screen-ecg"
_QUICK: Final = Retry(attempts=3, first_wait_s=1.0)
# What is out of reach (a store, another host's spool) is tried again for about a day. A round that
# waits holds no place in the queue: an ECG that can be read never stands behind one that cannot.
_MAX_ROUNDS: Final = 100
_FIRST_DELAY_S: Final = 1.0
_LONGEST_DELAY_S: Final = 900.0
_PAGE: Final = 500

_log = structlog.get_logger(__name__)


class ScreeningJobs:
    """Enqueues and runs screenings; one for each worker."""

    def __init__(self, *, engine: WorkflowEngine, screener: Screener, database: Database) -> None:
        self._engine = engine
        self._screener = screener
        self._database = database

    def register(self) -> None:
        """Name the workflow; before the engine starts."""
        self._engine.register(_WORKFLOW, self._screen)

    async def enqueue(self, ecg_id: str) -> None:
        """Enqueue a screening; any number of times for one ECG and one set of rules is once."""
        await self._enqueue_round(ecg_id, 0)

    async def recover(self) -> int:
        """Enqueue what is pending with nothing under way for it; return how many there were."""
        last = ""
        found = 0
        while True:
            async with self._database.reading() as session:
                page = list(
                    await session.scalars(
                        select(EcgRecord.id)
                        .where(EcgRecord.status == ScreeningStatus.PENDING, EcgRecord.id > last)
                        .order_by(EcgRecord.id)
                        .limit(_PAGE)
                    )
                )
            for ecg_id in page:
                found += await self._recover(ecg_id)
            if len(page) < _PAGE:
                return found
            last = page[-1]

    async def _recover(self, ecg_id: str) -> bool:
        number, state = 0, None
        while (status := await self._engine.status(_workflow_id(ecg_id, number))) is not None:
            number, state = number + 1, status.state
        if state is None:
            await self._enqueue_round(ecg_id, 0)
            return True
        if not state.finished:
            return False
        if state is WorkflowState.GIVEN_UP:
            await self._screener.fail(ecg_id, "screening it stopped the server several times")
            return False
        await self._engine.forget(_workflow_id(ecg_id, number - 1))
        await self._enqueue_round(ecg_id, number - 1)
        return True

    async def _enqueue_round(self, ecg_id: str, number: int) -> None:
        delay_s = min(_FIRST_DELAY_S * 2 ** (number - 1), _LONGEST_DELAY_S) if number else None
        await self._engine.enqueue(
            SCREENING_QUEUE.name,
            _WORKFLOW,
            _workflow_id(ecg_id, number),
            ecg_id,
            number,
            delay_s=delay_s,
        )

    async def _screen(self, ecg_id: str, number: int) -> None:
        """Arrange one round: screen, or else try again later, or else say that it failed."""
        try:
            if await self._engine.step("screen", self._try, ecg_id, retry=_QUICK):
                return
        except StepFailed as error:
            _log.error("screening failed", ecg_id=ecg_id, reason=str(error))
            reason = "the server failed at screening it"
        else:
            if number + 1 < _MAX_ROUNDS:
                await self._engine.step("again", self._enqueue_round, ecg_id, number + 1)
                return
            reason = "its bytes were out of reach for a day"
        await self._engine.step("fail", self._screener.fail, ecg_id, reason)

    async def _try(self, ecg_id: str) -> bool:
        """Screen; False where something it needs is out of reach for now."""
        try:
            await self._screener.screen(ecg_id)
        except (Unavailable, OSError) as error:
            # A full disk or a machine out of processes says nothing of the recording either.
            _log.warning("screening waits", ecg_id=ecg_id, reason=str(error))
            return False
        return True


def _workflow_id(ecg_id: str, number: int) -> str:
    """Return the id that makes a round unique: same ECG and rules, same work."""
    rounds = f":{number}" if number else ""
    return f"{_WORKFLOW}:{ecg_id}:{RULES_VERSION}{rounds}"
