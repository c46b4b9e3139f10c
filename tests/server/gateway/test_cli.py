"""``lianzhen gateway``: what the command says, and how it ends."""

import asyncio
import fcntl
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server.core.errors import InvalidInput, NotFound
from server.gateway.faults import Fault, LineFault
from server.gateway_cli import app
from tests.support.dicom_files import ct_series
from tests.support.township import running_township

URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATA_DIR": str(tmp_path),
        "DATABASE__URL": f"sqlite:///{tmp_path / 'gateway.db'}",
        "GATEWAY__COUNTY_URL": URL,
        "SPOOL__MIN_FREE_BYTES": "1",
    }.items():
        monkeypatch.setenv(f"LIANZHEN_{name}", value)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


async def _receive(data_dir: Path, *, trouble: bool) -> None:
    async with running_township(data_dir, county_url=URL, token="x") as town:
        await town.receive_all(ct_series(2))
        if trouble:
            await town.gateway.line.failed(LineFault(Fault.TOKEN_REFUSED, "401 bad-token"))


def test_status_says_how_it_is_while_nothing_runs(tmp_path: Path) -> None:
    asyncio.run(_receive(tmp_path, trouble=False))
    told = run("status")
    assert told.exit_code == 0
    assert "waiting     2" in told.output


def test_status_says_what_to_do_and_ends_with_1_where_somebody_must(tmp_path: Path) -> None:
    asyncio.run(_receive(tmp_path, trouble=True))
    told = run("status")
    assert told.exit_code == 1
    assert "重新签发" in told.output
    assert "replace the" in told.output
    assert '"fault":"token-refused"' in run("status", "--json").output


def test_status_of_no_gateway_makes_none(tmp_path: Path) -> None:
    assert isinstance(run("status").exception, NotFound)
    assert not (tmp_path / "gateway.db").exists()


def test_a_gateway_without_its_institution_says_how_to_make_it(tmp_path: Path) -> None:
    told = run()
    assert isinstance(told.exception, InvalidInput)
    assert "lianzhen institution create" in str(told.exception)


def test_a_gateway_that_knows_no_county_touches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIANZHEN_GATEWAY__COUNTY_URL")
    assert "COUNTY_URL" in str(run().exception)
    assert list(tmp_path.iterdir()) == []


def test_one_gateway_runs_over_its_data(tmp_path: Path) -> None:
    with (tmp_path / "gateway.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "another gateway" in str(run().exception)
