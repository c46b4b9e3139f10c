"""What the operator asks of whole studies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from server.cli import app as cli
from server.lifecycle.models import LegalHold
from server.studies.models import Study
from tests.support.application import ORG, RunningApp, running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[RunningApp]:
    migrated_sqlite(tmp_path / "lianzhen.db")
    async with running_app(settings_for(tmp_path)) as running:
        await running.receive(ct_bytes())
        yield running


async def test_a_study_s_keeping_is_told_and_held(app: RunningApp, tmp_path: Path) -> None:
    async with app.services.database.reading() as session:
        uid = await session.scalar(select(Study.study_instance_uid))

    async def run(*arguments: str) -> tuple[int, str]:
        environment = {"LIANZHEN_DATA_DIR": str(tmp_path)}
        done = await asyncio.to_thread(CliRunner().invoke, cli, arguments, env=environment)
        return done.exit_code, f"{done.output}{done.exception or ''}"

    place = ("--org", ORG)
    code, said = await run("study", "status", str(uid), *place)
    assert (code, said.startswith("kept as inpatient until ")) == (0, True), said
    reason = ("--reason", "case 12", "--whole-patient")
    code, said = await run("study", "hold", str(uid), *reason, *place)
    assert code == 0, said
    assert "hold on the patient since" in said
    async with app.services.database.reading() as session:
        hold = (await session.scalars(select(LegalHold))).one()
    assert (hold.placed_by, hold.reason) == ("operator", "case 12")
    code, said = await run("study", "status", "1.2.3", *place)
    assert (code, "has no study 1.2.3" in said) == (1, True)
    code, said = await run("study", "chores")
    assert (code, said) == (0, "0 studies purged, 0 moved\n")
