"""The worker role: what it does now and then goes on, whatever goes wrong with one of it."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from server.audit.reads import ReadAudit
from server.core.settings import ScrubSettings
from server.intake.public import Location, StoredObject, object_key
from server.services import build_services, running
from server.worker import build_worker
from tests.support.application import settings_for
from tests.support.databases import migrated_sqlite

_PATIENCE_S = 30


async def test_a_chore_that_fails_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated_sqlite(tmp_path / "lianzhen.db")
    later = asyncio.Event()

    async def broken(_: ReadAudit) -> int:
        raise OSError(30, "read-only file system")

    async def pruned(_: ReadAudit) -> None:
        later.set()

    monkeypatch.setattr(ReadAudit, "import_fallback", broken)
    monkeypatch.setattr(ReadAudit, "prune", pruned)
    services = build_services(settings_for(tmp_path), role="worker")
    async with running(services), build_worker(services).running():
        await asyncio.wait_for(later.wait(), _PATIENCE_S)


async def test_a_rotten_object_is_marked_with_no_operator(tmp_path: Path) -> None:
    migrated_sqlite(tmp_path / "lianzhen.db")
    settings = settings_for(tmp_path).model_copy(
        update={"scrub": ScrubSettings(cycle_days=0.1 / 86_400)}
    )
    services = build_services(settings, role="worker")
    (tmp_path / "objects" / "qinghe" / "i" / "00").mkdir(parents=True)
    (tmp_path / "objects" / object_key("qinghe", "00" * 32)).write_bytes(b"other")
    async with running(services), build_worker(services).running():
        async with services.database.unit_of_work() as uow:
            uow.session.add(
                StoredObject(
                    id="1" * 32, org="qinghe", sha256="00" * 32, size=5, location=Location.STORE,
                    received_at=services.clock.now(),
                )
            )  # fmt: skip
            await uow.commit()
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                async with services.database.reading() as session:
                    if await session.scalar(select(StoredObject.damaged_at)):
                        break
                await asyncio.sleep(0.05)


def test_the_patrol_may_be_left_to_another_worker(tmp_path: Path) -> None:
    settings = settings_for(tmp_path).model_copy(update={"scrub": ScrubSettings(cycle_days=0)})
    assert build_worker(build_services(settings, role="worker")).patrol is None
