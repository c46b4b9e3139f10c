"""The whole story in two browsers, on both databases and both kinds of object store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cases import write_cases
from tests.support.demo import running_demo
from tests.support.fakes import CountingIds
from tests.support.peers import require_program
from tests.support.playwright import BROWSERS, run_spec
from tests.support.postgres import PostgresServer
from tests.support.stores import running_seaweedfs


@pytest.fixture(params=["sqlite-files", "postgresql-s3"])
def backend(
    request: pytest.FixtureRequest, tmp_path: Path, ids: CountingIds
) -> Iterator[dict[str, str]]:
    """Settings of where a server keeps what it knows: embedded, then as in production."""
    if request.param == "sqlite-files":
        yield {}
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"journey_{ids.unique()}"
    folder = tmp_path / "s3"
    folder.mkdir()
    with running_seaweedfs(folder) as store:
        yield {
            "LIANZHEN_DATABASE__URL": server.create_database(name),
            "LIANZHEN_OBJECTS__URL": store.url,
        }
    server.drop_database(name)


@pytest.mark.parametrize("browser", BROWSERS)
async def test_a_case_goes_from_the_township_to_the_county_and_back(
    browser: str, backend: dict[str, str], tmp_path: Path
) -> None:
    require_program("storescu")
    require_program("pdftotext")
    cases = tmp_path / "cases"
    write_cases(cases)
    async with running_demo(tmp_path / "data", settings=backend) as demo:
        await run_spec("journey.spec.ts", browser, demo, {"E2E_CASES": str(cases)})


@pytest.mark.parametrize("browser", BROWSERS)
async def test_what_goes_wrong_is_said_in_both_languages_and_nothing_is_lost(
    browser: str, tmp_path: Path
) -> None:
    require_program("storescu")
    cases = tmp_path / "cases"
    write_cases(cases)
    async with running_demo(tmp_path / "data") as demo:
        await run_spec("faults.spec.ts", browser, demo, {"E2E_CASES": str(cases)})
