"""Orthanc as a peer: another archive, which asks and is asked over DICOM and its REST API."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Sequence
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
    """A running Orthanc that knows our node as ``lianzhen``."""

    dicom_port: int
    url: str
    session: aiohttp.ClientSession

    async def commitment(self, references: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Ask our node for storage commitment and return the report once it is there."""
        listed = [{"SOPClassUID": one, "SOPInstanceUID": two} for one, two in references]
        url = f"{self.url}/modalities/lianzhen/storage-commitment"
        async with self.session.post(url, json={"DicomInstances": listed}) as response:
            response.raise_for_status()
            transaction = (await response.json())["ID"]
        async with asyncio.timeout(_WAIT_S):
            while True:
                found = await self.get(f"/storage-commitment/{transaction}")
                if found["Status"] != "Pending":
                    return found
                await asyncio.sleep(0.1)

    async def get(self, path: str) -> dict[str, Any]:
        """Return what the REST API says at ``path``."""
        async with self.session.get(self.url + path) as response:
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer


@asynccontextmanager
async def orthanc(folder: Path, node_port: int) -> AsyncIterator[Orthanc]:
    """Run Orthanc over ``folder``; its AE title is ORTHANC."""
    program = require_program("Orthanc")
    dicom_port, http_port = free_port(), free_port()
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
        "DicomModalities": {"lianzhen": ["LIANZHEN", "127.0.0.1", node_port]},
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
