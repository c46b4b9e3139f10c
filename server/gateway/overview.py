"""How the gateway is: for its page, and for the command beside it."""

from datetime import datetime
from typing import Final

from sqlalchemy import case, func, select

from server.core.database import Database
from server.gateway.faults import ADVICE, Fault
from server.gateway.models import Line, Outbound, OutboundState, Rank
from server.gateway.pace import UNLIMITED, Timetable
from server.gateway.schemas import AdviceOut, ObjectsOut, OverviewOut, RefusedOut, StudyOut
from server.intake.public import Quarantined, Spool

_MOST_REFUSED: Final = 100
_MOST_STUDIES: Final = 100


class Overview:
    """Reads what the rows say."""

    def __init__(
        self, *, database: Database, spool: Spool, timetable: Timetable, county_url: str
    ) -> None:
        self._database = database
        self._spool = spool
        self._timetable = timetable
        self._county_url = county_url

    async def read(self) -> OverviewOut:
        """Return how things stand."""
        waiting = Outbound.state == OutboundState.WAITING
        async with self._database.reading() as session:
            line = await session.scalar(select(Line))
            # What an index holds is summed; days offline are many rows.
            emergencies, count, size = (
                await session.execute(
                    select(
                        func.coalesce(
                            func.sum(case((Outbound.rank == Rank.EMERGENCY, 1), else_=0)), 0
                        ),
                        func.count(),
                        func.coalesce(func.sum(Outbound.size), 0),
                    ).where(waiting)
                )
            ).one()
            oldest = await session.scalar(
                select(Outbound.received_at).where(waiting).order_by(Outbound.number).limit(1)
            )
            found = await session.execute(
                select(Outbound.state, func.count())
                .where(Outbound.state != OutboundState.WAITING)
                .group_by(Outbound.state)
            )
            ended = {OutboundState(state): count for state, count in found}
            quarantined = await session.scalar(select(func.count()).select_from(Quarantined))
        limit = self._timetable.bytes_per_s()
        return OverviewOut(
            county_url=self._county_url,
            contacted_at=line.contacted_at if line else None,
            fault=advice_on(line.fault) if line and line.fault else None,
            fault_detail=line.fault_detail if line else None,
            fault_since=line.fault_since if line else None,
            bytes_per_s=line.bytes_per_s if line else None,
            limit_kbit_s=None if limit == UNLIMITED else round(limit / 125),
            sending=None,
            waiting_emergencies=int(emergencies),
            waiting=count,
            waiting_bytes=int(size),
            oldest_waiting_at=oldest,
            refused=ended.get(OutboundState.REFUSED, 0),
            confirmed=ended.get(OutboundState.CONFIRMED, 0),
            quarantined=quarantined or 0,
            free_bytes=self._spool.free_bytes,
            is_full=self._spool.is_short_of(0),
        )

    async def objects(self) -> ObjectsOut:
        """Return what is refused, object by object, and the latest studies, by name."""
        async with self._database.reading() as session:
            refused = list(
                await session.scalars(
                    select(Outbound)
                    .where(Outbound.state == OutboundState.REFUSED)
                    .order_by(Outbound.number.desc())
                    .limit(_MOST_REFUSED + 1)
                )
            )
            latest = (
                select(
                    Outbound.study_instance_uid,
                    func.max(Outbound.number).label("last"),
                    func.min(Outbound.rank).label("rank"),
                )
                .group_by(Outbound.study_instance_uid)
                .order_by(func.max(Outbound.number).desc())
                .limit(_MOST_STUDIES + 1)
                .subquery()
            )
            found = (
                await session.execute(
                    select(Outbound, latest.c.rank)
                    .join(latest, latest.c.last == Outbound.number)
                    .order_by(Outbound.number.desc())
                )
            ).all()
            counted = await session.execute(
                select(Outbound.study_instance_uid, Outbound.state, func.count())
                .where(
                    Outbound.study_instance_uid.in_([row.study_instance_uid for row, _ in found])
                )
                .group_by(Outbound.study_instance_uid, Outbound.state)
            )
        states: dict[str, dict[OutboundState, int]] = {}
        for uid, state, count in counted:
            states.setdefault(uid, {})[OutboundState(state)] = count
        return ObjectsOut(
            refused=[_refused(row) for row in refused[:_MOST_REFUSED]],
            studies=[
                _study(row, Rank(rank), states[row.study_instance_uid])
                for row, rank in found[:_MOST_STUDIES]
            ],
            more=len(refused) > _MOST_REFUSED or len(found) > _MOST_STUDIES,
        )


def advice_on(word: str) -> AdviceOut:
    """Return what to do about a fault, or about the county's reason not to keep an object."""
    fault = Fault(word) if word in set(Fault) else Fault.REFUSED
    advice = ADVICE[fault]
    return AdviceOut(fault=fault, zh=advice.zh, en=advice.en)


def _refused(row: Outbound) -> RefusedOut:
    return RefusedOut(
        number=row.number,
        received_at=row.received_at,
        patient_name=row.patient_name,
        patient_id=row.patient_id,
        modality=row.modality,
        source=row.source,
        size=row.size,
        answer=row.answer or "",
        answer_detail=row.answer_detail,
        advice=advice_on(row.answer or ""),
    )


def _study(row: Outbound, rank: Rank, states: dict[OutboundState, int]) -> StudyOut:
    return StudyOut(
        study_instance_uid=row.study_instance_uid,
        received_at=row.received_at,
        patient_name=row.patient_name,
        patient_id=row.patient_id,
        modality=row.modality,
        source=row.source,
        rank=rank,
        states=states,
    )


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago something was, in both languages."""
    if moment is None:
        return "从未 never"
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return "刚才 just now"
    if minutes < 120:
        return f"{minutes} 分钟前 min ago"
    return f"{minutes // 60} 小时前 h ago"
