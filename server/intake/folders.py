"""Watched folders: devices that can only export files leave them there.

A file is taken once it has stood still, by intake like anything else; it moves to ``done`` only
after the commit, or to ``failed`` with the reason beside it. A process killed in between takes it
again, and intake knows it. Whatever cannot be kept now stays where it is and is tried again.

A WFDB record is taken whole: its header waits for the files that it names, signals wait for theirs.
"""

import asyncio
import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

import structlog

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import LianzhenError
from server.core.ids import Ids
from server.identity.public import Actor, ActorKind
from server.intake.arrival import Accepted, Receipt
from server.intake.recordings import Changed, Grouping, Look, Unit, content
from server.intake.service import IntakeService

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)
DONE: Final = "done"
FAILED: Final = "failed"
_LOOK_EVERY_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0
_TRIED_AGAIN_AFTER_S: Final = 30.0
_FAILURES_A_LOOK: Final = 3
_AWAITED_S: Final = 600.0
"""How long a header waits for its signals, and they for it, before they are taken as they are."""
_CLEARED_EVERY_S: Final = 3600.0
_DEEPEST: Final = 8
_NAME_BYTES: Final = 200
"""A name with what is added to it stays below the 255 bytes that file systems take."""


@dataclass(frozen=True)
class WatchedFolder:
    """A folder and the institution whose exams arrive in it."""

    org: str
    institution_code: str
    path: Path

    @classmethod
    def named(cls, text: str) -> "WatchedFolder":
        """Return the folder of a setting: ``community/code=path``."""
        owner, _, path = text.partition("=")
        org, _, code = owner.partition("/")
        return cls(org, code, Path(path))


class FolderOwners(Protocol):
    """Finds institutions: `InstitutionService`."""

    async def id_of(self, org: str, code: str) -> str:
        """Return the id of the institution of this code, or raise `NotFound`."""
        ...


class FolderWatcher:
    """Takes in what appears in one folder, for as long as `run` runs.

    Of several processes that watch one folder, the one that holds the lock in it works.
    """

    def __init__(
        self,
        folder: WatchedFolder,
        *,
        settled_s: float,
        keep_done_days: float = 0,
        intake: IntakeService,
        owners: FolderOwners,
        database: Database,
        audit: AuditTrail,
        executor: Executor,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._folder = folder
        self._settled_s = settled_s
        self._keep_done_s = keep_done_days * 86_400
        self._clear_at_s = float("-inf")
        self._intake = intake
        self._owners = owners
        self._database = database
        self._audit = audit
        self._executor = executor
        self._clock = clock
        self._ids = ids
        self._grouping = Grouping()
        self._seen: dict[Path, tuple[Look, float]] = {}
        self._not_before_s: dict[Path, float] = {}

    async def run(self) -> None:
        """Watch until cancelled; a folder that is away, or a full disk, is waited for."""
        wait_s = _LOOK_EVERY_S
        while True:
            begun_s = self._clock.monotonic_s()
            try:
                await self._watch()
            except BlockingIOError:
                _log.debug("another process watches this folder")
            except (OSError, LianzhenError) as error:
                _log.warning("a watched folder waits", reason=_reason(error), wait_s=wait_s)
            except Exception:  # noqa: BLE001 -- one folder must not end the others
                _log.exception("a watched folder waits", wait_s=wait_s)
            await asyncio.sleep(wait_s)
            lasted = self._clock.monotonic_s() - begun_s > _LONGEST_WAIT_S
            wait_s = _LOOK_EVERY_S if lasted else min(2 * wait_s, _LONGEST_WAIT_S)

    async def _watch(self) -> None:
        lock = await self._blocking(partial(_locked, self._folder.path / ".lianzhen.lock"))
        try:
            actor = await self._actor()
            while True:
                await self.look(actor)
                await self.clear()
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            os.close(lock)

    async def _actor(self) -> Actor:
        folder = self._folder
        return Actor(
            kind=ActorKind.SYSTEM,
            id="watched-folder",
            org=folder.org,
            institution_id=await self._owners.id_of(folder.org, folder.institution_code),
            roles=frozenset(),
            source=f"folder {folder.path}"[:128],
        )

    async def look(self, actor: Actor) -> None:
        """Look once, and take every file that is what it was ``settled_s`` ago, records whole."""
        found = await self._blocking(partial(_files, self._folder.path))
        now_s = self._clock.monotonic_s()
        self._seen = {
            path: (look, self._since_s(path, look, now_s)) for path, look in found.items()
        }
        self._not_before_s = {
            path: at_s for path, at_s in self._not_before_s.items() if path in found
        }
        units = await self._blocking(partial(self._grouping.units, found))
        # Two headers may name one signal file: it goes with the last of them.
        wanted = Counter(path for unit in units for path in unit.paths)
        failures = 0
        for unit in units:
            path = unit.paths[0]
            if now_s < self._due_s(unit, now_s) or failures == _FAILURES_A_LOOK:
                continue
            try:
                receipt = await self._take(actor, [(each, found[each]) for each in unit.paths])
                last = [each for each in unit.paths if each == path or wanted[each] == 1]
                await self._blocking(partial(self._move, last, receipt))
                wanted.subtract(unit.paths)
            except (Changed, FileNotFoundError):
                continue
            except (OSError, LianzhenError) as error:
                # One that cannot be kept now must not stand in the way of those behind it.
                failures += 1
                self._not_before_s[path] = now_s + _TRIED_AGAIN_AFTER_S
                _log.warning("a file in a watched folder waits", reason=_reason(error))

    async def clear(self) -> None:
        """Remove now and then what was put away long enough ago; intake has it."""
        now_s = self._clock.monotonic_s()
        if not self._keep_done_s or now_s < self._clear_at_s:
            return
        self._clear_at_s = now_s + _CLEARED_EVERY_S
        before_s = self._clock.now().timestamp() - self._keep_done_s
        await self._blocking(partial(_clear, self._folder.path / DONE, before_s))

    def _due_s(self, unit: Unit, now_s: float) -> float:
        since_s = max(self._seen[path][1] for path in unit.paths)
        wait_s = self._settled_s if unit.complete else max(self._settled_s, _AWAITED_S)
        return max(since_s + wait_s, self._not_before_s.get(unit.paths[0], now_s))

    def _since_s(self, path: Path, look: Look, now_s: float) -> float:
        before = self._seen.get(path)
        return before[1] if before is not None and before[0] == look else now_s

    async def _take(self, actor: Actor, files: Sequence[tuple[Path, Look]]) -> Receipt:
        incoming = self._intake.begin(actor, accepted=Accepted.EXAM)
        try:
            blocks = content(files)
            while (block := await self._blocking(partial(next, blocks, None))) is not None:
                incoming.write(block)
        except BaseException:
            incoming.abort()
            raise
        receipt = await incoming.finish()
        await self._record(actor, receipt)
        return receipt

    async def _record(self, actor: Actor, receipt: Receipt) -> None:
        async with self._database.unit_of_work() as uow:
            self._audit.record(uow, receipt.audit_record(actor, "folder.take"))
            await uow.commit()

    def _move(self, paths: Sequence[Path], receipt: Receipt) -> None:
        """Put files away under their own names, or the like where one is taken; the header last."""
        root, path = self._folder.path, paths[0]
        folder = root / (DONE if receipt.verdict.kept else FAILED)
        folder = folder / path.relative_to(root).parent
        target = folder / path.name
        if any((folder / each.name).exists() for each in paths):
            stem = os.fsdecode(os.fsencode(path.stem)[:_NAME_BYTES])
            other = f"{stem}.{self._ids.new()}"
            # A header names its files: together they keep their names, in a folder of their own.
            target = (
                folder / other / path.name if paths[1:] else folder / f"{other}{path.suffix[:8]}"
            )
        folder = target.parent
        folder.mkdir(parents=True, exist_ok=True)
        if not receipt.verdict.kept:
            # First the reason: a file among the failed never stands without it.
            name = os.fsdecode(os.fsencode(target.name)[:_NAME_BYTES])
            reason = f"{receipt.code}: {receipt.detail}\n"
            (folder / f"{name}.reason.txt").write_text(reason, "utf-8")
        for each in reversed(paths[1:]):
            each.rename(folder / each.name)
        path.rename(target)

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _files(root: Path) -> dict[Path, Look]:
    """Return the regular files below a folder that are neither hidden nor empty nor put away."""
    return dict(sorted(_below(root, skipped=frozenset({DONE, FAILED}), depth=0)))


def _below(folder: Path, *, skipped: frozenset[str], depth: int) -> Iterator[tuple[Path, Look]]:
    """Look through a folder; links are passed by, or who writes there could make us read more."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in skipped:
                continue
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if depth < _DEEPEST:
                    yield from _below(path, skipped=frozenset(), depth=depth + 1)
            elif entry.is_file(follow_symlinks=False):
                # It may be gone again by now: a device that renames what it wrote.
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if status.st_size > 0:
                        yield path, Look.at(status)


def _clear(done: Path, before_s: float) -> None:
    """Remove files that were put away before a time, and the folders that are empty then.

    A file's own times are its device's; putting it away set the time of its status.
    """
    for place, folders, names in os.walk(done, topdown=False):
        for name in names:
            path = Path(place, name)
            with suppress(FileNotFoundError):
                if path.lstat().st_ctime < before_s:
                    path.unlink()
        for folder in folders:
            with suppress(OSError):
                Path(place, folder).rmdir()


def _locked(path: Path) -> int:
    """Take the lock on a folder, or raise `BlockingIOError` where another process has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _reason(error: OSError | LianzhenError) -> str:
    """Return why, without the file's name, which may be a patient's."""
    return error.detail if isinstance(error, LianzhenError) else error.strerror or "input failed"
