"""The real MinIO server, which is published as source only: built once with Go into a cache.

``python -m tests.support.minio_binary`` builds it where it is not there yet and prints its path.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.peers import missing

# The last commit of the community server before its repository was archived.
VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
MODULE = f"github.com/minio/minio@{VERSION}"


def minio_path() -> Path:
    """Return where the cache keeps the binary of this version."""
    cache = os.environ.get("LIANZHEN_CACHE") or Path.home() / ".cache" / "lianzhen"
    return Path(cache) / f"minio-{VERSION}" / "minio"


def require_minio() -> Path:
    """Return the built binary, else skip or fail: building takes minutes, no test does it."""
    path = minio_path()
    if not path.is_file():
        missing("minio (build it with: python -m tests.support.minio_binary)")
    return path


def build_minio() -> Path:
    """Build the binary unless the cache has it."""
    path = minio_path()
    if path.is_file():
        return path
    go = shutil.which("go")
    if go is None:
        sys.exit("go is not on PATH, and MinIO is published as source only")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Into a directory of its own first: a build that dies must not leave half a binary in place.
    building = path.parent / f"building-{os.getpid()}"
    subprocess.run(
        [go, "install", "-trimpath", MODULE],
        check=True,
        env=os.environ | {"GOBIN": str(building), "CGO_ENABLED": "0"},
    )
    (building / "minio").replace(path)
    building.rmdir()
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{build_minio()}\n")
