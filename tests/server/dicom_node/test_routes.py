"""Devices over HTTP: registered, changed and shown by those who administer the community."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from server.dicom_node.allow_list import Caller
from server.identity.institutions import NewInstitution
from server.identity.models import Level, Role
from tests.dicom.dimse.acceptors import storescp
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.fakes import ManualClock


@pytest.fixture
async def app(tmp_path: Path, database_url: str, clock: ManualClock) -> AsyncIterator[RunningApp]:
    async with running_app(settings_for(tmp_path, database_url), clock=clock) as running:
        yield running


@pytest.fixture
async def admin(app: RunningApp) -> Mapping[str, str]:
    return await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)


async def ask(
    app: RunningApp, who: Mapping[str, str], method: str, path: str, body: object = None
) -> tuple[int, Any]:
    answer = await app.client.request(method, f"/api/devices{path}", headers=who, json=body)
    return answer.status, await answer.json() if answer.status != 204 else None


async def test_what_is_registered_is_shown_without_its_passcode(
    app: RunningApp, admin: Mapping[str, str]
) -> None:
    body = {
        "ae_title": "CT1", "institution": "township1", "networks": ["10.0.0.0/8"],
        "certificates_sha256": ["AB" * 32], "username": "ct1", "passcode": "a long passcode",
        "objects_per_minute": 60, "address": {"host": "10.0.0.7", "port": 104}, "may_query": True,
    }  # fmt: skip
    status, made = await ask(app, admin, "POST", "", body)
    assert status == 201
    assert made["institution_id"] == app.institutions["township1"]
    assert (made["certificates_sha256"], made["has_passcode"]) == (["ab" * 32], True)
    status, listed = await ask(app, admin, "GET", "")
    assert (status, listed["items"]) == (200, [made])
    assert "a long passcode" not in str(listed)
    assert "argon2" not in str(listed)


async def test_a_change_leaves_what_it_does_not_name(
    app: RunningApp, admin: Mapping[str, str]
) -> None:
    body = {"ae_title": "CT1", "institution": "township1", "networks": ["10.0.0.0/8"]}
    _, made = await ask(app, admin, "POST", "", {**body, "username": "ct1"})
    path = f"/{made['id']}"
    assert await ask(app, admin, "PATCH", path, {"networks": [], "bytes_per_hour": 10}) == (
        204, None,
    )  # fmt: skip
    _, listed = await ask(app, admin, "GET", "")
    changed = {**made, "networks": [], "bytes_per_hour": 10}
    assert listed["items"] == [changed]
    caller = Caller("CT1", "192.168.1.1", None, uses_tls=False)
    assert await app.services.devices.recognise(caller) is not None
    assert (await ask(app, admin, "PATCH", path, {"is_enabled": False}))[0] == 204
    _, listed = await ask(app, admin, "GET", "")
    assert listed["items"][0]["disabled_at"] is not None


async def test_bad_devices_are_refused_with_a_word(
    app: RunningApp, admin: Mapping[str, str]
) -> None:
    good = {"ae_title": "CT1", "institution": "township1"}
    assert (await ask(app, admin, "POST", "", good))[0] == 201
    for bad, status in (
        ({**good, "ae_title": "A\\B"}, 400),
        ({**good, "networks": ["nowhere"]}, 400),
        ({**good, "certificates_sha256": ["12"]}, 400),
        ({**good, "passcode": "long enough"}, 400),
        ({**good, "objects_per_minute": -1}, 400),
        ({**good, "objects_per_minute": 2**40}, 400),
        ({**good, "description": "x" * 300}, 400),
        ({**good, "certificate_subject": "commonName=\x1b"}, 400),
        ({**good, "address": {"host": "http://x", "port": 104}}, 400),
        ({**good, "institution": "nowhere"}, 404),
        (good, 409),
    ):
        answered, problem = await ask(app, admin, "POST", "", bad)
        assert (answered, bool(problem["code"])) == (status, True), bad
    (device,) = (await ask(app, admin, "GET", ""))[1]["items"]
    path = f"/{device['id']}"
    assert (await ask(app, admin, "PATCH", path, {}))[0] == 400
    assert (await ask(app, admin, "PATCH", path, {"objects_per_minute": 2**40}))[0] == 400


async def test_another_community_s_devices_are_neither_shown_nor_changed(
    app: RunningApp, admin: Mapping[str, str]
) -> None:
    await app.services.institutions.create(
        NewInstitution("elsewhere", "hospital", "医院", "Hospital", Level.COUNTY)
    )
    elsewhere = await app.services.institutions.get("elsewhere", "hospital")
    body = {"ae_title": "CT1", "institution": "township1"}
    _, made = await ask(app, admin, "POST", "", body)
    app.institutions["elsewhere"] = elsewhere.id
    stranger = await app.token("stranger", "elsewhere", Role.SYSTEM_ADMINISTRATOR)
    _, theirs = await ask(app, stranger, "GET", "")
    assert theirs["items"] == []
    assert [each["code"] for each in theirs["institutions"]] == ["hospital"]
    assert (await ask(app, stranger, "POST", "", body))[0] == 404
    path = f"/{made['id']}"
    assert (await ask(app, stranger, "PATCH", path, {"is_enabled": False}))[0] == 404
    _, listed = await ask(app, admin, "GET", "")
    assert listed["items"] == [made]
    for trial in ("echo", "sample"):
        assert (await ask(app, stranger, "POST", f"{path}/{trial}"))[0] == 404


async def test_the_page_says_what_a_device_has_to_be_told(
    app: RunningApp, admin: Mapping[str, str]
) -> None:
    _, listed = await ask(app, admin, "GET", "")
    dicom = app.services.settings.dicom
    assert listed["node"] == {
        "ae_title": dicom.ae_title, "port": dicom.port, "tls_port": dicom.tls_port,
    }  # fmt: skip
    assert {each["code"] for each in listed["institutions"]} >= {"county", "township1"}


async def test_a_device_is_echoed_and_sent_a_test_image(
    app: RunningApp, admin: Mapping[str, str], clock: ManualClock, tmp_path: Path
) -> None:
    received = tmp_path / "received"
    received.mkdir()
    async with storescp(received) as port:
        body = {
            "ae_title": "STORESCP", "institution": "township1",
            "address": {"host": "127.0.0.1", "port": port},
        }  # fmt: skip
        _, made = await ask(app, admin, "POST", "", body)
        path = f"/{made['id']}"
        status, echoed = await ask(app, admin, "POST", f"{path}/echo")
        assert (status, echoed["outcome"], echoed["detail"]) == (200, "answered", "")
        assert (await ask(app, admin, "POST", f"{path}/echo"))[0] == 429
        clock.advance(seconds=3)
        status, sent = await ask(app, admin, "POST", f"{path}/sample")
        assert (status, sent["outcome"]) == (200, "answered")
        (file,) = received.iterdir()
        image = dcmread(file)
        assert image.PatientID == "LIANZHEN-TEST"
        assert image.pixel_array.max() == 255
    clock.advance(seconds=3)
    _, gone = await ask(app, admin, "POST", f"{path}/echo")
    assert gone["outcome"] == "unreachable"
    assert (await ask(app, admin, "POST", f"{path}/other"))[0] == 404


async def test_a_device_without_an_address_cannot_be_tried(
    app: RunningApp, admin: Mapping[str, str]
) -> None:
    _, made = await ask(app, admin, "POST", "", {"ae_title": "CT1", "institution": "township1"})
    status, problem = await ask(app, admin, "POST", f"/{made['id']}/echo")
    assert (status, problem["code"]) == (409, "no-address")
    change = {"address": {"host": "127.0.0.1", "port": 9}}
    assert (await ask(app, admin, "PATCH", f"/{made['id']}", change))[0] == 204
    _, tried = await ask(app, admin, "POST", f"/{made['id']}/echo")
    assert tried["outcome"] == "unreachable"
