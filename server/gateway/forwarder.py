"""The forwarder: one object after the other to the county, for days if need be.

An upload is carried on where it stood, chunk by chunk, and the county's answer is asked for before
anything is sent again. Between chunks whoever is more urgent goes first. Nothing is given up here
before the county has said the digest of what it keeps; every step is a row, so that a process
killed anywhere goes on with the next.
"""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog

from server.core.clock import Clock
from server.core.errors import LianzhenError
from server.core.ids import Ids
from server.gateway.compressor import Compressor
from server.gateway.county import County, Standing
from server.gateway.faults import Fault, LineFault, ObjectFault
from server.gateway.line import LineBook
from server.gateway.models import Rank
from server.gateway.pace import Pacer, Timetable
from server.gateway.queue import Item, Kept, Queue
from server.intake.public import Spool, Verdict

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)
_IDLE_S: Final = 0.5
_GREET_EVERY_S: Final = 60.0
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0
_SMALLEST_CHUNK: Final = 64 * 1024
_LARGEST_CHUNK: Final = 4 * 1024 * 1024
_CHUNK_S: Final = 5.0
"""What a chunk should take: so long an emergency waits at most, and so much a cut costs."""
_STALLED_S: Final = 90.0
_MOST_REJECTIONS: Final = 5
_BLOCK_BYTES: Final = 1 << 20
_LEAST_GAIN: Final = 0.95
_PERHAPS_THE_OBJECT: Final = frozenset(
    {Fault.COUNTY_BUSY, Fault.LINE_DAMAGES, Fault.NOT_A_COUNTY, Fault.COUNTY_TOO_OLD}
)
_MOST_TURNS: Final = 64
_KEPT: Final = frozenset({Verdict.STORED.value, Verdict.DUPLICATE.value})


@dataclass(frozen=True)
class Progress:
    """What is being sent."""

    number: int
    offset: int
    size: int


class Patience:
    """Lets others go before what failed at the county: one bad object must not hold them up."""

    def __init__(self) -> None:
        self._failures: Counter[int] = Counter()
        self._turns_left: dict[int, int] = {}

    def failed(self, number: int, fault: Fault) -> None:
        """Hear that an object failed; what concerns the whole line is not held against it."""
        if fault in _PERHAPS_THE_OBJECT:
            self._failures[number] += 1
            self._turns_left[number] = min(2 ** self._failures[number], _MOST_TURNS)

    def passed_over(self) -> frozenset[int]:
        """Return whose turn it is not, and count the turn."""
        over = frozenset(self._turns_left)
        self._turns_left = {each: left - 1 for each, left in self._turns_left.items() if left > 1}
        return over


class Forwarder:
    """Sends what waits for as long as `run` runs."""

    def __init__(
        self,
        *,
        queue: Queue,
        county: County,
        line: LineBook,
        spool: Spool,
        compressor: Compressor | None,
        timetable: Timetable,
        clock: Clock,
        ids: Ids,
        executor: Executor,
    ) -> None:
        self._queue = queue
        self._county = county
        self._line = line
        self._spool = spool
        self._compressor = compressor
        self._timetable = timetable
        self._pacer = Pacer(timetable, clock)
        self._clock = clock
        self._ids = ids
        self._executor = executor
        self._wake = asyncio.Event()
        self._patience = Patience()
        self._checked: str | None = None
        self._chunk_bytes = 4 * _SMALLEST_CHUNK
        self._greet_at_s = float("-inf")
        self.progress: Progress | None = None
        self.bytes_per_s: float | None = None

    def wake(self) -> None:
        """Try now, whatever was being waited for."""
        self._patience = Patience()
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                sent = await self.send_next()
                wait_s = _FIRST_WAIT_S
                if not sent:
                    await self._rest(_IDLE_S)
            except LineFault as error:
                await self._fail(error)
                wait_s = await self._back_off(max(wait_s, error.retry_after_s or 0.0))
            except LianzhenError as error:
                _log.warning("forwarding waits", reason=error.detail, wait_s=wait_s)
                wait_s = await self._back_off(wait_s)
            except Exception:  # noqa: BLE001 -- nothing may end it but its process
                _log.exception("forwarding waits", wait_s=wait_s)
                wait_s = await self._back_off(wait_s)

    async def send_next(self) -> bool:
        """Send one object, or a part of it; return whether there was one to send.

        Raises
        ------
        LineFault
            If nothing can be sent now.
        """
        held = self._timetable.bytes_per_s() == 0
        passed_over = self._patience.passed_over()
        item = await self._queue.next(emergencies_only=held, passed_over=passed_over)
        if item is None and passed_over:
            item = await self._queue.next(emergencies_only=held, passed_over=())
        if item is None:
            await self._greet()
            return False
        try:
            await self._send(item)
        except ObjectFault as error:
            _log.warning("the county did not take an object", number=item.number, code=error.code)
            await self._queue.refuse(item.number, error.code, error.detail)
        except LineFault as error:
            await self._queue.note_attempt(item.number, error.fault, error.detail)
            self._patience.failed(item.number, error.fault)
            self._chunk_bytes = max(self._chunk_bytes // 2, _SMALLEST_CHUNK)
            raise
        finally:
            self.progress = None
        return True

    async def _greet(self) -> None:
        """Make sure now and then that the county is there and knows us, before we need it."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._greet_at_s:
            self._greet_at_s = now_s + _GREET_EVERY_S
            await self._county.greet()
            await self._line.contacted(self.bytes_per_s)

    async def _send(self, item: Item) -> None:
        item = await self._whole(await self._compressed(item))
        path = self._spool.path(item.goes.spool_name)
        upload_path, standing = await self._begun(item)
        rejected = 0
        while standing.outcome is None:
            if not self._may_go_on(item) or await self._is_overtaken(item):
                return
            after = await self._send_chunk(item, path, upload_path, standing.offset)
            if after is None:
                rejected += 1
                if rejected > _MOST_REJECTIONS:
                    raise LineFault(Fault.LINE_DAMAGES, "chunks arrive otherwise than they left")
                after = await self._county.standing(upload_path)
                if after is None:
                    await self._queue.note_upload(item.number, None)
                    return
            standing = after
            await self._line.contacted(self.bytes_per_s)
        await self._settle(item, upload_path, standing)

    async def _begun(self, item: Item) -> tuple[str, Standing]:
        """Return the upload that is under way, or begin one."""
        if item.upload_path is not None:
            standing = await self._county.standing(item.upload_path)
            if standing is not None and (
                standing.outcome is not None or standing.offset < item.goes.size
            ):
                return item.upload_path, standing
        upload_path = await self._county.begin(size=item.goes.size, sha256=item.goes.sha256)
        await self._line.contacted(self.bytes_per_s)
        await self._queue.note_upload(item.number, upload_path)
        return upload_path, Standing(0)

    async def _send_chunk(
        self, item: Item, path: Path, upload_path: str, offset: int
    ) -> Standing | None:
        chunk = await self._blocking(partial(_read, path, offset, self._chunk_size()))
        if not chunk:
            raise ObjectFault(Fault.DAMAGED_HERE, Fault.DAMAGED_HERE, "the file ends too early")
        begun_s = self._clock.monotonic_s()
        self.progress = Progress(item.number, offset, item.goes.size)
        try:
            async with asyncio.timeout(_STALLED_S) as watch:

                async def body() -> AsyncIterator[bytes]:
                    loop = asyncio.get_running_loop()
                    async for piece in self._pacer.pieces(
                        chunk, hurried=item.rank is Rank.EMERGENCY
                    ):
                        watch.reschedule(loop.time() + _STALLED_S)
                        yield piece

                standing = await self._county.append(upload_path, offset, chunk, body)
        except TimeoutError as error:
            raise LineFault(Fault.UNREACHABLE, "the line stalled") from error
        self._measure(len(chunk), self._clock.monotonic_s() - begun_s)
        return standing

    async def _settle(self, item: Item, upload_path: str, standing: Standing) -> None:
        """Act on the county's answer, once it has proved what it speaks of."""
        outcome = standing.outcome or ""
        if standing.sha256 is None:
            raise LineFault(Fault.COUNTY_TOO_OLD, "no digest in the answer")
        if standing.sha256 != item.goes.sha256:
            await self._queue.note_upload(item.number, None)
            self._checked = None
            raise LineFault(Fault.LINE_DAMAGES, "the county got other bytes than were sent")
        if outcome not in _KEPT:
            raise ObjectFault(Fault.REFUSED, outcome, await self._county.detail(upload_path))
        await self._queue.confirm(item.number, outcome)

    async def _whole(self, item: Item) -> Item:
        """Make sure that what leaves is what came; a disk may have forgotten it."""
        if await self._is_whole(item.goes):
            return item
        if item.compressed is not None:
            await self._queue.drop_copy(item.number)
            return await self._whole(replace(item, compressed=None, upload_path=None))
        await self._queue.note_damage(item.original)
        raise ObjectFault(
            Fault.DAMAGED_HERE, Fault.DAMAGED_HERE, "the file here is gone or not what came"
        )

    async def _is_whole(self, kept: Kept) -> bool:
        if self._checked == kept.object_id:
            return True
        try:
            found = await self._blocking(partial(_digest, self._spool.path(kept.spool_name)))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise LineFault(Fault.DISK_HERE, error.strerror or "unreadable") from error
        if found == kept.sha256:
            self._checked = kept.object_id
        return found == kept.sha256

    async def _compressed(self, item: Item) -> Item:
        """Return the item with a compressed copy, where one is wanted, possible and smaller."""
        compressor = self._compressor
        if compressor is None or item.compression is not None or item.upload_path is not None:
            return item
        if item.is_conversion or self._spool.is_short_of(item.original.size):
            return item
        into = self._spool.scratch_dir / self._ids.new()
        try:
            reason = await compressor.compress(self._spool.path(item.original.spool_name), into)
            if reason is None and into.stat().st_size > _LEAST_GAIN * item.original.size:
                reason = "no-gain"
            if reason is not None:
                await self._queue.note_compression(item, reason)
                return replace(item, compression=reason)
            file = await self._blocking(partial(self._spool.adopt, into))
        finally:
            into.unlink(missing_ok=True)
        await self._blocking(file.sync)
        copy = Kept(self._ids.new(), file.name, file.sha256, file.size)
        await self._queue.note_compression(
            item, compressor.compression, copy, spool_id=self._spool.id
        )
        return replace(item, compressed=copy, compression=compressor.compression)

    def _may_go_on(self, item: Item) -> bool:
        return item.rank is Rank.EMERGENCY or self._timetable.bytes_per_s() > 0

    async def _is_overtaken(self, item: Item) -> bool:
        if item.rank is Rank.EMERGENCY:
            return False
        return await self._queue.is_waiting_before(item.rank)

    def _chunk_size(self) -> int:
        limit = self._timetable.bytes_per_s() * _CHUNK_S
        wanted = min(self._chunk_bytes, limit) if limit > 0 else self._chunk_bytes
        return int(min(max(wanted, _SMALLEST_CHUNK), _LARGEST_CHUNK))

    def _measure(self, size: int, took_s: float) -> None:
        rate = size / max(took_s, 0.001)
        self.bytes_per_s = rate if self.bytes_per_s is None else (self.bytes_per_s + rate) / 2
        wanted = int(self.bytes_per_s * _CHUNK_S)
        self._chunk_bytes = min(max(wanted, _SMALLEST_CHUNK), 2 * self._chunk_bytes, _LARGEST_CHUNK)

    async def _fail(self, error: LineFault) -> None:
        try:
            await self._line.failed(error)
        except LianzhenError as trouble:
            _log.warning("a fault could not be written down", reason=trouble.detail)

    async def _back_off(self, wait_s: float) -> float:
        await self._rest(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 -- spreads, hides nothing
        return min(2 * wait_s, _LONGEST_WAIT_S)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        self._wake.clear()

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _read(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(size)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
