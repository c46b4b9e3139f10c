"""Studies over HTTP."""

from pathlib import Path

from sqlalchemy import select

from server.audit.models import AuditEvent
from server.identity.models import Role
from server.migrations.run import migrate
from tests.support.application import running_app, settings_for
from tests.support.dicom_files import ct_bytes


async def test_who_asks_for_one_study_is_audited(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'lianzhen.db'}")
    async with running_app(settings_for(tmp_path)) as app:
        await app.receive(ct_bytes())
        who = await app.token("reader", "county", Role.COUNTY_READER)
        page = await (await app.client.get("/api/studies", headers=who)).json()
        study_id = page["items"][0]["id"]
        for _ in range(2):
            assert (await app.client.get(f"/api/studies/{study_id}", headers=who)).status == 200
        async with app.services.database.reading() as session:
            read = select(AuditEvent.object_id).where(AuditEvent.action == "study.read")
            assert list(await session.scalars(read)) == [study_id]
