"""A place that keeps and deletes studies, over both databases."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.objects.file_store import FileStore
from server.core.objects.tiered import TieredStore
from server.lifecycle.public import LifecycleService, Purger, Tiering
from tests.server.lifecycle.place import SETTINGS, Place
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import (
    create_institutions,
    running_intake,
)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    clock, ids = ManualClock(), CountingIds()
    await create_institutions(database, clock)
    audit = AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="web")
    with ThreadPoolExecutor(4) as executor:
        stores = [FileStore(tmp_path / name, executor=executor) for name in ("objects", "cold")]
        tiered = TieredStore(*stores)
        derived = FileStore(tmp_path / "derived", executor=executor, replaceable=True)
        await derived.open()
        async with running_intake(database, tmp_path, clock, ids, store=tiered) as parts:
            yield Place(
                parts,
                LifecycleService(
                    database=database, audit=audit, clock=clock, ids=ids, settings=SETTINGS
                ),
                Purger(
                    database=database, originals=tiered, derived=derived, audit=audit,
                    clock=clock, settings=SETTINGS,
                ),
                Tiering(
                    database=database, store=tiered, audit=audit, clock=clock, settings=SETTINGS
                ),
                tiered, derived, database, clock, audit,
            )  # fmt: skip
        await derived.close()
