"""Orthanc as a peer: another archive, which asks and is asked over DICOM and its REST API."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.peers import require_program
from tests.support.ports import free_port

_WAIT_S = 60.0
"""How long a test waits before it gives up; nothing is measured."""


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc."""

    dicom_port: int
    url: str
    session: aiohttp.ClientSession

    async def commitment(self, references: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Ask whom it knows as ``lianzhen`` for storage commitment; return the report."""
        listed = [{"SOPClassUID": one, "SOPInstanceUID": two} for one, two in references]
        url = f"{self.url}/modalities/lianzhen/storage-commitment"
        async with self.session.post(url, json={"DicomInstances": listed}) as response:
            response.raise_for_status()
            transaction = (await response.json())["ID"]
        async with asyncio.timeout(_WAIT_S):
            while True:
                found: dict[str, Any] = await self.get(f"/storage-commitment/{transaction}")
                if found["Status"] != "Pending":
                    return found
                await asyncio.sleep(0.1)

    async def keep(self, *files: bytes) -> None:
        """Give it files over its REST API."""
        for data in files:
            async with self.session.post(f"{self.url}/instances", data=data) as response:
                response.raise_for_status()

    async def find(self, level: str, **keys: str) -> list[dict[str, Any]]:
        """Let it query whom it knows as ``lianzhen``; return each answer, by keyword."""
        query = await self.post("/modalities/lianzhen/query", {"Level": level, "Query": keys})
        found: list[dict[str, Any]] = await self.get(f"{query['Path']}/answers?expand&simplify")
        return found

    async def retrieve(self, level: str, **keys: str) -> dict[str, bytes]:
        """Let it retrieve from ``lianzhen`` what is all it has then, by SOP instance UID."""
        for each in await self.get("/patients"):
            async with self.session.delete(f"{self.url}/patients/{each}") as response:
                response.raise_for_status()
        await self.post("/modalities/lianzhen/move", {"Level": level, "Resources": [keys]})
        return await self.instances()

    async def post(self, path: str, body: Any) -> Any:
        """Post to the REST API and return what it says."""
        async with self.session.post(self.url + path, json=body) as response:
            answer = await response.text()
            assert response.status < 300, answer
            return json.loads(answer)

    async def get(self, path: str) -> Any:
        """Return what the REST API says at ``path``, from JSON."""
        return json.loads(await self._read(path))

    async def instances(self) -> dict[str, bytes]:
        """Return every file it has, by SOP instance UID."""
        return {
            each["MainDicomTags"]["SOPInstanceUID"]: await self._read(
                f"/instances/{each['ID']}/file"
            )
            for each in await self.get("/instances?expand")
        }

    async def _read(self, path: str) -> bytes:
        async with self.session.get(self.url + path) as response:
            response.raise_for_status()
            return await response.read()


@asynccontextmanager
async def orthanc(
    folder: Path,
    port: int | None = None,
    *,
    knows: Mapping[str, tuple[str, int]] | None = None,
    **settings: Any,
) -> AsyncIterator[Orthanc]:
    """Run Orthanc over ``folder``; its AE title is ORTHANC.

    It knows other nodes on this machine by AE title and port, under any name.
    """
    program = require_program("Orthanc")
    dicom_port, http_port = port or free_port(), free_port()
    configuration = {
        "Name": "peer",
        "StorageDirectory": str(folder / "orthanc"),
        "IndexDirectory": str(folder / "orthanc"),
        "Plugins": [],
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": "ORTHANC",
        "DicomPort": dicom_port,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomModalities": {
            name: [ae_title, "127.0.0.1", at] for name, (ae_title, at) in (knows or {}).items()
        },
        **settings,
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(configuration))
    process = await asyncio.create_subprocess_exec(
        program, path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession() as session:
            peer = Orthanc(dicom_port, f"http://127.0.0.1:{http_port}", session)
            async with asyncio.timeout(_WAIT_S):
                while True:
                    try:
                        await peer.get("/system")
                    except aiohttp.ClientError:
                        await asyncio.sleep(0.1)
                        continue
                    break
            yield peer
    finally:
        process.terminate()
        await process.wait()
