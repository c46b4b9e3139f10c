"""What the medical office asks for over HTTP; who may is in the authorisation table."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.identity.models import Role
from server.migrations.run import migrate
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.dicom_files import ct_bytes
from tests.support.fakes import ManualClock

YEARS_31_S = 31 * 366 * 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def app(tmp_path: Path, clock: ManualClock) -> AsyncIterator[RunningApp]:
    migrate(f"sqlite:///{tmp_path / 'lianzhen.db'}")
    async with running_app(settings_for(tmp_path), clock=clock) as running:
        yield running


async def study(app: RunningApp) -> None:
    uids = {name: generate_uid() for name in ("StudyInstanceUID", "SOPInstanceUID")}
    assert (await app.receive(ct_bytes(PatientID="A1", PatientName="Wang^Fang", **uids))).verdict


async def got(app: RunningApp, path: str, who: dict[str, str]) -> Any:
    answer = await app.client.get(path, headers=who)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def post(app: RunningApp, path: str, who: dict[str, str]) -> Any:
    answer = await app.client.post(path, headers=who, json={"reason": "kept long enough"})
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_a_patient_s_studies_are_paged_and_each_read_is_on_record(app: RunningApp) -> None:
    who = await app.token("office", "township1", Role.MEDICAL_OFFICE)
    for _ in range(3):
        await study(app)
    (patient,) = (await got(app, "/api/patients?text=A1", who))["items"]
    path = f"/api/patients/{patient['id']}/studies"

    async def reads() -> list[str | None]:
        async with app.services.database.reading() as session:
            query = select(AuditEvent.object_id).where(AuditEvent.action == "study.read")
            return list(await session.scalars(query))

    assert await reads() == []
    first = await got(app, f"{path}?limit=2", who)
    shown = [each["study"]["id"] for each in first["items"]]
    assert await reads() == shown
    rest = await got(app, f"{path}?limit=2&before={first['next']}", who)
    shown += [each["study"]["id"] for each in rest["items"]]
    assert (len(set(shown)), rest["next"]) == (3, None)
    # Once a person, study and hour.
    await got(app, path, who)
    assert await reads() == shown
    assert (await app.client.get(f"{path}?before=x", headers=who)).status == 400
    other = await app.token("other", "township2", Role.MEDICAL_OFFICE)
    assert (await app.client.get(path, headers=other)).status == 404


async def test_deletions_of_several_states_are_listed_together(
    app: RunningApp, clock: ManualClock
) -> None:
    who = await app.token("office", "township1", Role.MEDICAL_OFFICE)
    other = await app.token("other", "township1", Role.MEDICAL_OFFICE)
    for _ in range(3):
        await study(app)
    clock.advance(YEARS_31_S)
    (patient,) = (await got(app, "/api/patients?text=A1", who))["items"]
    kept = (await got(app, f"/api/patients/{patient['id']}/studies", who))["items"]
    ids = []
    for each in kept:
        asked = await post(app, f"/api/studies/{each['study']['id']}/deletion", who)
        ids.append(asked["deletions"][0]["id"])
        clock.advance(1)
    await post(app, f"/api/deletions/{ids[0]}/approve", other)
    await post(app, f"/api/deletions/{ids[1]}/reject", other)
    path = "/api/deletions?state=rejected&state=approved"
    found = await got(app, path, who)
    assert [(each["id"], each["state"]) for each in found["items"]] == [
        (ids[1], "rejected"), (ids[0], "approved"),
    ]  # fmt: skip
    assert [each["requested_by_name"] for each in found["items"]] == ["office"] * 2
    page = await got(app, f"{path}&limit=1", who)
    rest = await got(app, f"{path}&limit=1&before={page['next']}", who)
    assert [each["id"] for each in page["items"] + rest["items"]] == [ids[1], ids[0]]
    assert rest["next"] is None
    open_ones = await got(app, "/api/deletions", who)
    assert [each["id"] for each in open_ones["items"]] == [ids[2], ids[0]]
    assert (await app.client.get("/api/deletions?state=gone", headers=who)).status == 400
