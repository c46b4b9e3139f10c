"""Routes and the queue over HTTP; who may is in the authorisation table."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.dicom_node.public import DeviceAddress, DeviceChange, NewDevice
from server.identity.models import Role
from tests.support.application import ORG, RunningApp, running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_series
from tests.support.ports import free_port

ROUTES, JOBS = "/api/forwarding/routes", "/api/forwarding/jobs"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[RunningApp]:
    migrated_sqlite(tmp_path / "lianzhen.db")
    async with running_app(settings_for(tmp_path)) as running:
        yield running


@pytest.fixture
async def device(app: RunningApp) -> str:
    return await app.services.devices.register(
        NewDevice(
            ORG, app.institutions["county"], "ARCHIVE",
            address=DeviceAddress("127.0.0.1", free_port()),
        )
    )  # fmt: skip


async def test_a_route_is_made_changed_and_removed(app: RunningApp, device: str) -> None:
    who = await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)
    wanted = {"destination_id": device, "modalities": ["CT"], "priority": "high"}
    made = await app.client.post(ROUTES, headers=who, json=wanted)
    assert made.status == 201, await made.text()
    route = await made.json()
    assert route.items() >= {**wanted, "destination_ae": "ARCHIVE", "enabled": True}.items()
    path = f"{ROUTES}/{route['id']}"
    changed = await app.client.put(path, headers=who, json={**wanted, "enabled": False})
    assert (await changed.json())["enabled"] is False
    listed = await (await app.client.get(ROUTES, headers=who)).json()
    assert listed["items"] == [{**route, "enabled": False}]
    assert (await app.client.delete(path, headers=who)).status == 204
    assert (await app.client.put(path, headers=who, json=wanted)).status == 404
    async with app.services.database.reading() as session:
        actions = await session.scalars(
            select(AuditEvent.action).where(AuditEvent.object_id == route["id"])
        )
        assert set(actions) == {"route.create", "route.change", "route.remove"}


async def test_a_route_to_nowhere_is_switched_off_and_not_on(app: RunningApp, device: str) -> None:
    who = await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)
    wanted = {"destination_id": device, "modalities": ["CT"]}
    made = await (await app.client.post(ROUTES, headers=who, json=wanted)).json()
    path = f"{ROUTES}/{made['id']}"
    await app.services.devices.change(ORG, device, DeviceChange(is_enabled=False))
    for enabled, status in ((True, 400), (False, 200), (True, 400)):
        answer = await app.client.put(path, headers=who, json={**wanted, "enabled": enabled})
        assert answer.status == status, await answer.text()
    # Off or not, it leads to no other place without an address.
    elsewhere = {**wanted, "destination_id": "nobody", "enabled": False}
    assert (await app.client.put(path, headers=who, json=elsewhere)).status == 400
    (route,) = (await (await app.client.get(ROUTES, headers=who)).json())["items"]
    assert (route["enabled"], route["destination_id"], route["destination_ae"]) == (
        False, device, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"destination_id": "nobody"},
        {"stations": ["x" * 65]},
        {"stations": ["a"] * 33},
        {"priority": "urgent"},
        {"modalities": "CT"},
    ],
)
async def test_a_route_that_makes_no_sense_is_a_400(
    app: RunningApp, device: str, wrong: dict[str, object]
) -> None:
    who = await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)
    answer = await app.client.post(ROUTES, headers=who, json={"destination_id": device, **wrong})
    assert answer.status == 400, await answer.text()


async def test_the_queue_is_paged_filtered_tried_again_and_dropped(
    app: RunningApp, device: str
) -> None:
    who = await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)
    await app.client.post(ROUTES, headers=who, json={"destination_id": device})
    for _ in range(3):
        for data in ct_series(2):
            await app.receive(data)

    async def page(query: str) -> dict[str, object]:
        answer = await app.client.get(f"{JOBS}?{query}", headers=who)
        assert answer.status == 200, await answer.text()
        return dict(await answer.json())

    seen: list[str] = []
    after = ""
    while True:
        found = await page(f"limit=2{after}")
        seen += [each["id"] for each in found["items"]]  # type: ignore[attr-defined]
        if found["next"] is None:
            break
        after = f"&before={found['next']}"
    assert len(seen) == len(set(seen)) == 3
    assert (await page("state=failed"))["items"] == []
    assert len((await page("state=waiting"))["items"]) == 3  # type: ignore[arg-type]

    (state,) = (await (await app.client.get("/api/forwarding/destinations", headers=who)).json())[
        "items"
    ]
    assert (state["ae_title"], state["waiting"], state["out_since"]) == ("ARCHIVE", 6, None)
    job = f"{JOBS}/{seen[0]}"
    again = await (await app.client.post(f"{job}/retry", headers=who)).json()
    assert (again["job"]["waiting"], again["troubles"]) == (2, [])
    assert (await app.client.delete(job, headers=who)).status == 204
    detail = await (await app.client.get(job, headers=who)).json()
    assert (detail["job"]["state"], detail["job"]["waiting"]) == ("done", 0)


async def test_a_study_is_sent_by_hand(app: RunningApp, device: str) -> None:
    who = await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)
    files = ct_series(2)
    for data in files:
        await app.receive(data)
    uid = str(dcmread(DicomBytesIO(files[0])).StudyInstanceUID)
    wanted = {"study_instance_uid": uid, "destination_id": device, "priority": "low"}
    answer = await app.client.post(JOBS, headers=who, json=wanted)
    assert answer.status == 200, await answer.text()
    job = (await answer.json())["job"]
    assert (job["study_instance_uid"], job["waiting"], job["priority"]) == (uid, 2, "low")
    nothing = await app.client.post(JOBS, headers=who, json={**wanted, "study_instance_uid": "1"})
    assert nothing.status == 404


async def test_what_waits_is_a_metric(app: RunningApp, device: str) -> None:
    who = await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)
    await app.client.post(ROUTES, headers=who, json={"destination_id": device})
    for data in ct_series(3):
        await app.receive(data)
    said = await (await app.client.get("/metrics", headers=who)).text()
    told = dict(line.split() for line in said.splitlines() if line.startswith("lianzhen_forward"))
    assert (told["lianzhen_forward_waiting_objects"], told["lianzhen_forward_failed_objects"]) == (
        "3.0", "0.0",
    )  # fmt: skip
    assert told["lianzhen_forward_destinations_out"] == "0.0"
    assert float(told["lianzhen_forward_oldest_seconds"]) > 0


async def test_another_community_sees_nothing(app: RunningApp, device: str) -> None:
    who = await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)
    await app.client.post(ROUTES, headers=who, json={"destination_id": device})
    for data in ct_series(1):
        await app.receive(data)
    assert await app.services.routes.list("elsewhere") == []
    jobs, _ = await app.services.forwards.jobs("elsewhere", state=None, limit=9, before=None)
    assert jobs == []
    assert await app.services.forwards.destinations("elsewhere") == []
