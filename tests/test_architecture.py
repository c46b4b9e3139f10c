"""The rules of the house that the import contracts cannot say."""

import ast
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import dicom
import ecg
import server

ROOT = Path(__file__).resolve().parent.parent
# Those who wire, and those below every capability.
WIRING = {
    "app",
    "services",
    "worker",
    "roles",
    "cli",
    "demo",
    "ecg_cli",
    "study_cli",
    "quarantine_cli",
    "lan_certificates",
    "page",
    "__main__",
    "migrations",
    "core",
}
LONGEST_FILE = 600


def _features() -> list[Path]:
    return [
        path
        for path in sorted((ROOT / "server").iterdir())
        if (path / "__init__.py").is_file() and path.name not in WIRING
    ]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_a_feature_meets_another_only_at_its_public_door() -> None:
    features = {path.name for path in _features()}
    offences = []
    for feature in _features():
        for path in sorted(feature.rglob("*.py")):
            for module in _imports(path):
                parts = module.split(".")
                if parts[0] != "server" or len(parts) < 2 or parts[1] not in features:
                    continue
                if parts[1] != feature.name and parts[2:3] != ["public"]:
                    offences.append(f"{path.relative_to(ROOT)} imports {module}")
    assert offences == []


def test_every_feature_has_its_place_in_the_dependency_order() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = pyproject["tool"]["importlinter"]["contracts"][0]
    placed = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    assert {path.name for path in _features()} <= placed


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    tracked = [
        path
        for folder in ("server", "dicom", "ecg", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    ]
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked
        if (count := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_the_packages_resolve_inside_this_checkout() -> None:
    # Old releases of pydicom ship a dicom.py, and any "server" on the path would shadow ours.
    for package in (server, dicom, ecg):
        assert package.__file__ is not None
        assert Path(package.__file__).resolve().is_relative_to(ROOT)
    assert (ROOT / "dicom" / "__init__.py").is_file()


def test_locks_carry_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (ROOT / name).read_text().splitlines()
        assert not [line for line in lines if "://" in line or line.startswith("--index")], name
        pins = [line for line in lines if "==" in line]
        assert pins
        assert all(line.endswith("\\") for line in pins), f"{name}: every pin needs its hashes"
    lock = (ROOT / "web_client" / "package-lock.json").read_text()
    assert '"resolved"' not in lock


def test_every_locked_package_has_its_licence_listed() -> None:
    pins = {
        line.split("==")[0].lower()
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line
    }
    listed = (ROOT / "THIRD_PARTY_LICENSES.md").read_text().lower()
    assert {pin for pin in pins if f"| {pin} |" not in listed} == set()


def test_every_package_of_the_page_has_its_licence_listed() -> None:
    lock = json.loads((ROOT / "web_client" / "package-lock.json").read_text())["packages"]
    shipped = {
        path.rpartition("node_modules/")[2]
        for path, package in lock.items()
        if path and not package.get("dev") and not package.get("optional")
    }
    _, _, table = (ROOT / "THIRD_PARTY_LICENSES.md").read_text().partition("## The page")
    listed = {
        name
        for line in table.splitlines()
        if line.startswith("| ")
        for name in line.split("|")[2].strip().split(", ")
    }
    assert shipped - listed == set()
