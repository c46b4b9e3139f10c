"""Anchors in the table and the file, over crashes and several processes; the key."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from server.audit.anchors import anchors_in
from server.audit.chain import AuditRecord
from server.audit.key import load_or_create_key
from server.audit.models import AuditAnchor
from server.audit.verify import Damage
from tests.server.audit.conftest import Audit


def numbers(audit: Audit) -> list[int]:
    """Return the numbers of the anchors in the file."""
    found = list(anchors_in(audit.directory / "audit-anchors.jsonl"))
    return [anchor.seq for anchor in found if anchor is not None]


async def in_table(audit: Audit) -> int:
    async with audit.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(AuditAnchor)) or 0


async def record_and_anchor(audit: Audit, times: int) -> None:
    for _ in range(times):
        await audit.record(AuditRecord("a"))
        await audit.anchors.write()
        audit.clock.advance(300)


async def test_an_anchor_names_only_what_moved(audit: Audit) -> None:
    node = audit.another_trail()
    await audit.record(AuditRecord("a"), trail=node)
    await record_and_anchor(audit, 2)
    found = [anchor for anchor in anchors_in(audit.directory / "audit-anchors.jsonl") if anchor]
    assert [len(anchor.heads_by_chain()) for anchor in found] == [2, 1]


async def test_where_nothing_moved_nothing_is_anchored(audit: Audit) -> None:
    await audit.anchors.write()
    await record_and_anchor(audit, 1)
    await audit.anchors.write()
    assert numbers(audit) == [1]


@pytest.mark.fault
async def test_several_processes_anchor_once_a_period(audit: Audit) -> None:
    processes = [audit.anchors, *(audit.new_anchors() for _ in range(3))]
    for _ in range(3):
        await audit.record(AuditRecord("a"))
        await asyncio.gather(*(process.write() for process in processes))
        audit.clock.advance(300)
    assert numbers(audit) == [1, 2, 3]
    assert await in_table(audit) == 3
    assert (await audit.verify()).is_intact


@pytest.mark.fault
async def test_shutdown_anchors_what_is_left(audit: Audit) -> None:
    await record_and_anchor(audit, 1)
    audit.clock.advance(-299)
    await audit.record(AuditRecord("b"))
    await audit.anchors.write()
    assert numbers(audit) == [1]
    await audit.anchors.write(at_shutdown=True)
    assert numbers(audit) == [1, 2]


@pytest.mark.fault
async def test_a_clock_set_back_does_not_stop_the_anchors(audit: Audit) -> None:
    await record_and_anchor(audit, 1)
    audit.clock.set_back(7_200)
    await record_and_anchor(audit, 1)
    assert numbers(audit) == [1, 2]
    assert (await audit.verify()).is_intact


@pytest.mark.fault
@pytest.mark.parametrize("kept_bytes", [0, 10, -1, -2])
async def test_a_file_torn_by_a_crash_is_made_whole(audit: Audit, kept_bytes: int) -> None:
    await record_and_anchor(audit, 3)
    file = audit.directory / "audit-anchors.jsonl"
    file.write_bytes(file.read_bytes()[:kept_bytes])
    assert (await audit.verify()).is_intact
    audit.clock.set_back(300)
    await audit.new_anchors().write()
    assert numbers(audit) == [1, 2, 3]
    assert (await audit.verify()).is_intact


async def test_a_file_far_longer_than_a_block_is_continued(audit: Audit) -> None:
    await audit.record(AuditRecord("a"))
    for _ in range(40):
        for trail in [audit.another_trail() for _ in range(20)]:
            await audit.record(AuditRecord("b"), trail=trail)
        await audit.anchors.write(at_shutdown=True)
    assert numbers(audit) == list(range(1, 41))
    assert (audit.directory / "audit-anchors.jsonl").stat().st_size > 65_536


async def test_a_line_taken_out_of_the_file_is_found(audit: Audit) -> None:
    await record_and_anchor(audit, 3)
    file = audit.directory / "audit-anchors.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[2])
    assert await audit.damage() == {Damage.FILE_DAMAGED}
    file.write_bytes(lines[0] + b"{}\n" + lines[2])
    assert await audit.damage() == {Damage.FILE_DAMAGED}


def test_the_first_process_makes_the_key_and_all_others_find_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "audit.key"
    command = (
        "import sys; from pathlib import Path; from server.audit.key import load_or_create_key;"
        "print(load_or_create_key(Path(sys.argv[1])).hex())"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", command, str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    keys = {process.communicate(timeout=60)[0].strip() for process in running}
    assert keys == {load_or_create_key(path).hex()}
    assert len(bytes.fromhex(keys.pop())) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_key_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    path.write_bytes(b"short")
    with pytest.raises(ValueError, match="shorter"):
        load_or_create_key(path)
