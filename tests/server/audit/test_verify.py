"""Whatever is done to the audit behind our back is found."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from server.audit.chain import AuditRecord, row_hash
from server.audit.models import AuditAnchor, AuditChain, AuditEvent, Outcome
from server.audit.verify import Damage
from server.core.database import Base, UtcDateTime
from server.core.errors import Unavailable
from tests.server.audit.conftest import KEY, Audit

HARD = AuditRecord(
    action="test.hard",
    outcome=Outcome.FAILED,
    actor_kind="device",
    actor_id="AE\x00TITLE\udcff" + "长" * 100,
    org="demo",
    institution_id="i",
    source="10.0.0.1 \U0001f9ec",
    object_kind="study",
    object_id="1.2.3\x1b[2J",
    detail={
        "float": 0.1 + 0.2, "tiny": 5e-324, "huge": 1.7976931348623157e308, "whole": 1.0,
        "minus": -0.0, "int": 2**63 - 1, "text": "张三 é é \u2028 \"\\", "none": None,
        "deep": {"z": [1, {"a": True}], "a": []}, "": "empty", "1e22": 1e22,
    },
)  # fmt: skip


async def three_chains(audit: Audit) -> None:
    """Write rows of three processes, an anchor, more rows, another anchor."""
    node, worker = audit.another_trail(), audit.another_trail()
    for number in range(4):
        await audit.record(AuditRecord(f"a{number}", object_id=str(number)), HARD)
        await audit.record(AuditRecord(f"b{number}"), trail=node)
    await audit.record(AuditRecord("c"), trail=worker)
    await audit.anchors.write()
    audit.clock.advance(300)
    for number in range(3):
        await audit.record(AuditRecord(f"d{number}"))
    await audit.anchors.write()


async def do(audit: Audit, *statements: Any) -> None:
    """Change the database behind the audit's back."""
    async with audit.database.unit_of_work() as uow:
        for statement in statements:
            await uow.session.execute(statement)
        await uow.session.commit()


async def web_chain(audit: Audit) -> str:
    async with audit.database.reading() as session:
        found = await session.scalar(select(AuditChain.chain).where(AuditChain.chain.like("web-%")))
    assert found is not None
    return found


async def test_what_was_not_touched_is_intact(audit: Audit) -> None:
    assert (await audit.verify()).is_intact
    await three_chains(audit)
    report = await audit.verify()
    assert report.findings == ()
    assert (report.events, report.chains, report.anchors) == (16, 3, 2)


async def test_a_transaction_that_failed_leaves_no_gap(audit: Audit) -> None:
    await audit.record(AuditRecord("before"))
    async with audit.database.unit_of_work() as uow:
        audit.trail.record(uow, AuditRecord("never"))
        await uow.session.execute(text("CREATE TEMPORARY TABLE t (x INTEGER NOT NULL)"))
        await uow.session.rollback()
    await audit.record(AuditRecord("after"))
    report = await audit.verify()
    assert report.is_intact
    assert report.events == 2


def edits(table: Table, column: str) -> list[str]:
    """Return what somebody might write into a column, as SQL."""
    if isinstance(table.c[column].type, UtcDateTime):
        plausible = "'2026-11-21T02:00:00.000001+00:00'"
    elif column in {"seq", "last_seq"}:
        plausible = "77"
    elif column == "detail":
        plausible = "replace(detail, '}', ' }')"
    else:
        plausible = f"substr('0' || {column}, 1, 16)"
    return ["NULL", "'x'", "''", plausible]


@pytest.mark.parametrize("model", [AuditEvent, AuditChain, AuditAnchor])
async def test_an_edit_of_any_column_is_found(audit: Audit, model: type[Base]) -> None:
    await three_chains(audit)
    table = model.__table__
    assert isinstance(table, Table)
    chain = await web_chain(audit)
    # Row 4 has something in every column.
    row = {AuditEvent: (chain, 4), AuditChain: (chain,), AuditAnchor: (1,)}[model]
    key = dict(zip(table.primary_key.columns.keys(), row, strict=True))
    async with audit.database.reading() as session:
        before = [dict(found) for found in (await session.execute(select(table))).mappings()]
    for column in table.columns.keys():  # noqa: SIM118 -- a collection of columns, no mapping
        for value in edits(table, column):
            edit = update(table).filter_by(**key).values({column: text(value)})
            try:
                await do(audit, edit)
            except (DBAPIError, Unavailable):
                # The database itself refuses it, which serves as well.
                continue
            assert not (await audit.verify()).is_intact, f"{column} = {value}"
            await do(audit, delete(table), table.insert().values(before))
            assert (await audit.verify()).is_intact


@pytest.mark.parametrize("seq", range(1, 12))
async def test_a_deleted_row_is_found(audit: Audit, seq: int) -> None:
    await three_chains(audit)
    chain = await web_chain(audit)
    await do(audit, delete(AuditEvent).where(AuditEvent.chain == chain, AuditEvent.seq == seq))
    expected = Damage.MISSING if seq < 11 else Damage.CUT_OFF
    assert expected in await audit.damage()


async def test_a_deleted_row_with_later_ones_renumbered_is_found(audit: Audit) -> None:
    await three_chains(audit)
    chain = await web_chain(audit)
    await do(audit, delete(AuditEvent).where(AuditEvent.chain == chain, AuditEvent.seq == 5))
    for seq in range(6, 12):
        await do(
            audit,
            update(AuditEvent)
            .where(AuditEvent.chain == chain, AuditEvent.seq == seq)
            .values(seq=seq - 1),
        )
    assert {Damage.EDITED, Damage.UNLINKED, Damage.CUT_OFF} <= await audit.damage()


async def test_two_rows_swapped_are_found(audit: Audit) -> None:
    await three_chains(audit)
    chain = await web_chain(audit)
    place = update(AuditEvent).where(AuditEvent.chain == chain)
    await do(
        audit,
        place.where(AuditEvent.seq == 4).values(seq=1000),
        place.where(AuditEvent.seq == 7).values(seq=4),
        place.where(AuditEvent.seq == 1000).values(seq=7),
    )
    assert {Damage.EDITED, Damage.UNLINKED} <= await audit.damage()


async def test_a_row_moved_to_another_chain_is_found(audit: Audit) -> None:
    await three_chains(audit)
    chain = await web_chain(audit)
    await do(
        audit,
        update(AuditEvent)
        .where(AuditEvent.chain == chain, AuditEvent.seq == 11)
        .values(chain="made-up", seq=1),
    )
    assert {Damage.EDITED, Damage.CUT_OFF, Damage.HEAD_MISSING} <= await audit.damage()


async def cut_tail_with_its_head(audit: Audit, after: int, older_head: Any = None) -> None:
    """Do what somebody without the key can do best."""
    chain = await web_chain(audit)
    async with audit.database.reading() as session:
        last = await session.scalar(
            select(AuditEvent.hash).where(AuditEvent.chain == chain, AuditEvent.seq == after)
        )
    values = older_head or {"last_seq": after, "last_hash": last}
    await do(
        audit,
        delete(AuditEvent).where(AuditEvent.chain == chain, AuditEvent.seq > after),
        update(AuditChain).where(AuditChain.chain == chain).values(values),
    )


async def test_a_tail_cut_off_together_with_its_head_breaks_the_seal(audit: Audit) -> None:
    await audit.record(*[AuditRecord("a")] * 5)
    await cut_tail_with_its_head(audit, 3)
    assert await audit.damage() == {Damage.HEAD_EDITED}


async def test_a_tail_cut_off_with_an_older_sealed_head_is_found_by_the_anchor(
    audit: Audit,
) -> None:
    await audit.record(AuditRecord("a"))
    async with audit.database.reading() as session:
        row = (await session.scalars(select(AuditChain))).one()
        older = {c.key: getattr(row, c.key) for c in inspect(AuditChain).columns}
    await audit.record(AuditRecord("b"))
    await audit.anchors.write()
    await cut_tail_with_its_head(audit, 1, older)
    assert await audit.damage() == {Damage.CUT_OFF}
    await do(audit, delete(AuditAnchor))
    assert await audit.damage() == {Damage.CUT_OFF, Damage.ANCHOR_MISSING}


async def test_a_whole_chain_deleted_is_found_by_the_anchor(audit: Audit) -> None:
    await three_chains(audit)
    chain = await web_chain(audit)
    await do(
        audit,
        delete(AuditEvent).where(AuditEvent.chain == chain),
        delete(AuditChain).where(AuditChain.chain == chain),
    )
    assert await audit.damage() == {Damage.CUT_OFF}


async def test_a_forger_with_the_key_is_found_by_the_file(audit: Audit) -> None:
    await audit.record(AuditRecord("a"))
    await audit.anchors.write()
    async with audit.database.reading() as session:
        event = (await session.scalars(select(AuditEvent))).one()
        head = (await session.scalars(select(AuditChain))).one()
        anchor = (await session.scalars(select(AuditAnchor))).one()
    row = {c.key: getattr(event, c.key) for c in inspect(AuditEvent).columns} | {"action": "b"}
    forged = row_hash(KEY, row)
    top = {c.key: getattr(head, c.key) for c in inspect(AuditChain).columns} | {"last_hash": forged}
    bottom = {c.key: getattr(anchor, c.key) for c in inspect(AuditAnchor).columns}
    bottom["heads"] = anchor.heads.replace(event.hash, forged)
    await do(
        audit,
        update(AuditEvent).values(action="b", hash=forged),
        update(AuditChain).values(last_hash=forged, seal=row_hash(KEY, top)),
        update(AuditAnchor).values(heads=bottom["heads"], hash=row_hash(KEY, bottom)),
    )
    assert await audit.damage() == {Damage.ANCHOR_EDITED, Damage.EDITED}
    (audit.directory / "audit-anchors.jsonl").unlink()
    assert await audit.damage() == set()


async def test_findings_are_bounded(audit: Audit) -> None:
    await audit.record(*[AuditRecord("a")] * 300)
    await do(audit, update(AuditEvent).values(action="b"))
    report = await audit.verify()
    assert len(report.findings) == 100
    assert report.more_findings == 200


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=8,
)  # fmt: skip


async def test_any_detail_comes_back_with_its_hash(audit: Audit) -> None:
    drawn: list[dict[str, Any]] = []

    @settings(max_examples=60)
    @given(st.dictionaries(TEXT, JSON))
    def draw(detail: dict[str, Any]) -> None:
        drawn.append(detail)

    draw()
    await audit.record(*[AuditRecord("a", detail=detail) for detail in drawn])
    report = await audit.verify()
    assert report.is_intact
    assert report.events == len(drawn) >= 60


async def test_a_detail_that_is_no_json_is_refused_at_once(audit: Audit) -> None:
    async with audit.database.unit_of_work() as uow:
        with pytest.raises(TypeError):
            audit.trail.record(uow, AuditRecord("a", detail={"x": object()}))
