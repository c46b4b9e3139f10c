"""A wall clock that jumps two hours either way: what is under way goes on, and order is kept."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from server.audit.models import AuditEvent
from server.audit.verify import verify
from server.core.database import Database
from server.identity.models import Role
from server.intake.models import Location, StoredObject
from server.migrations.run import migrate
from tests.support.application import running_app, settings_for
from tests.support.dicom_files import ct_bytes, ct_series
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import create_institutions, running_intake, send

TWO_HOURS_S = 7_200.0


async def test_uploads_end_as_they_began_and_the_audit_keeps_their_order(
    tmp_path: Path, clock: ManualClock
) -> None:
    migrate(f"sqlite:///{tmp_path / 'lianzhen.db'}")
    ended = []
    async with running_app(settings_for(tmp_path), clock=clock) as app:
        who = await app.token("t1", "township1", Role.TOWNSHIP_TECHNICIAN)
        for data, back_s in zip(ct_series(4), (0, -TWO_HOURS_S, 2 * TWO_HOURS_S, 0), strict=True):
            tus = {**who, "Tus-Resumable": "1.0.0", "Upload-Length": str(len(data))}
            url = (await app.client.post("/api/uploads", headers=tus)).headers["Location"]
            clock.set_back(back_s)
            piece = {**tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
            answer = await app.client.patch(url, data=data, headers=piece)
            assert answer.headers["Upload-Outcome"] == "stored"
            ended.append(url.rpartition("/")[2])
        services = app.services
        async with services.database.reading() as session:
            rows = list(
                await session.scalars(
                    select(AuditEvent)
                    .where(AuditEvent.action == "upload.finish")
                    .order_by(AuditEvent.chain, AuditEvent.seq)
                )
            )
        assert [row.object_id for row in rows] == ended
        times = [row.at for row in rows]
        assert times != sorted(times), "the clock did not jump"
        key = services.settings.audit.key_file
        assert key is not None
        report = await verify(services.database, key.read_bytes(), services.settings.data_dir)
        assert report.findings == ()


@pytest.mark.parametrize("back_s", [TWO_HOURS_S, -TWO_HOURS_S])
async def test_senders_hold_up_the_drain_no_longer_for_a_clock_that_was_set(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds, back_s: float
) -> None:
    """Objects wait while others come, but seconds, and not until the clock is where it was."""
    await create_institutions(database, clock)
    async with running_intake(database, tmp_path, clock, ids) as parts:
        parts.drain._is_busy = lambda: True
        assert (await send(parts.intake, ct_bytes())).verdict.kept
        assert await parts.drain._may_wait()
        clock.set_back(back_s)
        assert not await parts.drain._may_wait()
        assert await parts.drain.drain_once() == 1
        async with database.reading() as session:
            stored = select(func.count()).where(StoredObject.location == Location.STORE)
            assert await session.scalar(stored) == 1
