"""What only files can suffer: kills, failed syncs, full and vanished disks, leftovers."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest

from server.core import durable
from server.core.objects.errors import (
    DigestMismatch,
    ObjectMissing,
    ObjectStoreError,
    ObjectStoreFull,
    ObjectStoreUnavailable,
)
from server.core.objects.file_store import FileStore
from server.core.objects.port import PutResult
from tests.server.core.objects.bodies import new_key, put, read, sha256
from tests.server.core.objects.killed_writer import DATA
from tests.support import mounts

pytestmark = pytest.mark.fault


@pytest.fixture
async def store(tmp_path: Path, executor: Executor) -> AsyncIterator[FileStore]:
    opened = FileStore(tmp_path / "objects", executor=executor)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounts.small_disk(tmp_path / "small", 1) as mount_point:
        yield mount_point


def files_below(root: Path) -> list[str]:
    """Name every file of the store, temporary ones included."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("call", ["write", "fsync", "link", "sync_directory", "unlink"])
async def test_a_killed_put_is_absent_or_whole_and_its_leftovers_are_swept(
    tmp_path: Path, executor: Executor, call: str
) -> None:
    root, key = tmp_path / "objects", new_key()
    died = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.server.core.objects.killed_writer", str(root), key, call],
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    linked = call in {"sync_directory", "unlink"}
    assert [name for name in files_below(root) if name.startswith(".tmp/")], "nothing to sweep"
    store = FileStore(root, executor=executor)
    await store.open()
    assert files_below(root) == sorted([f"{key}-before", *([key] if linked else [])])
    if linked:
        assert await read(store, key) == DATA
    again = await put(store, key, DATA)
    assert again is (PutResult.ALREADY_THERE if linked else PutResult.CREATED)
    assert await read(store, key) == DATA


async def test_the_sweep_spares_what_a_living_writer_holds(
    store: FileStore, executor: Executor, tmp_path: Path
) -> None:
    async def swept_half_way() -> AsyncIterator[bytes]:
        yield DATA[:900_000]
        await FileStore(tmp_path / "objects", executor=executor).open()
        yield DATA[900_000:]

    key = new_key()
    (tmp_path / "objects/.tmp/left-by-the-dead").write_bytes(b"half")
    await store.put(key, swept_half_way(), sha256=sha256(DATA), size=len(DATA))
    assert await read(store, key) == DATA
    assert files_below(tmp_path / "objects") == [key]


class FailingSync:
    """Stands in for os.fsync: fails the nth call once, as the kernel reports an error once."""

    def __init__(self, failing_call: int) -> None:
        self.calls_left = failing_call
        self._real = os.fsync

    def __call__(self, fd: int) -> None:
        self.calls_left -= 1
        if self.calls_left == 0:
            raise OSError(errno.EIO, "Input/output error")
        self._real(fd)


@pytest.mark.parametrize("failing_call", [1, 2], ids=["file", "directory"])
async def test_a_failed_sync_is_final_and_the_next_put_writes_everything_anew(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_call: int
) -> None:
    key = new_key()
    await put(store, f"{key}-before", b"so that the directories are there")
    with monkeypatch.context() as patch:
        failing = FailingSync(failing_call)
        patch.setattr(os, "fsync", failing)
        with pytest.raises(ObjectStoreUnavailable):
            await put(store, key, DATA)
        assert failing.calls_left == 0, "the failed sync was tried again"
    assert files_below(tmp_path / "objects") == [f"{key}-before"]
    assert await put(store, key, DATA) is PutResult.CREATED


async def test_an_object_found_there_is_synced_again_before_it_counts(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_key()
    await put(store, key, DATA)
    for failing_call in (1, 2):
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", FailingSync(failing_call))
            with pytest.raises(ObjectStoreUnavailable):
                await put(store, key, DATA)
    assert await put(store, key, DATA) is PutResult.ALREADY_THERE


async def test_every_new_directory_is_synced_into_its_parent(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    real = durable.sync_directory

    def noted(path: Path) -> None:
        synced.append(path)
        real(path)

    monkeypatch.setattr(durable, "sync_directory", noted)
    await put(store, "o1/i/ab/object", DATA)
    root = tmp_path / "objects"
    assert synced == [root, root / "o1", root / "o1/i", root / "o1/i/ab"]


async def test_a_full_disk_is_reported_as_full_and_leaves_room_for_what_fits(
    small_disk: Path, executor: Executor
) -> None:
    store = FileStore(small_disk / "objects", executor=executor)
    await store.open()
    small_key, large_key = new_key(), new_key()
    await put(store, small_key, DATA[:200_000])
    with pytest.raises(ObjectStoreFull):
        await put(store, large_key, DATA)
    assert await store.stat(large_key) is None
    assert await read(store, small_key) == DATA[:200_000]
    assert await put(store, new_key(), DATA[:200_000]) is PutResult.CREATED


async def test_a_disk_without_any_room_fails_the_check(
    small_disk: Path, executor: Executor
) -> None:
    store = FileStore(small_disk / "objects", executor=executor)
    await store.open()
    with pytest.raises(OSError, match="No space"):
        (small_disk / "filler").write_bytes(bytes(2 * 1024 * 1024))
    with pytest.raises(ObjectStoreFull):
        await store.check()


async def test_an_unmounted_disk_is_not_taken_for_deleted_objects(
    store: FileStore, tmp_path: Path
) -> None:
    key = new_key()
    await put(store, key, DATA)
    (tmp_path / "objects").rename(tmp_path / "elsewhere")
    for call in (read(store, key), store.stat(key), store.delete(key), put(store, key, DATA)):
        with pytest.raises(ObjectStoreUnavailable):
            await call
    with pytest.raises(ObjectStoreUnavailable):
        await store.check()
    (tmp_path / "elsewhere").rename(tmp_path / "objects")
    assert await read(store, key) == DATA


async def test_a_file_that_shrinks_while_read_is_an_error_and_never_short(
    store: FileStore, tmp_path: Path
) -> None:
    key = new_key()
    await put(store, key, DATA)
    body = store.get(key)
    await anext(body)
    os.truncate(tmp_path / "objects" / key, 300_000)
    with pytest.raises(ObjectStoreUnavailable):
        _ = [block async for block in body]


async def test_a_damaged_object_is_not_confirmed_by_a_second_put(
    store: FileStore, tmp_path: Path
) -> None:
    key = new_key()
    await put(store, key, DATA)
    path = tmp_path / "objects" / key
    path.write_bytes(DATA[:-1] + b"!")
    with pytest.raises(ObjectStoreError) as caught:
        await put(store, key, DATA)
    assert caught.value.code == "object_stored_digest_mismatch"


@pytest.mark.parametrize("kind", ["directory", "symlink", "below a file"])
async def test_what_is_no_object_is_missing(store: FileStore, tmp_path: Path, kind: str) -> None:
    root = tmp_path / "objects"
    match kind:
        case "directory":
            (root / "key").mkdir()
        case "symlink":
            (tmp_path / "outside").write_bytes(b"not ours")
            (root / "key").symlink_to(tmp_path / "outside")
        case _:
            await put(store, "file", DATA)
    key = "file/key" if kind == "below a file" else "key"
    with pytest.raises(ObjectMissing):
        await read(store, key)
    assert await store.stat(key) is None


async def test_nobody_else_may_read_what_is_stored(store: FileStore, tmp_path: Path) -> None:
    await put(store, "o1/i/ab/object", DATA)
    for path in (tmp_path / "objects").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


@pytest.fixture
def arrived(tmp_path: Path) -> Path:
    """A file on the store's disk, as the spool has them."""
    path = tmp_path / "arrived"
    path.write_bytes(DATA)
    path.chmod(0o640)
    return path


def adopt(store: FileStore, key: str, path: Path) -> bool:
    return store.adopt(key, path, sha256=sha256(DATA), size=len(DATA))


async def test_a_file_of_the_same_disk_becomes_an_object_without_a_copy(
    store: FileStore, tmp_path: Path, arrived: Path
) -> None:
    assert adopt(store, "a/key", arrived)
    stored = tmp_path / "objects" / "a" / "key"
    assert stored.samefile(arrived)
    assert stored.stat().st_mode & 0o777 == 0o600
    assert await read(store, "a/key") == DATA
    assert files_below(tmp_path / "objects") == ["a/key"]


async def test_where_something_stands_already_put_has_the_word(
    store: FileStore, arrived: Path
) -> None:
    await put(store, "key", b"other bytes")
    assert not adopt(store, "key", arrived)
    assert await read(store, "key") == b"other bytes"


async def test_a_file_of_another_disk_is_not_linked(
    store: FileStore, tmp_path: Path, small_disk: Path
) -> None:
    elsewhere = small_disk / "arrived"
    elsewhere.write_bytes(DATA[:1000])
    assert not store.adopt("key", elsewhere, sha256=sha256(DATA[:1000]), size=1000)
    assert files_below(tmp_path / "objects") == []


@pytest.mark.parametrize("changed", [DATA[:-1] + b"!", DATA[:-1], DATA + b"!"])
def test_a_file_that_is_not_what_was_announced_does_not_become_an_object(
    store: FileStore, tmp_path: Path, arrived: Path, changed: bytes
) -> None:
    arrived.write_bytes(changed)
    with pytest.raises(DigestMismatch):
        adopt(store, "key", arrived)
    assert files_below(tmp_path / "objects") == []


def test_a_file_that_is_gone_is_no_fault_of_the_store(store: FileStore, arrived: Path) -> None:
    arrived.unlink()
    with pytest.raises(FileNotFoundError):
        adopt(store, "key", arrived)


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
async def test_a_link_that_cannot_be_made_durable_is_taken_back(
    store: FileStore, tmp_path: Path, arrived: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    (tmp_path / "objects" / "a").mkdir()
    await put(store, "a/other", b"makes the directory known")
    with monkeypatch.context() as patched:
        patched.setattr(os, call, fails)
        with pytest.raises(ObjectStoreUnavailable):
            adopt(store, "a/key", arrived)
    assert files_below(tmp_path / "objects") == ["a/other"]
    assert adopt(store, "a/key", arrived)
