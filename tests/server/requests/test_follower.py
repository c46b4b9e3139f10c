"""What an arrival opens, in its own transaction."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from server.ecg_records.models import RecordSeverity
from server.requests.models import (
    DiagnosisRequest,
    RequestEvent,
    RequestKind,
    RequestTransition,
    ReturnReason,
    Risk,
)
from server.requests.urgency import due_at, priority_of
from tests.server.requests.conftest import READER, Room
from tests.support.dicom_files import ct_series, ecg_bytes
from tests.support.senders import COUNTY, TOWNSHIP

STUDY = "1.2.3.4"
T = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


async def test_an_ecg_opens_a_request_of_its_township_s_county(room: Room) -> None:
    await room.receive(ecg_bytes())
    (request,) = await room.requests()
    assert (request.kind, request.status, request.risk) == ("ecg", "requested", "routine")
    assert request.requesting_institution_id == TOWNSHIP
    assert request.diagnosing_institution_id == COUNTY
    assert request.due_at == request.received_at + timedelta(minutes=30)
    (step,) = await room.steps(request.id)
    assert (step.number, step.event, step.from_status, step.to_status) == (
        1, "submit", "draft", "requested",
    )  # fmt: skip
    assert (step.actor_kind, step.institution_id) == ("device", TOWNSHIP)
    assert await room.topics() == ["request.opened"]
    assert [act.action for act in await room.audited()] == ["request.submit"]


async def test_a_study_has_one_request_however_much_of_it_comes(room: Room) -> None:
    for each in ct_series(3):
        await room.receive(each)
    (request,) = await room.requests()
    assert (request.kind, request.modality) == ("imaging", "CT")
    assert request.due_at == request.received_at + timedelta(hours=4)
    assert await room.topics() == ["request.opened"]


async def test_a_study_without_a_request_gets_one_when_more_of_it_comes(room: Room) -> None:
    first, second = ct_series(2)
    await room.receive(first)
    async with room.database.unit_of_work() as uow:
        await uow.session.execute(delete(RequestTransition))
        await uow.session.execute(delete(DiagnosisRequest))
        await uow.commit()
    await room.receive(second, COUNTY)
    (request,) = await room.requests()
    assert request.requesting_institution_id == TOWNSHIP


@pytest.mark.parametrize(
    ("kind", "modality", "routine_min", "urgent_min"),
    [
        (RequestKind.ECG, "ECG", 30, 10),
        (RequestKind.IMAGING, "CT", 240, 60),
        (RequestKind.IMAGING, "MR", 240, 60),
        (RequestKind.IMAGING, "DX", 60, 30),
        (RequestKind.IMAGING, None, 60, 30),
    ],
)
def test_time_allowed(
    kind: RequestKind, modality: str | None, routine_min: int, urgent_min: int
) -> None:
    def due(risk: Risk, *, emergency: bool) -> datetime:
        return due_at(
            kind, modality, risk=risk, emergency=emergency, acquired_at=None, received_at=T
        )

    assert due(Risk.ORANGE, emergency=False) == T + timedelta(minutes=routine_min)
    assert due(Risk.RED, emergency=False) == T + timedelta(minutes=urgent_min)
    assert due(Risk.ROUTINE, emergency=True) == T + timedelta(minutes=urgent_min)


@pytest.mark.parametrize(
    ("acquired_at", "starts_at"),
    [
        (T - timedelta(minutes=5), T - timedelta(minutes=5)),
        (T - timedelta(hours=24), T - timedelta(hours=24)),
        (T - timedelta(days=30), T),
        (T + timedelta(hours=2), T),
        (None, T),
    ],
)
def test_the_clock_starts_at_a_plausible_acquisition(
    acquired_at: datetime | None, starts_at: datetime
) -> None:
    due = due_at(
        RequestKind.ECG,
        None,
        risk=Risk.ROUTINE,
        emergency=False,
        acquired_at=acquired_at,
        received_at=T,
    )
    assert due == starts_at + timedelta(minutes=30)


def test_an_emergency_is_at_least_orange_and_never_less_than_it_was() -> None:
    assert [priority_of(risk, emergency=False) for risk in Risk] == [0, 1, 2, 3]
    assert [priority_of(risk, emergency=True) for risk in Risk] == [0, 1, 1, 1]


async def test_a_retake_puts_a_returned_request_back_in_line_and_rings(room: Room) -> None:
    id_ = await room.request(ecg_bytes(StudyInstanceUID=STUDY))
    await room.service.claim(READER, id_)
    await room.service.send_back(READER, id_, ReturnReason.POOR_QUALITY, None)
    await room.receive(ecg_bytes(StudyInstanceUID=STUDY))
    request, step = await room.of(id_), (await room.steps(id_))[-1]
    assert (request.status, request.return_reason) == ("requested", None)
    assert (step.event, step.actor_kind) == ("resume", "system")
    assert [act.action for act in await room.audited()][-1] == "request.resume"
    assert (await room.topics())[-1] == "request.changed"
    await room.screened(id_, RecordSeverity.RED)
    assert await room.ids(ringing=True) == [id_]


async def test_more_of_a_reported_study_recalls_it_and_a_red_one_rings(room: Room) -> None:
    id_ = await room.request(ecg_bytes(StudyInstanceUID=STUDY))
    await complete(room, id_)
    await room.receive(ecg_bytes(StudyInstanceUID=STUDY))
    request = await room.of(id_)
    assert (request.status, request.claimed_by, request.closed_at) == ("requested", None, None)
    await room.screened(id_, RecordSeverity.RED)
    assert (await room.topics())[-1] == "alarm.raised"
    # And one that was signed before the machine had spoken.
    await complete(room, id_)
    await room.screened(id_, RecordSeverity.RED)
    assert (await room.topics())[-1] == "alarm.raised"
    assert await room.ids(ringing=True) == [id_]


async def complete(room: Room, id_: str) -> None:
    async with room.database.unit_of_work() as uow:
        for event in (RequestEvent.CLAIM, RequestEvent.START, RequestEvent.COMPLETE):
            await room.service.advance(uow, await room.service.hold(uow, id_), event, READER)
        await uow.commit()
