"""The worker role: what it does now and then goes on, whatever goes wrong with one of it."""

import asyncio
from pathlib import Path

import pytest

from server.audit.reads import ReadAudit
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
