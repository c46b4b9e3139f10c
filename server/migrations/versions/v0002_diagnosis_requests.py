"""Diagnosis requests, and one for each study that came lately, before there were any."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from server.core.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT_ONCE: Final = 500
_MAX_DEPTH: Final = 16
# What is older was read by other means: an upgrade raises no alarm over history. Such a study gets
# its request when more of it comes.
_LATELY: Final = timedelta(hours=48)
_RANKS: Final = {"red": 0, "orange": 1, "uninterpretable": 2, "routine": 3}

_institutions = sa.table(
    "institutions", sa.column("id"), sa.column("parent_id"), sa.column("level")
)
_studies = sa.table(
    "studies",
    sa.column("id"),
    sa.column("org"),
    sa.column("owner_institution_id"),
    sa.column("received_at", UtcDateTime()),
)
_series = sa.table("series", sa.column("study_pk"), sa.column("modality"))
_ecgs = sa.table(
    "ecg_records",
    sa.column("study_pk"),
    sa.column("status"),
    sa.column("severity"),
    sa.column("acquired_at", UtcDateTime()),
)


def upgrade() -> None:
    """Go to this schema."""
    requests, transitions = _create_tables()
    _open_requests(requests, transitions)


def _create_tables() -> tuple[sa.Table, sa.Table]:
    requests = op.create_table(
        "diagnosis_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("study_pk", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=True),
        sa.Column("requesting_institution_id", sa.String(length=32), nullable=False),
        sa.Column("diagnosing_institution_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("transitions", sa.Integer(), nullable=False),
        sa.Column("risk", sa.String(length=16), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("complaint", sa.String(length=500), nullable=True),
        sa.Column("acquired_at", UtcDateTime(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_by", sa.String(length=32), nullable=True),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("return_reason", sa.String(length=32), nullable=True),
        sa.Column("return_comment", sa.String(length=500), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["claimed_by"], ["people.id"], name=op.f("fk_diagnosis_requests_claimed_by_people")
        ),
        sa.ForeignKeyConstraint(
            ["diagnosing_institution_id"],
            ["institutions.id"],
            name=op.f("fk_diagnosis_requests_diagnosing_institution_id_institutions"),
        ),
        sa.ForeignKeyConstraint(
            ["requesting_institution_id"],
            ["institutions.id"],
            name=op.f("fk_diagnosis_requests_requesting_institution_id_institutions"),
        ),
        sa.ForeignKeyConstraint(
            ["study_pk"], ["studies.id"], name=op.f("fk_diagnosis_requests_study_pk_studies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diagnosis_requests")),
        sa.UniqueConstraint("study_pk", name=op.f("uq_diagnosis_requests_study_pk")),
    )
    for side in ("diagnosing", "requesting"):
        op.create_index(
            f"ix_diagnosis_requests_{side}",
            "diagnosis_requests",
            [f"{side}_institution_id", "status", "priority", "due_at", "id"],
        )
    op.create_index(
        "ix_diagnosis_requests_org_closed", "diagnosis_requests", ["org", "closed_at", "id"]
    )
    transitions = op.create_table(
        "request_transitions",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("from_status", sa.String(length=16), nullable=False),
        sa.Column("to_status", sa.String(length=16), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=True),
        sa.Column("institution_id", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("comment", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["diagnosis_requests.id"],
            name=op.f("fk_request_transitions_request_id_diagnosis_requests"),
        ),
        sa.PrimaryKeyConstraint("request_id", "number", name=op.f("pk_request_transitions")),
    )
    return requests, transitions


def _open_requests(requests: sa.Table, transitions: sa.Table) -> None:
    """Open for every recent study the request that its arrival would open today."""
    bind = op.get_bind()
    newest = bind.scalar(sa.select(sa.func.max(_studies.c.received_at)))
    if newest is None:
        return
    counties = _counties(bind)
    last = ""
    while True:
        page = bind.execute(
            sa.select(_studies)
            .where(_studies.c.id > last, _studies.c.received_at >= newest - _LATELY)
            .order_by(_studies.c.id)
            .limit(_AT_ONCE)
        ).all()
        if not page:
            return
        last = page[-1].id
        ids = [study.id for study in page]
        modalities = {
            row.study_pk: row.modality
            for row in bind.execute(
                sa.select(_series).where(
                    _series.c.study_pk.in_(ids), _series.c.modality.is_not(None)
                )
            )
        }
        ecgs = _worst_ecgs(bind, ids)
        rows = [
            _request(
                study,
                ecgs.get(study.id),
                modalities.get(study.id),
                counties.get(study.owner_institution_id) or study.owner_institution_id,
            )
            for study in page
        ]
        bind.execute(sa.insert(requests), rows)
        bind.execute(
            sa.insert(transitions),
            [
                {
                    "request_id": row["id"],
                    "number": 1,
                    "at": row["received_at"],
                    "event": "submit",
                    "from_status": "draft",
                    "to_status": "requested",
                    "actor_kind": "system",
                }
                for row in rows
            ],
        )


def _request(
    study: sa.Row[Any],
    ecg: tuple[str, datetime | None] | None,
    modality: str | None,
    diagnosing: str,
) -> dict[str, Any]:
    risk, acquired_at = ecg if ecg is not None else ("routine", None)
    if ecg is not None:
        allowed = timedelta(minutes=10 if risk == "red" else 30)
    else:
        allowed = timedelta(minutes=240 if modality in {"CT", "MR"} else 60)
    start = study.received_at
    if acquired_at is not None and start - timedelta(hours=24) <= acquired_at < start:
        start = acquired_at
    return {
        "id": uuid.uuid4().hex,
        "org": study.org,
        "study_pk": study.id,
        "kind": "ecg" if ecg is not None else "imaging",
        "modality": modality,
        "requesting_institution_id": study.owner_institution_id,
        "diagnosing_institution_id": diagnosing,
        "status": "requested",
        "transitions": 1,
        "risk": risk,
        "emergency": False,
        "priority": _RANKS[risk],
        "acquired_at": acquired_at,
        "received_at": study.received_at,
        "due_at": start + allowed,
    }


def _worst_ecgs(
    bind: sa.Connection, study_pks: list[str]
) -> Mapping[str, tuple[str, datetime | None]]:
    """Return risk and time of acquisition of each study's worst ECG."""
    worst: dict[str, tuple[str, datetime | None]] = {}
    for row in bind.execute(sa.select(_ecgs).where(_ecgs.c.study_pk.in_(study_pks))):
        risk = row.severity if row.severity in _RANKS else "routine"
        if row.status == "failed":
            risk = "uninterpretable"
        known = worst.get(row.study_pk)
        if known is None or _RANKS[risk] < _RANKS[known[0]]:
            worst[row.study_pk] = (risk, row.acquired_at)
    return worst


def _counties(bind: sa.Connection) -> Mapping[str, str]:
    """Return for each institution the nearest county, itself or above."""
    rows = {row.id: row for row in bind.execute(sa.select(_institutions))}
    counties = {}
    for start in rows:
        next_id: str | None = start
        for _ in range(_MAX_DEPTH):
            found = rows.get(next_id) if next_id is not None else None
            if found is None:
                break
            if found.level == "county":
                counties[start] = found.id
                break
            next_id = found.parent_id
    return counties
