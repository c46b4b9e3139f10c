"""The OpenAPI document is true: schemathesis tries every operation it describes."""

import asyncio
import sys
from pathlib import Path

from server.identity.models import Role
from tests.support.application import running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes

# What the generator cannot know: who asks, and that a paging cursor is a word only we can make.
_NOT_CHECKED = "ignored_auth,positive_data_acceptance"


async def test_every_described_operation_answers_as_described(tmp_path: Path) -> None:
    migrated_sqlite(tmp_path / "lianzhen.db")
    async with running_app(settings_for(tmp_path)) as app:
        await app.receive(ct_bytes())
        who = await app.token("reader", "county", Role.COUNTY_READER)
        url = str(app.client.make_url("/api/openapi.json"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "schemathesis.cli", "run", url,
            "--header", f"Authorization: {who['Authorization']}",
            "--max-examples", "25", "--seed", "1", "--no-color", "--workers", "1",
            "--phases", "examples,coverage,fuzzing", "--exclude-checks", _NOT_CHECKED,
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), 240)
    assert process.returncode == 0, output.decode()
