"""Who vouches for bytes looks at them: in the spool, in the store, and where neither has them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update

from server.core.database import Database
from server.core.errors import Unavailable
from server.core.objects.errors import ObjectStoreError
from server.intake.models import StoredObject
from server.intake.vouching import Vouching
from tests.server.intake.test_scrub import file_of, sent_and_drained
from tests.support.dicom_files import ct_series
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import IntakeParts, create_institutions, running_intake, send

pytestmark = pytest.mark.fault

CLOCK = ManualClock()


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> AsyncIterator[IntakeParts]:
    await create_institutions(database, CLOCK)
    async with running_intake(database, tmp_path, CLOCK, CountingIds()) as running:
        yield running


async def stored(parts: IntakeParts) -> list[StoredObject]:
    async with parts.database.reading() as session:
        found = await session.scalars(select(StoredObject).order_by(StoredObject.id))
        return list(found)


async def vouch(parts: IntakeParts, *more: str) -> Mapping[str, bool]:
    ids = [each.id for each in await stored(parts)]
    with ThreadPoolExecutor(2) as executor:
        vouching = Vouching(
            spool=parts.spool, store=parts.store, database=parts.database, executor=executor
        )
        return await vouching.whole([*ids, *more])


async def mark(parts: IntakeParts, object_id: str, **values: object) -> None:
    async with parts.database.unit_of_work() as uow:
        await uow.session.execute(
            update(StoredObject).where(StoredObject.id == object_id).values(**values)
        )
        await uow.commit()


async def test_what_is_in_spool_and_store_is_whole_and_what_nobody_knows_is_not(
    parts: IntakeParts,
) -> None:
    await sent_and_drained(parts, 2)
    await send(parts.intake, ct_series(1)[0])
    assert await vouch(parts, "unknown") == {
        **{each.id: True for each in await stored(parts)},
        "unknown": False,
    }


@pytest.mark.parametrize("damage", ["rot", "cut", "loss"])
async def test_nobody_vouches_for_a_spooled_file_that_rotted_or_is_gone(
    parts: IntakeParts, damage: str
) -> None:
    for each in ct_series(2):
        await send(parts.intake, each)
    first, second = await stored(parts)
    path = parts.spool.path(first.spool_name or "")
    data = await asyncio.to_thread(path.read_bytes)
    if damage == "loss":
        path.unlink()
    else:
        path.chmod(0o640)
        path.write_bytes(data[:-1] + b"\xff" if damage == "rot" else data[:-1])
    assert await vouch(parts) == {first.id: False, second.id: True}


async def test_nobody_vouches_for_what_the_store_lost_or_cut_or_a_scrub_marked(
    parts: IntakeParts, tmp_path: Path
) -> None:
    files = await sent_and_drained(parts, 4)
    lost, cut = (file_of(parts, tmp_path, each) for each in files[:2])
    lost.unlink()
    cut.chmod(0o640)
    cut.write_bytes(files[1][:-1])
    by_digest = {each.sha256: each.id for each in await stored(parts)}
    marked = by_digest[file_of(parts, tmp_path, files[2]).name]
    await mark(parts, marked, damaged_at=CLOCK.now())
    answers = await vouch(parts)
    assert [answers[by_digest[file_of(parts, tmp_path, each).name]] for each in files] == [
        False, False, False, True,
    ]  # fmt: skip


async def test_what_cannot_be_told_now_is_not_told(
    parts: IntakeParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent_and_drained(parts, 1)

    async def down(key: str) -> None:
        raise ObjectStoreError(f"no answer for {key}")

    with monkeypatch.context() as broken:
        broken.setattr(parts.store, "stat", down)
        with pytest.raises(Unavailable, match="does not answer"):
            await vouch(parts)
    await send(parts.intake, ct_series(1)[0])
    (spooled,) = [each for each in await stored(parts) if each.spool_id is not None]
    await mark(parts, spooled.id, spool_id="another")
    with pytest.raises(Unavailable, match="another host"):
        await vouch(parts)
