"""What the operator sees of the quarantine, and how it is emptied."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from pydicom import dcmread
from sqlalchemy import func, select
from typer.testing import CliRunner

from server.audit.models import AuditEvent
from server.cli import app as cli
from server.intake.models import Quarantined, StoredObject
from server.migrations.run import migrate
from tests.support.application import ORG, RunningApp, running_app, settings_for
from tests.support.dicom_files import ct_bytes, file_bytes


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[RunningApp]:
    migrate(f"sqlite:///{tmp_path / 'lianzhen.db'}")
    async with running_app(settings_for(tmp_path)) as running:
        yield running


async def lianzhen(data_dir: Path, *arguments: str) -> tuple[int, str]:
    environment = {"LIANZHEN_DATA_DIR": str(data_dir)}
    done = await asyncio.to_thread(CliRunner().invoke, cli, arguments, env=environment)
    return done.exit_code, f"{done.output}{done.exception or ''}"


def _conflicting() -> bytes:
    ds = dcmread(BytesIO(ct_bytes()))
    ds.PatientName = "Somebody^Else"
    return file_bytes(ds)


async def _held(app: RunningApp) -> list[Quarantined]:
    async with app.services.database.reading() as session:
        return list(await session.scalars(select(Quarantined)))


async def _bytes_left(app: RunningApp) -> tuple[int, int]:
    """Return how many objects the database names, and how many the store has."""
    async with app.services.database.reading() as session:
        named = await session.scalar(select(func.count()).select_from(StoredObject)) or 0
    async with aclosing(app.services.stores.originals.keys()) as keys:
        return named, len([key async for key in keys])


async def test_what_is_held_is_listed_and_removed_with_its_bytes_on_record(
    app: RunningApp, tmp_path: Path
) -> None:
    await app.receive(ct_bytes())
    await app.receive(_conflicting())
    (held,) = await _held(app)
    place = ("--org", ORG)
    code, said = await lianzhen(tmp_path, "quarantine", "list", *place)
    assert code == 0, said
    row = said.rstrip("\n").split("\t")
    assert [row[0], *row[2:4], row[5]] == [
        held.id, "township1", held.source, held.sop_instance_uid,
    ]  # fmt: skip
    assert row[6].startswith("uid-conflict: ")
    assert (await lianzhen(tmp_path, "quarantine", "list"))[1] == ""
    code, said = await lianzhen(tmp_path, "quarantine", "remove", held.id, *place)
    assert (code, "on their way to the store" in said) == (1, True), said
    while await app.services.drain.drain_once():
        pass
    assert await _bytes_left(app) == (2, 2)
    code, said = await lianzhen(tmp_path, "quarantine", "remove", held.id)
    assert (code, f"has nothing {held.id} in quarantine" in said) == (1, True)
    code, said = await lianzhen(tmp_path, "quarantine", "remove", held.id, *place)
    assert (code, said) == (0, f"{held.id}\tremoved\n")
    assert await _held(app) == []
    assert await _bytes_left(app) == (1, 1)
    async with app.services.database.reading() as session:
        removal = select(AuditEvent).where(AuditEvent.action == "quarantine.remove")
        (event,) = await session.scalars(removal)
    assert (event.object_id, event.org) == (held.id, ORG)
    assert orjson.loads(event.detail)["bytes_removed"] is True


async def test_bytes_that_something_else_names_stay(app: RunningApp, tmp_path: Path) -> None:
    for _ in range(2):
        await app.receive(ct_bytes())
        await app.receive(_conflicting())
    while await app.services.drain.drain_once():
        pass
    first, second = await _held(app)
    place = ("--org", ORG)
    code, said = await lianzhen(tmp_path, "quarantine", "remove", first.id, *place)
    assert (code, said) == (0, f"{first.id}\tremoved; no bytes went with it\n")
    assert await _bytes_left(app) == (2, 2)
    code, said = await lianzhen(tmp_path, "quarantine", "remove", second.id, *place)
    assert (code, said) == (0, f"{second.id}\tremoved\n")
    assert await _bytes_left(app) == (1, 1)
