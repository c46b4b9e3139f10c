"""Settings: from the environment, frozen, and every one of them documented."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from server.core.settings import HttpSettings, Settings

README = Path(__file__).resolve().parents[3] / "README.md"
_ROW = re.compile(r"^\| `(LIANZHEN_[A-Z0-9_]+)` \| (.*?) \| (.*) \|$", re.MULTILINE)


def documented() -> dict[str, tuple[str, str]]:
    """Return name → (default, meaning) of the README's table."""
    return {name: (default, text) for name, default, text in _ROW.findall(README.read_text())}


def in_code(model: type[BaseModel], prefix: str = "LIANZHEN_") -> dict[str, tuple[str, str]]:
    """Return name → (default, meaning) of every field."""
    found: dict[str, tuple[str, str]] = {}
    for name, field in model.model_fields.items():
        key = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= in_code(field.annotation, f"{key}__")
        else:
            found[key] = (_shown(field.default), field.description or "")
    return found


def _shown(default: object) -> str:
    if default is None:
        return "–"
    if default == ():
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_the_readme_tells_every_setting_and_no_other() -> None:
    assert documented() == in_code(Settings)


def test_nested_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHEN_HTTP__PORT", "9000")
    monkeypatch.setenv("LIANZHEN_DICOM__AE_TITLE", "COUNTY_PACS")
    settings = Settings()
    assert (settings.http.port, settings.dicom.ae_title) == (9000, "COUNTY_PACS")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().http.port = 1  # type: ignore[misc]  # the point of the test


def test_a_misspelt_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHEN_HTTP__PROT", "9000")
    with pytest.raises(ValidationError):
        Settings()


def test_secrets_do_not_show_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHEN_DATABASE__URL", "postgresql://u:verysecret@h/d")
    monkeypatch.setenv("LIANZHEN_OBJECTS__URL", "s3+http://key:verysecret@h:1/bucket")
    assert "verysecret" not in repr(Settings())


@pytest.mark.parametrize("url", ["ftp://x", "https://x/path", "x.example"])
def test_a_public_url_that_is_no_origin_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIANZHEN_HTTP__PUBLIC_URL", url)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    "given",
    [
        {"TLS_CERTIFICATE": "c.pem", "PUBLIC_URL": "https://x.example"},
        {"TLS_KEY": "k.pem", "PUBLIC_URL": "https://x.example"},
        {"TLS_CERTIFICATE": "c.pem", "TLS_KEY": "k.pem"},
        {"TLS_CERTIFICATE": "c.pem", "TLS_KEY": "k.pem", "PUBLIC_URL": "http://x.example"},
    ],
)
def test_half_of_what_tls_needs_is_refused(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"LIANZHEN_HTTP__{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_everything_embedded_lives_in_the_data_directory(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path).resolved()
    assert settings.database.url is not None
    assert settings.objects.url is not None
    assert settings.database.url.get_secret_value() == f"sqlite:///{tmp_path / 'lianzhen.db'}"
    assert settings.objects.url.get_secret_value() == f"file:{tmp_path / 'objects'}"
    assert settings.spool.dir == tmp_path / "spool"


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://Lianzhen.Example.cn:443/", "https://lianzhen.example.cn"),
        ("http://lianzhen.example.cn:80", "http://lianzhen.example.cn"),
        ("http://lianzhen.example.cn:443", "http://lianzhen.example.cn:443"),
        ("https://[FD00::1]:8443", "https://[fd00::1]:8443"),
    ],
)
def test_the_public_url_is_kept_as_browsers_write_an_origin(given: str, origin: str) -> None:
    assert HttpSettings(public_url=given).public_url == origin


@pytest.mark.parametrize("given", ["https://a@b.cn", "https://b.cn:x", "https://", "ftp://b.cn"])
def test_a_public_url_with_more_or_less_than_an_origin_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        HttpSettings(public_url=given)


def test_a_community_sets_its_critical_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHEN_ECG__CRITICAL__PAUSE_RED_MS", "4000")
    monkeypatch.setenv("LIANZHEN_ECG__CRITICAL__SEVERITIES", '{"long_pr": "orange"}')
    assert Settings().ecg.critical.values().to_dict() == {
        "pause_red_ms": 4000.0,
        "severities": {"long_pr": "orange"},
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("PAUSE_RED_MS", "2000"), ("QTC_RED_MS", "nan"), ("SEVERITIES", '{"hiccups": "red"}')],
)
def test_critical_values_that_make_no_sense_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"LIANZHEN_ECG__CRITICAL__{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_processes_that_share_a_port_need_to_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHEN_DICOM__PROCESSES", "2")
    assert Settings().dicom.processes == 2
    monkeypatch.setenv("LIANZHEN_DICOM__PORT", "0")
    with pytest.raises(ValidationError, match="share a port"):
        Settings()
