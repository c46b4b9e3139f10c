"""Small file systems of a test's own, where the kernel lets us mount them."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.peers import impossible, require_program

_MB = 1 << 20


@contextmanager
def mounted(at: Path, *arguments: str) -> Iterator[Path]:
    """Mount what ``mount`` is told to; skip visibly, or fail under CI, where the kernel refuses."""
    at.mkdir()
    mount = require_program("mount", "/usr/bin/mount", "/bin/mount")
    done = subprocess.run(
        [mount, *arguments, str(at)], check=False, capture_output=True, text=True, timeout=30
    )
    if done.returncode != 0:
        impossible(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True, timeout=30)


@contextmanager
def small_disk(at: Path, size_mb: int) -> Iterator[Path]:
    """Mount a small disk in memory."""
    with mounted(at, "-t", "tmpfs", "-o", f"size={size_mb}m", "lianzhen-test"):
        yield at


def make_image(path: Path, size_mb: int) -> Path:
    """Make a file that holds an empty ext4 file system."""
    mkfs = require_program("mkfs.ext4", "/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4")
    with path.open("wb") as image:
        image.truncate(size_mb * _MB)
    subprocess.run([mkfs, "-q", str(path)], check=True, timeout=30)
    return path


def image_mount(image: Path, at: Path) -> AbstractContextManager[Path]:
    """Mount an image; its journal commits when asked, not every five seconds by itself."""
    return mounted(at, "-o", "loop,commit=300", str(image))


def fill(path: Path) -> None:
    """Write a file until not one byte of the disk is left."""
    with path.open("wb", buffering=0) as file:
        for size in (_MB, 4096, 1):
            try:
                while file.write(bytes(size)):
                    continue
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def open_descriptors(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
