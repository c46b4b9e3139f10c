"""What an arrival opens, in its own transaction."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from server.requests.models import DiagnosisRequest, RequestKind, RequestTransition, Risk
from server.requests.urgency import due_at, priority_of
from tests.server.requests.conftest import Room
from tests.support.dicom_files import ct_series, ecg_bytes
from tests.support.senders import COUNTY, TOWNSHIP

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
