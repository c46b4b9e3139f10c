"""What the machine sees raises a request, and never lowers it."""

from itertools import product

import pytest

from server.ecg_records.models import RecordSeverity
from server.requests.models import Risk
from server.requests.schemas import RequestPatch
from tests.server.requests.conftest import READER, TECHNICIAN, Room

EXPECTED = {
    RecordSeverity.RED: "red",
    RecordSeverity.ORANGE: "orange",
    RecordSeverity.UNINTERPRETABLE: "uninterpretable",
    RecordSeverity.ROUTINE: "routine",
    RecordSeverity.NORMAL: "routine",
    # Damaged: nobody may take it for normal.
    None: "uninterpretable",
}


@pytest.mark.parametrize("severity", EXPECTED)
async def test_each_severity_has_its_risk(room: Room, severity: RecordSeverity | None) -> None:
    id_ = await room.request()
    await room.screened(id_, severity)
    request = await room.of(id_)
    assert request.risk == EXPECTED[severity]
    assert request.priority == Risk(request.risk).rank
    told = [] if request.risk == "routine" else ["request.changed"]
    rung = ["alarm.raised"] if request.risk == "red" else []
    assert await room.topics() == ["request.opened", *told, *rung]


async def test_it_is_never_lowered(room: Room) -> None:
    id_ = await room.request()
    highest = Risk.ROUTINE
    for severity in [each for pair in product(EXPECTED, EXPECTED) for each in pair][::-1]:
        await room.screened(id_, severity)
        highest = min(highest, Risk(EXPECTED[severity]), key=lambda risk: risk.rank)
        assert (await room.of(id_)).risk == highest
    assert highest is Risk.RED
    assert (await room.topics()).count("alarm.raised") == 1


async def test_risk_shortens_the_time_and_keeps_the_township_s_emergency(room: Room) -> None:
    id_ = await room.request()
    received = (await room.of(id_)).received_at
    await room.service.update(TECHNICIAN, id_, RequestPatch(emergency=True))
    await room.screened(id_, RecordSeverity.ROUTINE)
    request = await room.of(id_)
    assert (request.priority, (request.due_at - received).total_seconds()) == (1, 600)
    await room.screened(id_, RecordSeverity.RED)
    await room.service.update(TECHNICIAN, id_, RequestPatch(emergency=False))
    request = await room.of(id_)
    assert (request.priority, (request.due_at - received).total_seconds()) == (0, 600)


async def test_raising_it_is_audited_with_what_it_was(room: Room) -> None:
    id_ = await room.request()
    await room.screened(id_, RecordSeverity.ORANGE)
    await room.screened(id_, RecordSeverity.RED)
    raised = [act for act in await room.audited() if act.action == "request.raise-risk"]
    assert [act.detail for act in raised] == [
        '{"from":"routine","to":"orange"}', '{"from":"orange","to":"red"}',
    ]  # fmt: skip


async def test_what_somebody_holds_already_does_not_ring(room: Room) -> None:
    id_ = await room.request()
    await room.service.claim(READER, id_)
    await room.service.open(READER, id_)
    await room.screened(id_, RecordSeverity.RED)
    assert "alarm.raised" not in await room.topics()
    shown = await room.shown(id_)
    assert (shown.risk, shown.ringing) == ("red", False)
