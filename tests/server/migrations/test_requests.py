"""Studies that were there before there were requests get theirs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.core.database import UtcDateTime, sync_url
from server.migrations.run import migrate
from tests.support.fakes import CountingIds
from tests.support.postgres import PostgresServer

T = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
# Institution, its parent, its level.
INSTITUTIONS = (
    ("county", None, "county"),
    ("township", "county", "township"),
    ("village", "township", "village"),
    ("alone", None, "township"),
)
# Study, its owner, its modality, its ECGs' states and severities, when the first was acquired.
STUDIES: tuple[tuple[str, str, str, tuple[tuple[str, str | None], ...], datetime | None], ...] = (
    ("ct", "township", "CT", (), None),
    ("dx", "village", "DX", (), None),
    ("red", "township", "ECG", (("screened", "normal"), ("screened", "red")), None),
    ("pending", "alone", "ECG", (("pending", None),), T - timedelta(minutes=5)),
    ("failed", "county", "ECG", (("failed", None),), T - timedelta(days=900)),
    ("history", "township", "ECG", (("screened", "red"),), None),
)
RECEIVED = {"history": T - timedelta(hours=49), "ct": T - timedelta(hours=47)}


@pytest.fixture(params=["sqlite", "postgresql"])
def first_schema(request: pytest.FixtureRequest, tmp_path: Path, ids: CountingIds) -> Iterator[str]:
    """A database of the first schema with a few studies in it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'lianzhen.db'}"
        migrate(url, "0001")
        _fill(url)
        yield url
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"t_{ids.unique()}"
    url = server.create_database(name)
    migrate(url, "0001")
    _fill(url)
    yield url
    server.drop_database(name)


def _fill(url: str) -> None:
    engine = sa.create_engine(sync_url(url))
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:

        def insert(table: str, **values: Any) -> None:
            # SQLite keeps a time as a text of ours, and reflection knows it as text only.
            row = {
                name: UtcDateTime().process_bind_param(value, engine.dialect)
                if isinstance(value, datetime)
                else value
                for name, value in values.items()
            }
            connection.execute(tables.tables[table].insert().values(row))

        for id_, parent, level in INSTITUTIONS:
            insert(
                "institutions", id=id_, org="qinghe", code=id_, parent_id=parent, name_zh=id_,
                name_en=id_, level=level, ownership="public", created_at=T,
            )  # fmt: skip
        for pk, owner, modality, ecgs, acquired_at in STUDIES:
            common = {"id": pk, "org": "qinghe"}
            owned = {**common, "owner_institution_id": owner}
            insert("patients", **owned, issuer="i", identifier=pk, created_at=T)
            insert(
                "studies", **owned, patient_pk=pk, study_instance_uid=pk, modalities="",
                series_count=1, instance_count=1, last_received_at=T,
                received_at=RECEIVED.get(pk, T),
            )  # fmt: skip
            insert(
                "series", id=pk, study_pk=pk, series_instance_uid=pk, modality=modality,
                instance_count=1, last_received_at=T,
            )  # fmt: skip
            for number, (status, severity) in enumerate(ecgs):
                one = {**common, "id": f"{pk}{number}"}
                insert("objects", **one, sha256=one["id"], size=1, location="store", received_at=T)
                insert(
                    "instances", **one, series_pk=pk, object_id=one["id"],
                    sop_instance_uid=one["id"], sop_class_uid="1", transfer_syntax_uid="1",
                    dataset_offset=0, dataset_sha256="0", metadata_json_gz=b"", received_at=T,
                )  # fmt: skip
                insert(
                    "ecg_records", **one, study_pk=pk, instance_pk=one["id"], object_id=one["id"],
                    sop_instance_uid=one["id"], owner_institution_id=owner, status=status,
                    severity=severity, acquired_at=acquired_at, received_at=T,
                )  # fmt: skip
    engine.dispose()


def test_every_recent_study_gets_the_request_its_arrival_would_open_and_history_none(
    first_schema: str,
) -> None:
    migrate(first_schema, "0002")
    engine = sa.create_engine(sync_url(first_schema))
    with engine.connect() as connection:
        requests = connection.execute(
            sa.text("SELECT * FROM diagnosis_requests ORDER BY study_pk")
        ).all()
        transitions = connection.execute(
            sa.text("SELECT request_id, number, to_status FROM request_transitions")
        ).all()
    engine.dispose()

    def minutes(row: sa.Row[Any]) -> float:
        due = UtcDateTime().process_result_value(row.due_at, engine.dialect)
        assert due is not None
        return (due - T).total_seconds() / 60

    assert {
        row.study_pk: (
            row.kind, row.modality, row.risk, row.priority, row.requesting_institution_id,
            row.diagnosing_institution_id, minutes(row),
        )
        for row in requests
    } == {
        "ct": ("imaging", "CT", "routine", 3, "township", "county", 240 - 47 * 60),
        "dx": ("imaging", "DX", "routine", 3, "village", "county", 60),
        "red": ("ecg", "ECG", "red", 0, "township", "county", 10),
        # Nobody reads for it: its own people do.
        "pending": ("ecg", "ECG", "routine", 3, "alone", "alone", 25),
        "failed": ("ecg", "ECG", "uninterpretable", 2, "county", "county", 30),
    }  # fmt: skip
    assert {row.status for row in requests} == {"requested"}
    assert sorted(transitions) == sorted((row.id, 1, "requested") for row in requests)
