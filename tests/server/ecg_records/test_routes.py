"""The ECG routes over HTTP: what is within reach, in which form."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler

from ecg import EcgSignal, read
from ecg.formats.sniff import Format
from server.core.http import add_routes, errors_become_problems, set_security_headers
from server.ecg_records.routes import SUFFIXES, ecg_routes
from server.ecg_records.waveform import GAP, packed
from server.identity.public import ACTOR, Actor, ActorKind, Role
from server.intake.public import Accepted, Verdict
from tests.server.ecg_records.conftest import Room
from tests.support.dicom_files import ecg_bytes, sample
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import COUNTY, ORG, OTHER_TOWNSHIP, TOWNSHIP, device

ECG_FILES = Path(__file__).resolve().parents[2] / "data" / "ecg"
SCP = ECG_FILES / "scp" / "anon000007.scp"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(room: Room, ids: CountingIds) -> AsyncIterator[Client]:
    """Whoever names an institution in a header reads for it: identity's door has its own tests."""

    @web.middleware
    async def as_named(request: web.Request, handler: Handler) -> web.StreamResponse:
        institution = request.headers.get("X-Institution", TOWNSHIP)
        request[ACTOR] = Actor(
            kind=ActorKind.PERSON,
            id=f"reader-{institution}",
            org=ORG,
            institution_id=institution,
            roles=frozenset({Role.COUNTY_READER}),
            source="127.0.0.1",
        )
        return await handler(request)

    app = web.Application(middlewares=[errors_become_problems(ids), as_named])
    add_routes(app, ecg_routes(room.service, room.reception))
    app.on_response_prepare.append(set_security_headers(hsts=False))
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def test_an_ecg_is_listed_with_patient_and_screening(client: Client, room: Room) -> None:
    await room.receive(sample("waveform_ecg.dcm").read_bytes())
    (record,) = await room.records()
    (pending,) = (await (await client.get("/api/ecgs")).json())["items"]
    assert (pending["status"], pending["severity"], pending["findings"]) == ("pending", None, [])
    await room.screener.screen(record.id)
    body = await (await client.get("/api/ecgs")).json()
    (item,) = body["items"]
    assert body["next"] is None
    assert set(item) == {
        "id", "study_instance_uid", "sop_instance_uid", "patient", "acquired_at", "received_at",
        "institution", "status", "severity", "heart_rate_bpm", "findings",
    }  # fmt: skip
    assert item["institution"] == {
        "id": TOWNSHIP, "name_zh": "马渡镇卫生院", "name_en": "Madu Township Hospital",
    }  # fmt: skip
    assert set(item["patient"]) == {"name", "patient_id", "sex", "birth_date", "age_years"}
    assert item["status"] == "screened"
    assert item["severity"] in {"red", "orange", "uninterpretable", "routine", "normal"}
    assert set(item["findings"][0]) == {"code", "text_zh", "text_en", "severity"}


async def test_pages_neither_skip_nor_repeat(
    client: Client, room: Room, clock: ManualClock
) -> None:
    for number in range(5):
        await room.receive(ecg_bytes())
        if number % 2:
            clock.advance(60)
    wanted = [
        record.id
        for record in sorted(
            await room.records(), key=lambda each: (each.received_at, each.id), reverse=True
        )
    ]
    seen, query = [], {"limit": "2"}
    while True:
        body = await (await client.get("/api/ecgs", params=query)).json()
        seen += [item["id"] for item in body["items"]]
        if body["next"] is None:
            break
        query["before"] = body["next"]
    assert seen == wanted


async def test_the_detail_holds_the_screening_its_label_and_is_recorded_as_read(
    client: Client, room: Room
) -> None:
    await room.receive(sample("waveform_ecg.dcm").read_bytes())
    (record,) = await room.records()
    await room.screener.screen(record.id)
    body = await (await client.get(f"/api/ecgs/{record.id}")).json()
    assert body["screening"] == json.loads(json.dumps((await room.records())[0].screening))
    assert body["failure"] is None
    assert body["notice_zh"] == "机器分析提示（仅供参考，未注册）"
    assert room.reads.seen == [(f"reader-{TOWNSHIP}", record.study_pk)]


async def test_a_failure_is_told_with_its_reason(client: Client, room: Room) -> None:
    await room.receive(ecg_bytes(WaveformSequence=[]))
    (record,) = await room.records()
    await room.screener.screen(record.id)
    body = await (await client.get(f"/api/ecgs/{record.id}")).json()
    assert (body["status"], body["screening"]) == ("failed", None)
    assert body["failure"]
    response = await client.get(f"/api/ecgs/{record.id}/paper.svg")
    assert response.status == 400
    assert (await response.json())["code"] == "unreadable-ecg"


async def test_another_institutions_ecg_is_not_there(client: Client, room: Room) -> None:
    await room.receive(ecg_bytes())
    (record,) = await room.records()
    stranger = {"X-Institution": OTHER_TOWNSHIP}
    assert (await (await client.get("/api/ecgs", headers=stranger)).json())["items"] == []
    for form in ("", "/paper.svg", "/waveform", "/original"):
        path = f"/api/ecgs/{record.id}{form}"
        response = await client.get(path, headers=stranger)
        assert (response.status, (await response.json())["code"]) == (404, "not-found")
    assert room.reads.seen == []
    county = {"X-Institution": COUNTY}
    assert (await client.get(f"/api/ecgs/{record.id}", headers=county)).status == 200


@pytest.mark.parametrize("layout", ["3x4", "6x2", "12x1"])
async def test_paper_comes_in_each_layout(client: Client, room: Room, layout: str) -> None:
    await room.receive(sample("waveform_ecg.dcm").read_bytes())
    (record,) = await room.records()
    query = {"layout": layout, "speed": "50", "gain": "20"}
    response = await client.get(f"/api/ecgs/{record.id}/paper.svg", params=query)
    assert response.status == 200
    assert response.content_type == "image/svg+xml"
    assert response.headers["Cache-Control"].startswith("private")
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert ET.fromstring(await response.text()).tag.endswith("svg")  # noqa: S314 -- our own drawing
    assert room.reads.seen == [(f"reader-{TOWNSHIP}", record.study_pk)]


async def test_paper_is_what_is_shown_from_any_second_with_its_filter(
    client: Client, room: Room
) -> None:
    await room.receive(sample("waveform_ecg.dcm").read_bytes())
    (record,) = await room.records()
    query = {"speed": "12.5", "start_s": "4", "display_filter": "low-35"}
    response = await client.get(f"/api/ecgs/{record.id}/paper.svg", params=query)
    assert response.status == 200
    svg = await response.text()
    for words in ("12.5 mm/s", "第 4–10 秒", "显示滤波 低通 35 Hz"):
        assert words in svg
    beyond = await client.get(f"/api/ecgs/{record.id}/paper.svg", params={"start_s": "10"})
    assert (beyond.status, (await beyond.json())["code"]) == (400, "unreadable-ecg")


@pytest.mark.parametrize(
    "query",
    [
        "layout=2x2",
        "speed=0",
        "gain=7",
        "speed=fast",
        "speed=25&speed=50",
        "speed=²",
        "start_s=-1",
        "start_s=soon",
        "display_filter=low-36",
    ],
)
async def test_paper_that_does_not_exist_is_refused(client: Client, room: Room, query: str) -> None:
    await room.receive(ecg_bytes())
    (record,) = await room.records()
    response = await client.get(f"/api/ecgs/{record.id}/paper.svg?{query}")
    assert (response.status, (await response.json())["code"]) == (400, "invalid-input")


async def test_the_waveform_holds_every_sample_to_half_a_step(client: Client, room: Room) -> None:
    await room.receive(sample("waveform_ecg.dcm").read_bytes())
    (record,) = await room.records()
    body = await (await client.get(f"/api/ecgs/{record.id}/waveform")).json()
    signal = read(sample("waveform_ecg.dcm"))
    assert (body["fs_hz"], body["leads"]) == (signal.fs_hz, list(signal.leads))
    assert (body["start_s"], body["duration_s"]) == (0.0, signal.duration_s)
    steps = np.frombuffer(base64.b64decode(body["samples"]), "<i2")
    steps = steps.reshape(len(body["leads"]), -1)
    error_uv = np.abs(steps * body["uv_per_unit"] - signal.samples_uv)
    assert error_uv.max() <= 0.5 * body["uv_per_unit"] + 1e-9
    assert body["filters"] == {"low_cut_hz": 0.05, "high_cut_hz": 300.0, "notch_hz": None}
    assert body["device"] == "Mortara Instrument, Inc. el250"
    assert body["device_statements"] == ["RITMO SINUSALE", "ECG NORMALE"]
    assert room.reads.seen == [(f"reader-{TOWNSHIP}", record.study_pk)]


@pytest.mark.parametrize(
    ("arrived", "suffix", "media_type"),
    [
        (SCP.read_bytes(), "scp", "application/octet-stream"),
        ((ECG_FILES / "fda_minimum_aecg.xml").read_bytes(), "xml", "application/octet-stream"),
        (sample("waveform_ecg.dcm").read_bytes(), "dcm", "application/dicom"),
    ],
    ids=["scp", "aecg", "dicom"],
)
async def test_the_original_is_what_was_sent_from_spool_and_from_store(
    client: Client, room: Room, arrived: bytes, suffix: str, media_type: str
) -> None:
    incoming = room.intake.intake.begin(device(), accepted=Accepted.ECG)
    incoming.write(arrived)
    assert (await incoming.finish()).verdict is Verdict.STORED
    (record,) = await room.records()
    for _ in range(2):
        response = await client.get(f"/api/ecgs/{record.id}/original")
        assert response.status == 200
        assert await response.read() == arrived
        assert response.content_type == media_type
        assert response.content_length == len(arrived)
        assert response.headers["Content-Disposition"] == (
            f'attachment; filename="{record.id}.{suffix}"'
        )
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        await room.intake.drain.drain_once()
    assert set(room.reads.seen) == {(f"reader-{TOWNSHIP}", record.study_pk)}


async def test_an_original_that_is_not_at_hand_is_a_problem_and_no_empty_file(
    client: Client, room: Room, tmp_path: Path
) -> None:
    await room.receive(sample("waveform_ecg.dcm").read_bytes())
    (record,) = await room.records()
    for path in (tmp_path / "spool").rglob("*"):
        if path.is_file() and path.stat().st_size > 1000:
            path.unlink()
    response = await client.get(f"/api/ecgs/{record.id}/original")
    assert (response.status, (await response.json())["code"]) == (503, "bytes-missing")
    assert "Content-Disposition" not in response.headers


def test_every_format_that_is_read_has_a_suffix_to_be_saved_under() -> None:
    assert set(SUFFIXES) == set(Format)


async def test_a_waveform_is_given_from_any_second_that_was_recorded(
    client: Client, room: Room
) -> None:
    await room.receive(sample("waveform_ecg.dcm").read_bytes())
    (record,) = await room.records()
    whole, rest = [
        await (await client.get(f"/api/ecgs/{record.id}/waveform?start_s={start_s}")).json()
        for start_s in (0, 9)
    ]
    whole_steps, rest_steps = (
        np.frombuffer(base64.b64decode(each["samples"]), "<i2").reshape(12, -1)
        for each in (whole, rest)
    )
    assert rest["start_s"] == 9.0
    assert rest_steps.shape == (12, 1000)
    assert np.allclose(
        whole_steps[:, 9000:] * whole["uv_per_unit"], rest_steps * rest["uv_per_unit"], atol=0.5
    )
    for query in ("start_s=10", "start_s=-1", "start_s=soon"):
        response = await client.get(f"/api/ecgs/{record.id}/waveform?{query}")
        assert response.status == 400


def test_a_gap_is_marked_and_a_long_recording_is_cut_at_a_minute() -> None:
    samples_uv = np.full((2, 500 * 90), 40_000.0)
    samples_uv[1, 10:20] = np.nan
    found = packed(EcgSignal(samples_uv, 500.0, ("I", "II")), 0.0)
    steps = np.frombuffer(base64.b64decode(found["samples"]), "<i2").reshape(2, -1)
    assert steps.shape == (2, 500 * 60)
    assert (steps == GAP).nonzero()[1].tolist() == list(range(10, 20))
    assert found["uv_per_unit"] * steps[0, 0] == pytest.approx(40_000.0)
    nothing = packed(EcgSignal(np.full((1, 600), np.nan), 500.0, ("I",)), 0.0)
    assert set(np.frombuffer(base64.b64decode(nothing["samples"]), "<i2").tolist()) == {GAP}


async def test_the_previous_ecg_of_the_patient_comes_with_what_changed(
    client: Client, room: Room, clock: ManualClock
) -> None:
    for day in ("20260101", "20260301", "20260201"):
        await room.receive(ecg_bytes(AcquisitionDateTime=f"{day}080000"))
        clock.advance(60)
    await room.receive(ecg_bytes(PatientID="another", AcquisitionDateTime="20260115080000"))
    records = await room.records()
    url = "/api/ecgs/{}/previous".format
    before = await (await client.get(url(records[1].id))).json()
    assert before["previous"]["id"] == records[2].id
    assert (before["comparison"], before["median"]) == (None, None)
    for record in records:
        await room.screener.screen(record.id)
    room.reads.seen.clear()
    found = await (await client.get(url(records[1].id))).json()
    assert {study for _, study in room.reads.seen} == {records[1].study_pk, records[2].study_pk}
    assert found["comparison"]["comparable"] is True
    assert found["comparison"]["changes"] == []
    assert {each["by"] for each in found["comparison"]["differences"]} == {0.0}
    assert "仅供参考" in found["notice_zh"]
    median = found["median"]
    lengths = {len(trace) for trace in median["traces_mv"].values()}
    assert len(lengths) == 1
    assert 0 < median["r"] < lengths.pop()
    assert {"I", "II", "V1", "V6"} <= set(median["traces_mv"])
    for first in (records[0], records[3]):
        nothing = await (await client.get(url(first.id))).json()
        assert (nothing["previous"], nothing["comparison"]) == (None, None)
    hidden = await client.get(url(records[1].id), headers={"X-Institution": OTHER_TOWNSHIP})
    assert hidden.status == 404
