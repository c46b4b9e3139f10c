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

ECG_FILES = Path(__file__).resolve().parents[2] / "data" / "ecg"
SCP = ECG_FILES / "scp" / "anon000007.scp"
HEADER, SIGNALS = (ECG_FILES / "wfdb" / f"3000003_0003.{kind}" for kind in ("hea", "dat"))
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

    def put(self, *paths: Path) -> None:
        """Copy files into it."""
        for path in paths:
            (self.folder / path.name).write_bytes(path.read_bytes())

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
                keep_done_days=30,
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


async def test_what_was_taken_long_ago_is_cleared_away_and_nothing_else(drop: Drop) -> None:
    (drop.folder / "2024").mkdir()
    for name in ("2024/a.scp", "failed/b.scp", "new.scp"):
        (drop.folder / name).parent.mkdir(exist_ok=True)
        (drop.folder / name).write_bytes(SCP.read_bytes())
    os.utime(drop.folder / "2024" / "a.scp", (0, 0))
    await drop.look()
    await drop.look(after_s=6)
    taken = {"done/2024/a.scp", "done/new.scp"}
    kept = {"failed/b.scp"}
    put_away = (drop.folder / "done" / "new.scp").stat().st_ctime
    # However old its device says it is, it stays its time from when it was taken.
    drop.clock.advance(put_away + 29 * 86_400 - drop.clock.now().timestamp())
    await drop.watcher.clear()
    assert drop.files() == taken | kept
    drop.clock.advance(2 * 86_400)
    await drop.watcher.clear()
    assert drop.files() == kept
    assert not (drop.folder / "done" / "2024").exists()


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


@pytest.mark.fault
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


async def test_a_wfdb_record_is_taken_whole_and_put_away_together(drop: Drop) -> None:
    drop.put(HEADER, SIGNALS)
    await drop.look()
    await drop.look(after_s=6)
    assert await drop.study_count() == 1
    assert drop.files() == {f"done/{HEADER.name}", f"done/{SIGNALS.name}"}


async def test_the_same_record_again_is_one_study_and_its_files_keep_their_names(
    drop: Drop,
) -> None:
    for _ in range(2):
        drop.put(HEADER, SIGNALS)
        await drop.look()
        await drop.look(after_s=6)
    assert await drop.study_count() == 1
    folders = {path.parent for path in (drop.folder / "done").rglob("*.hea")}
    assert len(folders) == 2
    for folder in folders:
        assert {path.name for path in folder.iterdir() if path.is_file()} == {
            HEADER.name, SIGNALS.name,
        }  # fmt: skip


async def test_signals_wait_for_their_header_and_a_header_for_its_signals(drop: Drop) -> None:
    for first, second in ((SIGNALS, HEADER), (HEADER, SIGNALS)):
        drop.put(first)
        await drop.look()
        await drop.look(after_s=300)
        assert first.name in drop.files()
        drop.put(second)
        await drop.look()
        await drop.look(after_s=6)
        assert {first.name, second.name}.isdisjoint(drop.files())
    assert await drop.study_count() == 1
    assert not (drop.folder / "failed").exists()


@pytest.mark.parametrize(
    ("alone", "reason"),
    [
        (HEADER, f"unreadable-ecg: {SIGNALS.name} is missing: "),
        (SIGNALS, "unknown-format: "),
    ],
    ids=["header", "signals"],
)
async def test_what_stays_alone_is_at_last_refused_with_the_reason(
    drop: Drop, alone: Path, reason: str
) -> None:
    drop.put(alone)
    await drop.look()
    await drop.look(after_s=599)
    assert drop.files() == {alone.name}
    await drop.look(after_s=2)
    told = f"failed/{alone.name}.reason.txt"
    assert drop.files() == {f"failed/{alone.name}", told}
    assert (drop.folder / told).read_text("utf-8").startswith(reason)


async def test_a_record_whose_signals_still_grow_is_left_alone(drop: Drop) -> None:
    drop.put(HEADER)
    data, path = SIGNALS.read_bytes(), drop.folder / SIGNALS.name
    for end in (500, 1000, len(data)):
        path.write_bytes(data[:end])
        await drop.look(after_s=6)
    assert drop.files() == {HEADER.name, SIGNALS.name}
    await drop.look(after_s=6)
    assert await drop.study_count() == 1


async def test_annotations_go_with_their_record_and_a_readable_namesake_by_itself(
    drop: Drop,
) -> None:
    drop.put(HEADER, SIGNALS)
    (drop.folder / "3000003_0003.atr").write_bytes(b"\x01\x02" * 10)
    (drop.folder / "3000003_0003.scp").write_bytes(SCP.read_bytes())
    await drop.look()
    await drop.look(after_s=6)
    assert await drop.study_count() == 2
    kinds = ("hea", "dat", "atr", "scp")
    assert drop.files() == {f"done/3000003_0003.{kind}" for kind in kinds}


async def test_a_record_of_segments_is_one_study(drop: Drop) -> None:
    drop.put(HEADER, SIGNALS)
    master = "whole/3 2 125 2556\n3000003_0003 1028\n~ 500\n3000003_0003 1028\n"
    (drop.folder / "whole.hea").write_text(master, "ascii")
    await drop.look()
    await drop.look(after_s=6)
    assert await drop.study_count() == 1
    assert drop.files() == {f"done/{name}" for name in ("whole.hea", HEADER.name, SIGNALS.name)}


async def test_signals_that_two_headers_name_go_with_the_last(drop: Drop) -> None:
    other = HEADER.read_text("ascii").replace("3000003_0003 2", "other 2")
    (drop.folder / "other.hea").write_text(other + "# Age: 50\n", "ascii")
    drop.put(HEADER, SIGNALS)
    await drop.look()
    await drop.look(after_s=6)
    assert await drop.study_count() == 2
    assert drop.files() == {f"done/{name}" for name in ("other.hea", HEADER.name, SIGNALS.name)}


async def test_a_damaged_record_goes_to_the_failed_whole(drop: Drop) -> None:
    drop.put(HEADER)
    (drop.folder / SIGNALS.name).write_bytes(SIGNALS.read_bytes()[:-100])
    await drop.look()
    await drop.look(after_s=6)
    told = f"failed/{HEADER.name}.reason.txt"
    assert drop.files() == {f"failed/{HEADER.name}", f"failed/{SIGNALS.name}", told}
    assert (drop.folder / told).read_text("utf-8").startswith("unreadable-ecg: ")


async def test_no_header_leads_out_of_its_folder_or_stops_the_others(drop: Drop) -> None:
    (drop.folder / "out.hea").write_text("out 1 500 10\n../secret.dat 16 200 II\n", "ascii")
    for first, second in (("a", "b"), ("b", "a")):
        (drop.folder / f"{first}.hea").write_text(f"{first}/1 1 500 10\n{second} 10\n", "ascii")
    (drop.folder / os.fsdecode(b"\xff.hea")).write_bytes(HEADER.read_bytes())
    drop.put(HEADER, SIGNALS)
    await drop.look()
    await drop.look(after_s=6)
    assert await drop.study_count() == 1
    assert f"done/{HEADER.name}" in drop.files()
    await drop.look(after_s=601)
    assert await drop.study_count() == 1
    assert not [path for path in drop.folder.iterdir() if path.suffix == ".hea"]


@pytest.mark.fault
async def test_a_process_killed_before_the_move_takes_the_record_again_as_one_study(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise OSError(5, "killed here")

    drop.put(HEADER, SIGNALS)
    await drop.look()
    with monkeypatch.context() as broken:
        broken.setattr(FolderWatcher, "_move", killed)
        await drop.look(after_s=6)
    assert (drop.files(), await drop.study_count()) == ({HEADER.name, SIGNALS.name}, 1)
    await drop.look(after_s=31)
    assert await drop.study_count() == 1
    assert drop.files() == {f"done/{HEADER.name}", f"done/{SIGNALS.name}"}
