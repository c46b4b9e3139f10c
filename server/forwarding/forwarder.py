"""The worker's sender: several associations at once, bounded, one study on each."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import structlog

from server.core.errors import LianzhenError
from server.forwarding.delivery import Delivery, Means
from server.forwarding.queue import Claim

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ForwardLimits:
    """Bounds of one worker's sending."""

    associations: int = 4
    per_destination: int = 2
    idle_s: float = 1.0
    renew_s: float = 20.0


class Forwarder:
    """Sends what waits in the queue."""

    def __init__(
        self,
        *,
        means: Means,
        limits: ForwardLimits,
    ) -> None:
        self._means = means
        self._queue = means.queue
        self._limits = limits
        self._under_way: dict[asyncio.Task[None], Claim] = {}
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to send, with what an earlier process of this worker had claimed."""
        await self._queue.take_back()
        self._task = asyncio.create_task(self._run(), name="forwarder")

    async def stop(self, grace_s: float) -> None:
        """Finish the objects at hand and end; what takes longer is sent again by the next."""
        self._stopping.set()
        if self._task is not None:
            await self._task
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=grace_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    async def _run(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        while not self._stopping.is_set():
            try:
                while len(self._under_way) < self._limits.associations and await self._begin():
                    pass
            except LianzhenError as error:
                _log.warning("the outgoing queue cannot be read", reason=error.detail)
            except Exception:  # noqa: BLE001 -- nothing may end it but its process
                _log.exception("the outgoing queue cannot be read")
            await asyncio.wait(
                {stopping, *self._under_way},
                timeout=self._limits.idle_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        await stopping

    async def _begin(self) -> bool:
        """Begin one more association; False where there is nothing to do for it."""
        claims = self._under_way.values()
        counts = Counter(claim.destination_id for claim in claims)
        busy = {each for each, count in counts.items() if count >= self._limits.per_destination}
        # One is enough to see whether a destination is back.
        busy |= {claim.destination_id for claim in claims if claim.was_out}
        claim = await self._queue.claim(busy)
        if claim is None:
            return False
        task = asyncio.create_task(self._deliver(claim), name=f"forward-{claim.job_id}")
        self._under_way[task] = claim
        task.add_done_callback(lambda done: self._under_way.pop(done, None))
        return True

    async def _deliver(self, claim: Claim) -> None:
        """Send what is due of one study; whatever happens, it is the next one's turn."""
        holding = asyncio.create_task(self._hold(claim))
        try:
            await Delivery(self._means, claim, self._stopping).run()
        except LianzhenError as error:
            _log.warning("a study could not be forwarded", job=claim.job_id, reason=error.detail)
        except Exception:  # noqa: BLE001 -- one study must not end the others
            _log.exception("a study could not be forwarded", job=claim.job_id)
        finally:
            holding.cancel()
            with suppress(asyncio.CancelledError):
                await holding

    async def _hold(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self._limits.renew_s)
            with suppress(LianzhenError):
                await self._queue.renew(claim)
