"""The wheel carries the built web client, and an installed server finds it there."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.peers import missing

ROOT = Path(__file__).resolve().parents[1]
SHARED = "data/share/lianzhen/web_client/"
FONT = "fonts/NotoSansSC_400Regular.ttf"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from this checkout."""
    if not (ROOT / "web_client" / "dist" / "index.html").is_file():
        missing("the built web client (make setup)")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_it_carries_every_file_of_the_page_and_of_the_packages(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    dist = ROOT / "web_client" / "dist"
    page = {str(path.relative_to(dist)) for path in dist.rglob("*") if path.is_file()}
    assert {"index.html", FONT, "fonts/NotoSansSC_LICENSE.txt"} <= page
    assert page == {name.partition(SHARED)[2] for name in names if SHARED in name}
    tracked = subprocess.run(
        ["git", "ls-files", "server", "dicom", "ecg"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    assert set(tracked) - set(names) == set()


def test_an_installed_server_finds_the_page_and_the_font(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
         "--no-index", "--disable-pip-version-check", wheel],
        check=True, timeout=120,
    )  # fmt: skip
    # The dependencies are those of this checkout; the packages are the wheel's, which come first.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = home / "lib" / version / "site-packages"
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    found = subprocess.run(
        [python, "-c", "import server, server.page; print(server.__file__, server.page.DIST)"],
        cwd=tmp_path, check=True, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"},
    ).stdout.split()  # fmt: skip
    assert Path(found[0]).is_relative_to(home)
    dist = Path(found[1])
    assert dist.is_relative_to(home)
    assert (dist / "index.html").is_file()
    assert (dist / FONT).stat().st_size > 1_000_000
