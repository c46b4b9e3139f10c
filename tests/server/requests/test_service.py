"""Who may do what to a request, once, and what is written down of it."""

import pytest

from server.core.errors import Conflict, InvalidInput, LianzhenError, NotAllowed, NotFound
from server.ecg_records.models import RecordSeverity
from server.requests.models import RequestEvent, RequestStatus, ReturnReason
from server.requests.schemas import RequestPatch
from tests.server.requests.conftest import (
    READER,
    READER_ELSEWHERE,
    SECOND_READER,
    STRANGER,
    TECHNICIAN,
    Room,
    at_once,
)


async def test_two_readers_claim_at_once_and_one_has_it(room: Room) -> None:
    for _ in range(5):
        id_ = await room.request()
        ended = await at_once(
            room.service.claim(READER, id_), room.service.claim(SECOND_READER, id_)
        )
        refused = [error for error in ended if error is not None]
        assert [getattr(error, "code", error) for error in refused] == ["already-claimed"]
        request = await room.of(id_)
        winner = (READER, SECOND_READER)[ended.index(None)]
        assert (request.status, request.claimed_by) == ("received", winner.id)
        assert [step.event for step in await room.steps(id_)] == ["submit", "claim"]


async def test_who_holds_it_may_claim_it_again_and_nothing_happens(room: Room) -> None:
    id_ = await room.request()
    await room.service.claim(READER, id_)
    await room.service.open(READER, id_)
    await room.service.claim(READER, id_)
    assert (await room.of(id_)).status == "accepted"
    assert len(await room.steps(id_)) == 3


async def test_the_whole_way_is_written_down_audited_and_told(room: Room) -> None:
    id_ = await room.request()
    await room.service.claim(READER, id_)
    await room.service.release(READER, id_)
    await room.service.claim(SECOND_READER, id_)
    await room.service.open(SECOND_READER, id_)
    await room.service.open(SECOND_READER, id_)
    await room.service.send_back(SECOND_READER, id_, ReturnReason.LEAD_REVERSAL, " 左右手反接 ")
    await room.service.resume(TECHNICIAN, id_)
    steps = await room.steps(id_)
    assert [(step.number, step.event, step.to_status, step.actor_id) for step in steps[1:]] == [
        (2, "claim", "received", "reader"),
        (3, "release", "requested", "reader"),
        (4, "claim", "received", "second-reader"),
        (5, "accept", "accepted", "second-reader"),
        (6, "hold", "on-hold", "second-reader"),
        (7, "resume", "requested", "technician"),
    ]
    assert (steps[5].reason, steps[5].comment) == ("lead-reversal", "左右手反接")
    acts = await room.audited()
    assert [act.action.removeprefix("request.") for act in acts if act.actor_kind == "person"] == [
        "claim", "release", "claim", "accept", "hold", "resume",
    ]  # fmt: skip
    # What was said of the patient is in the request, and nowhere else.
    assert not any("左右手" in act.detail for act in acts)
    assert await room.topics() == ["request.opened", *["request.changed"] * 6]


async def test_returned_shows_why_until_it_was_done_again(room: Room) -> None:
    id_ = await room.request()
    await room.service.claim(READER, id_)
    await room.service.send_back(READER, id_, ReturnReason.OTHER, "请补充既往病史")
    shown = await room.shown(id_, TECHNICIAN)
    assert (shown.status, shown.return_reason, shown.return_comment) == (
        "on-hold", "other", "请补充既往病史",
    )  # fmt: skip
    assert (shown.claimed_by, shown.claimed_at) == (None, None)
    await room.service.resume(TECHNICIAN, id_)
    shown = await room.shown(id_, TECHNICIAN)
    assert (shown.status, shown.return_reason, shown.return_comment) == ("requested", None, None)


async def test_another_reason_needs_words(room: Room) -> None:
    id_ = await room.request()
    await room.service.claim(READER, id_)
    with pytest.raises(InvalidInput) as error:
        await room.service.send_back(READER, id_, ReturnReason.OTHER, "  ")
    assert error.value.code == "comment-missing"
    assert (await room.of(id_)).status == "received"


async def test_only_who_holds_it_may_open_release_or_return_it(room: Room) -> None:
    id_ = await room.request()
    acts = (
        lambda who: room.service.open(who, id_),
        lambda who: room.service.release(who, id_),
        lambda who: room.service.send_back(who, id_, ReturnReason.POOR_QUALITY, None),
    )
    for act in acts:
        with pytest.raises(Conflict) as nobodys:
            await act(READER)
        assert nobodys.value.code == "not-claimed"
    await room.service.claim(READER, id_)
    for act in acts:
        with pytest.raises(NotAllowed) as another_s:
            await act(SECOND_READER)
        assert another_s.value.code == "not-the-claimant"
    assert (await room.of(id_)).status == "received"


async def test_nobody_else_s_institution_finds_it(room: Room) -> None:
    id_ = await room.request()
    for refused in (
        room.service.claim(READER_ELSEWHERE, id_),
        room.service.resume(STRANGER, id_),
        room.service.update(STRANGER, id_, RequestPatch(emergency=True)),
        room.service.of(STRANGER, id_),
        room.worklist.one(STRANGER, id_),
        # The county reads it, and does not speak for the township.
        room.service.update(READER, id_, RequestPatch(emergency=True)),
        room.service.claim(READER, "0" * 32),
    ):
        with pytest.raises(NotFound):
            await refused
    assert await room.ids(STRANGER) == []
    assert len(await room.steps(id_)) == 1
    assert room.reads.seen == []


async def test_what_the_township_says_moves_its_place_and_its_time(room: Room) -> None:
    first, second = await room.request(), await room.request()
    assert await room.ids() == [first, second]
    due = (await room.of(second)).due_at
    await room.service.update(
        TECHNICIAN, second, RequestPatch(emergency=True, complaint=" 胸痛 2 小时 ")
    )
    shown = await room.shown(second)
    assert (shown.emergency, shown.complaint, shown.risk) == (True, "胸痛 2 小时", "routine")
    assert (due - shown.due_at).total_seconds() == 20 * 60
    assert await room.ids() == [second, first]
    await room.service.update(TECHNICIAN, second, RequestPatch(emergency=False))
    shown = await room.shown(second)
    assert (shown.emergency, shown.complaint, shown.due_at) == (False, "胸痛 2 小时", due)
    await room.service.update(TECHNICIAN, second, RequestPatch.model_validate({"complaint": None}))
    assert (await room.shown(second)).complaint is None


async def test_reports_move_it_in_their_own_transaction(room: Room) -> None:
    id_ = await room.request()
    await room.service.claim(READER, id_)
    ref = await room.service.of(READER, id_)
    assert (ref.status, ref.claimed_by, ref.kind) == (RequestStatus.RECEIVED, "reader", "ecg")

    async with room.database.unit_of_work() as uow:
        started = await room.service.advance(uow, ref, RequestEvent.START, READER)
        assert started.status is RequestStatus.IN_PROGRESS
        # No commit: nothing happened.
    assert (await room.of(id_)).status == "received"

    async with room.database.unit_of_work() as uow:
        await room.service.advance(uow, ref, RequestEvent.START, READER)
        await room.service.advance(uow, ref, RequestEvent.COMPLETE, READER, reason="signed")
        await uow.commit()
    request = await room.of(id_)
    assert (request.status, request.closed_at) == ("completed", room.clock.now())
    assert request.opened_at == room.clock.now()
    assert (await room.steps(id_))[-1].reason == "signed"

    # The reference is old, the table is asked of what is there now.
    async with room.database.unit_of_work() as uow:
        with pytest.raises(Conflict) as error:
            await room.service.advance(uow, ref, RequestEvent.START, READER)
    assert error.value.code == "request-state-conflict"

    async with room.database.unit_of_work() as uow:
        await room.service.advance(uow, ref, RequestEvent.REOPEN, READER, reason="amend")
        await uow.commit()
    request = await room.of(id_)
    assert (request.status, request.closed_at, request.claimed_by) == (
        "in-progress",
        None,
        "reader",
    )


async def test_a_closed_request_is_as_it_is(room: Room) -> None:
    id_ = await room.request()
    ref = await room.service.of(TECHNICIAN, id_)
    async with room.database.unit_of_work() as uow:
        await room.service.advance(uow, ref, RequestEvent.CANCEL, None, reason="sent twice")
        await uow.commit()
    refused: list[LianzhenError] = []
    for act in (
        room.service.claim(READER, id_),
        room.service.update(TECHNICIAN, id_, RequestPatch(emergency=True)),
        room.service.resume(TECHNICIAN, id_),
    ):
        with pytest.raises(Conflict) as error:
            await act
        refused.append(error.value)
    assert [error.code for error in refused] == [
        "request-state-conflict", "request-closed", "request-state-conflict",
    ]  # fmt: skip
    assert (await room.steps(id_))[-1].actor_kind == "system"


async def test_a_red_case_rings_until_somebody_answers_and_again_when_given_back(
    room: Room,
) -> None:
    id_ = await room.request()
    await room.screened(id_, RecordSeverity.RED)
    assert await room.topics() == ["request.opened", "request.changed", "alarm.raised"]
    assert (await room.shown(id_)).ringing
    await room.service.claim(READER, id_)
    assert (await room.topics())[3:] == ["request.changed", "alarm.answered"]
    assert not (await room.shown(id_)).ringing
    room.clock.advance(119)
    assert not (await room.shown(id_)).ringing
    room.clock.advance(1)
    assert (await room.shown(id_)).ringing
    await room.service.open(READER, id_)
    assert not (await room.shown(id_)).ringing
    room.clock.advance(600)
    assert not (await room.shown(id_)).ringing
    await room.service.release(READER, id_)
    assert (await room.topics())[5:] == ["request.changed"] * 2 + ["alarm.raised"]
    assert (await room.shown(id_)).ringing
