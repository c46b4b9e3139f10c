"""Real S3 servers on loopback: SeaweedFS from its wheel, MinIO built with Go."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from server.core.objects.errors import ObjectStoreError
from server.core.objects.open import open_object_stores
from server.core.objects.s3_http import EMPTY_SHA256
from tests.support.minio_binary import require_minio
from tests.support.peers import require_program
from tests.support.ports import free_port

ACCESS_KEY = "lianzhen-test"
# The characters a URL would misread: they prove that the secret is percent-decoded.
SECRET_KEY = "se/cr:et@1%+"
SECRET_IN_URL = "se%2Fcr%3Aet%401%25%2B"
BUCKET = "lianzhen-test"
READY_WITHIN_S = 60.0


@dataclass
class S3Server:
    """A store process that a test may stop and start again on the same data and port."""

    command: list[str]
    environment: dict[str, str]
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """The settings URL of its bucket."""
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """The same bucket through a proxy's port."""
        return f"s3+http://{ACCESS_KEY}:{SECRET_IN_URL}@127.0.0.1:{port}/{BUCKET}"

    def start(self) -> None:
        """Start, and wait until a put succeeds."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + READY_WITHIN_S
        with ThreadPoolExecutor(1) as thread:
            while not thread.submit(asyncio.run, self._takes_a_put()).result():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"not ready:\n{self.log.read_text()[-2000:]}")
                time.sleep(0.2)

    def stop(self) -> None:
        """Kill; a store that loses what it acknowledged when killed is no store."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def _takes_a_put(self) -> bool:
        with ThreadPoolExecutor(1) as executor:
            async with open_object_stores(self.url, executor=executor) as stores:
                try:
                    for store in (stores.originals, stores.derived):
                        await store.put("ready", _nothing(), sha256=EMPTY_SHA256, size=0)
                except ObjectStoreError:
                    return False
        return True


async def _nothing() -> AsyncIterator[bytes]:
    for block in tuple[bytes, ...]():
        yield block


@contextmanager
def running_seaweedfs(directory: Path) -> Iterator[S3Server]:
    """Run SeaweedFS."""
    yield from _running(seaweedfs(directory))


def seaweedfs(directory: Path) -> S3Server:
    """Make SeaweedFS (master, volume server, filer and S3 gateway in one process), not started."""
    weed = require_program("weed", str(Path(sys.executable).parent / "weed"))
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    identities = directory / "identities.json"
    identities.write_text(
        json.dumps(
            {
                "identities": [
                    {
                        "name": "test",
                        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                        "actions": ["Admin"],
                    }
                ]
            }
        )
    )
    data = directory / "data"
    data.mkdir()
    command = [
        str(weed),
        "server",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-volume.max=32",
        "-master.volumeSizeLimitMB=256",
        "-filer",
        f"-filer.localSocket={directory / 'filer.sock'}",
        "-s3",
        # Fixed ports by default: two servers at once, of two test runs even, would collide.
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={identities}",
        f"-s3.localSocket={directory / 's3.sock'}",
        *(f"-{name}.port={port}" for name, port in ports.items()),
    ]
    return S3Server(command, {"HOME": str(directory)}, ports["s3"], directory / "weed.log")


@contextmanager
def running_minio(directory: Path) -> Iterator[S3Server]:
    """Run the real MinIO on one directory."""
    port = free_port()
    command = [
        str(require_minio()),
        "server",
        "--address",
        f"127.0.0.1:{port}",
        "--console-address",
        f"127.0.0.1:{free_port()}",
        str(directory / "data"),
    ]
    environment = {
        "HOME": str(directory),
        "MINIO_ROOT_USER": ACCESS_KEY,
        "MINIO_ROOT_PASSWORD": SECRET_KEY,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
    }
    yield from _running(S3Server(command, environment, port, directory / "minio.log"))


def _running(server: S3Server) -> Iterator[S3Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()
