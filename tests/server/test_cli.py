"""The command line refuses in one line and with its exit code."""

from pathlib import Path

import pytest

from server import cli
from tests.support.ports import free_port


def outcome(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[object, str]:
    monkeypatch.setattr("sys.argv", ["lianzhen", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, capsys.readouterr().err


def test_a_database_out_of_reach_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("LIANZHEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(
        "LIANZHEN_DATABASE__URL", f"postgresql://me:sentinel@127.0.0.1:{free_port()}/x"
    )
    code, said = outcome(monkeypatch, capsys, "migrate")
    assert code == 1
    assert said.count("\n") == 1
    assert said.startswith("lianzhen: the database: ")
    assert "sentinel" not in said


def test_check_config_refuses_a_proxy_that_the_web_role_would_not_start_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("LIANZHEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LIANZHEN_HTTP__TRUSTED_PROXIES", '["no.address"]')
    code, said = outcome(monkeypatch, capsys, "check-config")
    assert code == 1
    assert "no.address" in said
