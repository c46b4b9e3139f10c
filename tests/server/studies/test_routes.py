"""Studies over HTTP."""

from pathlib import Path

import orjson
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.identity.models import Role
from tests.support.application import running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes


async def test_who_asks_for_one_study_is_audited(tmp_path: Path) -> None:
    migrated_sqlite(tmp_path / "lianzhen.db")
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


async def test_a_false_label_of_text_is_repaired_and_told(tmp_path: Path) -> None:
    """The bytes stay as they came; the name is read, and who looks after devices can see why."""
    migrated_sqlite(tmp_path / "lianzhen.db")
    # Encoded as Latin-1, the text has the bytes of GB18030.
    name = "ZHANG^SAN=张^三".encode("gb18030").decode("latin_1")
    data = ct_bytes(SpecificCharacterSet="ISO_IR 100", PatientName=name)
    async with running_app(settings_for(tmp_path)) as app:
        await app.receive(data)
        who = await app.token("reader", "county", Role.COUNTY_READER)
        (study,) = (await (await app.client.get("/api/studies", headers=who)).json())["items"]
        assert study["patient"]["name"] == "张三"
        assert study["charset_repair"] == "ISO_IR 100 → GB18030"
        async with app.services.database.reading() as session:
            created = select(AuditEvent.detail).where(AuditEvent.action == "study.create")
            (detail,) = await session.scalars(created)
            assert orjson.loads(detail)["charset_repair"] == "ISO_IR 100 → GB18030"
        path = f"/dicomweb/studies/{study['study_instance_uid']}"
        part = {**who, "Accept": 'multipart/related; type="application/dicom"'}
        response = await app.client.get(path, headers=part)
        assert data in await response.read()
