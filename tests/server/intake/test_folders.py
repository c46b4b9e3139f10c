"""Watched folders: taken when settled, put away after the commit, tried again where it failed."""

import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.errors import NotFound, StorageFull
from server.ecg_records.conversion import EcgConverter
from server.ecg_records.workbench import EcgWorkbench, WorkLimits
from server.identity.public import Actor, ActorKind
from server.intake.folders import FolderWatcher, WatchedFolder
from server.intake.service import Incoming
from server.studies.models import Study
from tests.support.dicom_files import ct_bytes
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import ORG, TOWNSHIP, create_institutions, running_intake

SCP = Path(__file__).resolve().parents[2] / "data" / "ecg" / "scp" / "anon000007.scp"
ACTOR = Actor(ActorKind.SYSTEM, "watched-folder", ORG, TOWNSHIP, frozenset(), "folder")


class Owners:
    """Knows the township alone."""

    async def id_of(self, org: str, code: str) -> str:
        """Return its id."""
        if (org, code) != (ORG, TOWNSHIP):
            raise NotFound("there is none")
        return TOWNSHIP


@dataclass
class Drop:
    """A watched folder, its watcher, and a clock to let time pass."""

    folder: Path
    watcher: FolderWatcher
    clock: ManualClock
    database: Database

    async def look(self, *, after_s: float = 0.0) -> None:
        """Look once, later."""
        self.clock.advance(after_s)
        await self.watcher.look(ACTOR)

    def files(self) -> set[str]:
        """Return every file below the folder."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)) for path in found}

    async def study_count(self) -> int:
        """Return how many studies there are."""
        async with self.database.reading() as session:
            return len(list(await session.scalars(select(Study.id))))


@pytest.fixture
async def drop(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> AsyncIterator[Drop]:
    await create_institutions(database, clock)
    folder = tmp_path / "drop"
    folder.mkdir()
    bench = EcgWorkbench(workers=1, limits=WorkLimits(1 << 30, cpu_s=20, wall_s=60))
    async with running_intake(
        database, tmp_path, clock, ids, converter=EcgConverter(bench)
    ) as intake:
        with ThreadPoolExecutor(1) as executor:
            watcher = FolderWatcher(
                WatchedFolder(ORG, TOWNSHIP, folder),
                settled_s=5,
                intake=intake.intake,
                owners=Owners(),
                database=database,
                audit=AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="worker"),
                executor=executor,
                clock=clock,
                ids=ids,
            )
            yield Drop(folder, watcher, clock, database)
    await bench.close()


async def test_a_settled_file_is_taken_and_put_away(drop: Drop) -> None:
    (drop.folder / "2024").mkdir()
    (drop.folder / "2024" / "张三.scp").write_bytes(SCP.read_bytes())
    (drop.folder / "ct.dcm").write_bytes(ct_bytes())
    await drop.look()
    await drop.look(after_s=4)
    assert await drop.study_count() == 0
    await drop.look(after_s=2)
    assert await drop.study_count() == 2
    assert drop.files() == {"done/2024/张三.scp", "done/ct.dcm"}
    async with drop.database.reading() as session:
        events = list(
            await session.scalars(select(AuditEvent).where(AuditEvent.action == "folder.take"))
        )
    assert [event.outcome for event in events] == ["success", "success"]
    assert {event.institution_id for event in events} == {TOWNSHIP}


async def test_a_file_that_still_grows_is_left_alone(drop: Drop) -> None:
    data, path = SCP.read_bytes(), drop.folder / "a.scp"
    for end in (1000, 5000, len(data)):
        path.write_bytes(data[:end])
        await drop.look(after_s=6)
    assert drop.files() == {"a.scp"}
    await drop.look(after_s=6)
    assert drop.files() == {"done/a.scp"}


async def test_a_bad_file_goes_to_the_failed_with_its_reason(drop: Drop) -> None:
    (drop.folder / "cut.scp").write_bytes(SCP.read_bytes()[:900])
    (drop.folder / "good.scp").write_bytes(SCP.read_bytes())
    await drop.look()
    await drop.look(after_s=6)
    assert drop.files() == {"failed/cut.scp", "failed/cut.scp.reason.txt", "done/good.scp"}
    reason = (drop.folder / "failed" / "cut.scp.reason.txt").read_text("utf-8")
    assert reason.startswith("unreadable-ecg: SCP-ECG: ")


async def test_the_same_file_under_another_name_is_one_study_and_both_are_kept(drop: Drop) -> None:
    for _ in range(2):
        (drop.folder / "a.scp").write_bytes(SCP.read_bytes())
        await drop.look()
        await drop.look(after_s=6)
    assert await drop.study_count() == 1
    done = sorted(drop.files())
    assert len(done) == 2
    assert all(name.startswith("done/a.") and name.endswith(".scp") for name in done)


async def test_what_cannot_be_kept_now_stays_and_is_taken_later(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(incoming: Incoming) -> None:
        incoming.abort()
        raise StorageFull("no room")

    (drop.folder / "a.scp").write_bytes(SCP.read_bytes())
    await drop.look()
    with monkeypatch.context() as broken:
        broken.setattr(Incoming, "finish", full)
        await drop.look(after_s=6)
    assert drop.files() == {"a.scp"}
    await drop.look(after_s=31)
    assert drop.files() == {"done/a.scp"}


async def test_links_pipes_hidden_and_empty_files_are_passed_by(drop: Drop) -> None:
    (drop.folder / "link.scp").symlink_to(SCP)
    (drop.folder / "out").symlink_to(SCP.parent)
    os.mkfifo(drop.folder / "pipe.scp")
    (drop.folder / ".a.scp.part").write_bytes(SCP.read_bytes())
    (drop.folder / "empty.scp").touch()
    await drop.look()
    await drop.look(after_s=6)
    assert await drop.study_count() == 0
    assert not (drop.folder / "failed").exists()


async def test_a_process_killed_before_the_move_takes_it_again_as_one_study(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise OSError(5, "killed here")

    (drop.folder / "a.scp").write_bytes(SCP.read_bytes())
    await drop.look()
    with monkeypatch.context() as broken:
        broken.setattr(FolderWatcher, "_move", killed)
        await drop.look(after_s=6)
    assert (drop.files(), await drop.study_count()) == ({"a.scp"}, 1)
    await drop.look(after_s=31)
    assert (drop.files(), await drop.study_count()) == ({"done/a.scp"}, 1)
