"""``lianzhen dicom routes`` and ``queue``, as an operator types them."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from server import cli
from server.migrations.run import migrate
from server.studies.models import Study
from tests.server.forwarding.site import ORG, running_site
from tests.support.dicom_files import ct_series
from tests.support.ports import free_port


class Operator:
    """Types commands about one installation."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        data_dir: Path,
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.data_dir = data_dir
        self.url = f"sqlite:///{data_dir / 'lianzhen.db'}"
        monkeypatch.setenv("LIANZHEN_DATA_DIR", str(data_dir))

    def types(self, *words: str) -> tuple[int, list[str], str]:
        """Return exit code, lines of output and complaints."""
        self._monkeypatch.setattr("sys.argv", ["lianzhen", "dicom", *words, "--org", ORG])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = self._capsys.readouterr()
        return int(ended.value.code or 0), said.out.splitlines(), said.err

    def does(self, *words: str) -> list[str]:
        """Return what a command that succeeds prints."""
        code, out, err = self.types(*words)
        assert (code, err) == (0, "")
        return out


@pytest.fixture
def operator(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Operator:
    made = Operator(monkeypatch, capsys, tmp_path)
    migrate(made.url)

    async def register() -> None:
        async with running_site(tmp_path, made.url) as site:
            await site.device("ARCHIVE", free_port())
            await site.device("MODALITY")

    asyncio.run(register())
    return made


def arrive(operator: Operator, count: int) -> None:
    async def work() -> None:
        async with running_site(operator.data_dir, operator.url, found=False) as site:
            await site.receive(*ct_series(count))

    asyncio.run(work())


def test_a_route_is_made_listed_switched_and_removed(operator: Operator) -> None:
    (route,) = operator.does(
        "routes", "add", "--to", "ARCHIVE", "--institution", "township1", "--modality", "CT",
        "--modality", "MR", "--source-ae", "CT*", "--station", "S?", "--description", "*head*",
        "--priority", "high",
    )  # fmt: skip
    asked = (
        "source CT*, institution township1, modality CT, modality MR, station S?, "
        "description *head*"
    )
    assert operator.does("routes") == [f"{route}\tARCHIVE\thigh\ton\t{asked}"]
    operator.does("routes", "disable", route)
    assert operator.does("routes") == [f"{route}\tARCHIVE\thigh\toff\t{asked}"]
    operator.does("routes", "enable", route)
    assert "\ton\t" in operator.does("routes")[0]
    operator.does("routes", "remove", route)
    assert operator.does("routes") == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("routes", "add", "--to", "MODALITY"), "no device MODALITY is registered with an address"),
        (("routes", "add", "--to", "ARCHIVE", "--institution", "nowhere"), "institution"),
        (("routes", "add", "--to", "ARCHIVE", "--station", "x" * 65), "1 to 64 characters"),
        (("routes", "remove", "x"), "there is no such route"),
        (("routes", "disable", "x"), "there is no such route"),
        (("queue", "add", "1.2.3", "--to", "ARCHIVE"), "there is no such study"),
        (("queue", "add", "1.2.3", "--to", "MODALITY"), "no device MODALITY is registered"),
        (("queue", "show", "x"), "there is no such study in the outgoing queue"),
        (("queue", "retry", "x"), "there is no such study in the outgoing queue"),
        (("queue", "drop", "x"), "there is no such study in the outgoing queue"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exit_one(
    operator: Operator, words: tuple[str, ...], complaint: str
) -> None:
    code, out, err = operator.types(*words)
    assert (code, out, err.count("\n")) == (1, [], 1)
    assert complaint in err


def test_the_queue_is_shown_tried_again_and_dropped(operator: Operator) -> None:
    operator.does("routes", "add", "--to", "ARCHIVE")
    arrive(operator, 2)
    destination, job = operator.does("queue")
    assert destination.startswith("ARCHIVE\t127.0.0.1:")
    assert destination.endswith("\t2 waiting, 0 failed\ttakes objects")
    job_id, ae_title, _, state, _, counts, _ = job.split("\t")
    assert (ae_title, state, counts) == ("ARCHIVE", "waiting", "0 sent, 2 waiting, 0 failed")
    assert len(operator.does("queue", "--state", "failed")) == 1
    operator.does("queue", "retry", job_id)
    assert operator.does("queue", "show", job_id) == []
    operator.does("queue", "drop", job_id)
    assert operator.does("queue")[1].split("\t")[3] == "done"


def test_a_study_is_sent_that_no_route_leads_on(operator: Operator) -> None:
    arrive(operator, 3)
    assert len(operator.does("queue")) == 1
    (uid,) = asyncio.run(studies(operator))
    (job_id,) = operator.does("queue", "add", uid, "--to", "ARCHIVE", "--priority", "high")
    # Once more changes nothing: all of it waits already.
    assert operator.does("queue", "add", uid, "--to", "ARCHIVE", "--priority", "high") == [job_id]
    _, job = operator.does("queue")
    assert job.split("\t")[:6] == [
        job_id, "ARCHIVE", uid, "waiting", "high", "0 sent, 3 waiting, 0 failed",
    ]  # fmt: skip


async def studies(operator: Operator) -> list[str]:
    async with (
        running_site(operator.data_dir, operator.url, found=False) as site,
        site.services.database.reading() as session,
    ):
        return list(await session.scalars(select(Study.study_instance_uid)))
