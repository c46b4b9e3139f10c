"""ZIPs that foreign programs read, and whose size was known before."""

import subprocess
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from server.exports import archive
from server.exports.archive import ZipWriter, zip_size
from tests.support.peers import require_program

AT = datetime(2026, 11, 26, 3, 4, 6, tzinfo=UTC)
FILES = [("README.TXT", b"hello"), ("DICOM/SE000001/IM000001", b"x" * 300_000), ("EMPTY", b"")]


def written(files: Sequence[tuple[str, bytes]]) -> bytes:
    writer = ZipWriter(AT)
    parts = []
    for name, data in files:
        parts.append(writer.begin(name, len(data)))
        parts += [writer.write(data[at : at + 1000]) for at in range(0, len(data), 1000)]
        parts.append(writer.end())
    return b"".join([*parts, writer.close()])


@pytest.fixture(params=["small", "large"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write in ZIP64's form, too, as beyond 4 GiB and 65,535 entries."""
    if request.param == "large":
        monkeypatch.setattr(archive, "_HEADROOM", 1 << 33)
        monkeypatch.setattr(archive, "_MOST_ENTRIES_16", 0)
    return str(request.param)


def test_python_reads_it(form: str) -> None:
    with zipfile.ZipFile(BytesIO(written(FILES))) as read:
        assert read.testzip() is None
        assert [(each.filename, read.read(each)) for each in read.infolist()] == FILES
        assert read.infolist()[0].date_time == (2026, 11, 26, 3, 4, 6)
        assert all(each.compress_type == zipfile.ZIP_STORED for each in read.infolist())


def test_info_zip_reads_it(form: str, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(written(FILES))
    said = subprocess.run(
        [require_program("unzip"), "-t", tmp_path / "a.zip"], capture_output=True, check=False
    )
    assert said.returncode == 0, said.stdout + said.stderr


def test_its_size_is_known_before(form: str) -> None:
    assert zip_size((name, len(data)) for name, data in FILES) == len(written(FILES))


def test_the_size_beyond_4_gib_counts_what_zip64_adds() -> None:
    small = zip_size([("A", 1 << 20), ("B", 1)])
    large = zip_size([("A", 5 << 30), ("B", 1)])
    # 20 in the local header, 8 in the descriptor, 20 + 12 in the directory, 56 + 20 at its end.
    assert large - small == (5 << 30) - (1 << 20) + 20 + 8 + 20 + 12 + 56 + 20


def test_an_entry_far_larger_than_was_said_is_refused() -> None:
    writer = ZipWriter(AT)
    writer.begin("A", 10)
    writer._entries[-1].size = 5 << 30
    with pytest.raises(ValueError, match="far more"):
        writer.end()
