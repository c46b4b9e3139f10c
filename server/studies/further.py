"""Further instances of known series, indexed without a look: what nearly every arrival is.

A process remembers the series it indexed. What it remembers may have changed in the database, so
each statement names what it takes for granted, and the batch is refused where that is not so.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, Update, bindparam, exists, insert, not_, update

from server.core.database import Statement
from server.core.ids import Ids
from server.intake.public import Arrival, Follower, Indexed
from server.studies.models import Instance, RejectedObject, Series, Study
from server.studies.rows import instance_row

_REMEMBERED: Final = 4096
_INSERT: Final = insert(Instance)
_SERIES: Final[Table] = Series.metadata.tables[Series.__tablename__]
_STUDIES: Final[Table] = Study.metadata.tables[Study.__tablename__]


@dataclass(frozen=True)
class _Place:
    study_pk: str
    series_pk: str
    owner: str
    charset_repairs: tuple[str, ...]


class MetSeries:
    """The series that this process indexed last."""

    def __init__(self) -> None:
        self._places: OrderedDict[tuple[str, str, str], _Place] = OrderedDict()

    def remember(self, indexed: Indexed, *, owner: str) -> None:
        """Remember where an instance was put; its commit may yet fail."""
        self._places[_key(indexed.arrival)] = _Place(
            indexed.study_pk,
            indexed.series_pk,
            owner,
            indexed.arrival.prepared.charset_repairs,
        )
        if len(self._places) > _REMEMBERED:
            self._places.popitem(last=False)

    def place(self, arrivals: Sequence[Arrival], ids: Ids) -> list[Indexed] | None:
        """Return where ``arrivals`` belong; None unless all are their owners' and as before."""
        indexed = []
        for arrival in arrivals:
            place = self._places.get(_key(arrival))
            if (
                place is None
                or place.owner != arrival.received.sender.institution_id
                or place.charset_repairs != arrival.prepared.charset_repairs
            ):
                return None
            indexed.append(Indexed(arrival, place.study_pk, place.series_pk, ids.new()))
        return indexed


class Counting:
    """Writes instances and counts them, where everything still is as it was remembered."""

    def __init__(self, followers: Sequence[Follower]) -> None:
        self._study = _counting(_STUDIES).where(
            _STUDIES.c.owner_institution_id == bindparam("owner"), _STUDIES.c.deleted_at.is_(None)
        )
        waiting = [
            condition
            for follower in followers
            if (condition := follower.waits_for(_SERIES.c.study_pk)) is not None
        ]
        self._series = _counting(_SERIES).where(
            _SERIES.c.study_pk == bindparam("study"),
            # Of what rejection notes name, and in what they emptied, another way must count.
            not_(
                exists().where(
                    _STUDIES.c.id == _SERIES.c.study_pk,
                    RejectedObject.org == _STUDIES.c.org,
                    RejectedObject.study_instance_uid == _STUDIES.c.study_instance_uid,
                )
            ),
            *(not_(condition) for condition in waiting),
        )

    def statements(self, indexed: Sequence[Indexed]) -> list[Statement]:
        """Return what indexes ``indexed``, all of which belong to the owner of their study."""
        series: dict[str, dict[str, Any]] = {}
        studies: dict[str, dict[str, Any]] = {}
        for each in indexed:
            received = each.arrival.received
            _count(series, each.series_pk, received.received_at, study=each.study_pk)
            _count(
                studies, each.study_pk, received.received_at, owner=received.sender.institution_id
            )
        # The studies first, in order, as `hold_studies`: what other rows say of them is asked
        # behind that.
        return [
            Statement(self._study, [studies[pk] for pk in sorted(studies)]),
            Statement(self._series, [series[pk] for pk in sorted(series)]),
            Statement(
                _INSERT,
                [instance_row(each.instance_pk, each.series_pk, each.arrival) for each in indexed],
            ),
        ]


def _counting(table: Table) -> Update:
    return (
        update(table)
        .where(table.c.id == bindparam("pk"))
        .values(
            instance_count=table.c.instance_count + bindparam("added"),
            last_received_at=bindparam("at", type_=table.c.last_received_at.type),
        )
    )


def _count(counts: dict[str, dict[str, Any]], pk: str, at: datetime, **named: str) -> None:
    row = counts.setdefault(pk, {"pk": pk, "added": 0, "at": at, **named})
    row["added"] += 1
    row["at"] = max(row["at"], at)


def _key(arrival: Arrival) -> tuple[str, str, str]:
    prepared = arrival.prepared
    org = arrival.received.sender.org
    return (org, prepared.study_instance_uid, prepared.series_instance_uid)
