"""Candidates listed before reach is asked: however few are listed, a page lacks nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from dicom.web.query import parse_query
from server.core.database import Database
from server.patients.models import Patient
from server.studies import names, narrowing
from server.studies.attributes import Level
from server.studies.models import Series, Study
from server.studies.names import remember_names
from server.studies.search import Search, StudySearch
from tests.support.fakes import ManualClock
from tests.support.senders import ORG, OTHER_TOWNSHIP, TOWNSHIP, create_institutions, device

_NAME = "WANG^FANG=王^芳"
_EACH = 6


@pytest.fixture
async def searches(database: Database, clock: ManualClock) -> StudySearch:
    """Studies of two townships in turn, one a day, each of its own modality; all of one name."""
    await create_institutions(database, clock)
    async with database.unit_of_work() as uow:
        for owner in (TOWNSHIP, OTHER_TOWNSHIP):
            await uow.session.execute(
                insert(Patient).values(
                    id=owner, org=ORG, owner_institution_id=owner, issuer=owner, identifier="1",
                    name=_NAME, created_at=clock.now(),
                )
            )  # fmt: skip
        await remember_names(uow.session, {_NAME})
        for number in range(2 * _EACH):
            owner = (TOWNSHIP, OTHER_TOWNSHIP)[number % 2]
            modality = ("CT", "MR")[number % 2]
            at = clock.now() - timedelta(days=number)
            await uow.session.execute(
                insert(Study).values(
                    id=f"s{number:02}", org=ORG, owner_institution_id=owner, patient_pk=owner,
                    study_instance_uid=f"2.25.{number}", patient_id="1", patient_name=_NAME,
                    study_date=at.date(), modalities=f"\\{modality}\\", series_count=1,
                    instance_count=1, received_at=at, last_received_at=at,
                )
            )  # fmt: skip
            await uow.session.execute(
                insert(Series).values(
                    id=f"e{number:02}", study_pk=f"s{number:02}", modality=modality,
                    series_instance_uid="2.25.1", instance_count=1, last_received_at=at,
                )
            )  # fmt: skip
        await uow.commit()
    return StudySearch(database=database, clock=clock)


@pytest.mark.parametrize("listed", [1, 3, 4000])
@pytest.mark.parametrize("few_names", [0, 16_000])
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"PatientName": "王芳", "fuzzymatching": "true"}, _EACH),
        ({"PatientName": "WANG^*"}, _EACH),
        ({"StudyDate": "20000101-20991231"}, _EACH),
        ({"StudyDate": "20000101-20991231", "PatientName": "wf", "fuzzymatching": "true"}, _EACH),
        ({"ModalitiesInStudy": "CT"}, _EACH),
        ({"ModalitiesInStudy": "ct"}, _EACH),
        ({"ModalitiesInStudy": "MR"}, 0),
        ({"ModalitiesInStudy": "XA"}, 0),
        ({"ModalitiesInStudy": "CT", "PatientName": "fang", "fuzzymatching": "true"}, _EACH),
    ],
)
async def test_all_within_reach_is_found_page_by_page(
    searches: StudySearch,
    monkeypatch: pytest.MonkeyPatch,
    listed: int,
    few_names: int,
    asked: Mapping[str, str],
    found: int,
) -> None:
    monkeypatch.setattr(narrowing, "_MOST", listed)
    monkeypatch.setattr(names, "_FEW_NAMES", few_names)
    search = Search(Level.STUDY, parse_query(asked.items()), limit=2)
    expected = [f"s{number:02}" for number in range(0, 2 * _EACH, 2)][:found]
    pages: list[str] = []
    while True:
        page = await searches.page(device(TOWNSHIP), search)
        pages += [row[-1] for row in page.rows]
        if not page.more:
            break
        search = replace(search, after=page.place_behind(len(page.rows)))
    assert pages == expected
    whole = Search(Level.SERIES, parse_query(asked.items()), limit=100)
    assert len((await searches.page(device(TOWNSHIP), whole)).rows) == found
