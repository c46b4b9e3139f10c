"""A house with its web and media roles, a case in it, and people who confer about it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from server.core.settings import HttpSettings, Settings
from server.identity.models import Role
from server.media import build_media_app
from server.requests.public import DiagnosisRequest
from server.services import build_services
from tests.server.consults.peers import PATIENCE_S, Peer
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.dicom_files import ct_bytes
from tests.support.ports import free_port


@dataclass
class Browser:
    """Somebody in a room: their socket, and what they publish and receive."""

    socket: ClientWebSocketResponse
    peer: Peer
    welcome: dict[str, Any] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)

    async def say(self, **message: object) -> None:
        """Send a message."""
        await self.socket.send_str(json.dumps(message))

    async def hear(self, *types: str) -> dict[str, Any]:
        """Receive until a message of one of the types; slots are remembered on the way."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message: dict[str, Any] = await self.socket.receive_json()
                if message["type"] == "slots":
                    self.slots = {
                        each["participant_id"] + each["kind"]: each["mid"]
                        for each in message["slots"]
                    }
                if message["type"] in types:
                    return message

    async def join(self) -> None:
        """Come in, and connect."""
        offer = {"type": "offer", "sdp": await self.peer.offer()}
        await self.say(type="join", offer=offer)
        self.welcome = await self.hear("welcome")
        await self.peer.accept(self.welcome["answer"]["sdp"])
        await self.hear("slots")

    async def sees(self, other: "Browser", brightness: int) -> None:
        """Wait until the other's picture is seen, and their voice heard."""
        key = other.welcome["self"]
        async with asyncio.timeout(PATIENCE_S):
            while key + "video" not in self.slots:
                await self.hear("slots")
        await asyncio.gather(
            self.peer.is_shown(self.slots[key + "video"], brightness),
            self.peer.hears(self.slots[key + "audio"], 5),
        )

    async def farewell(self) -> int | None:
        """Wait until the server closes; return its code."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.socket.receive()).type is WSMsgType.TEXT:
                pass
        return self.socket.close_code

    async def close(self) -> None:
        """Hang up and go."""
        await self.peer.close()
        await self.socket.close()


@dataclass
class House:
    """A web role and a media role over one database, with a township's CT in it."""

    app: RunningApp
    settings: Settings
    request_id: str
    browsers: list[Browser] = field(default_factory=list)

    async def post(self, path: str, who: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Post nothing; return status and answer."""
        async with self.app.client.post(path, headers=who) as response:
            return response.status, await response.json()

    async def opened(self, who: dict[str, str]) -> dict[str, Any]:
        """Open the consult about the case."""
        status, consult = await self.post(f"/api/requests/{self.request_id}/consult", who)
        assert status == 200, consult
        return consult

    async def browser(
        self, consult_id: str, who: dict[str, str], *, brightness: int | None = None, slots: int = 3
    ) -> Browser:
        """Open a room's socket through the web role."""
        socket = await self.app.client.ws_connect(f"/rtc/{consult_id}", headers=who)
        self.browsers.append(Browser(socket, Peer(brightness=brightness, slots=slots)))
        return self.browsers[-1]

    @asynccontextmanager
    async def media(self) -> AsyncIterator[None]:
        """Run the media role while inside."""
        app = build_media_app(build_services(self.settings, role="media"))
        server = TestServer(app, port=self.settings.http.media_port)
        await server.start_server()
        try:
            yield
        finally:
            await server.close()


@pytest.fixture
async def quiet_house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """A house whose media role does not run."""
    http = HttpSettings(media_port=free_port(), trusted_proxies=("127.0.0.1",))
    settings = settings_for(tmp_path, database_url).model_copy(update={"http": http})
    async with running_app(settings) as app:
        await app.receive(ct_bytes())
        async with app.services.database.reading() as session:
            request_id = await session.scalar(select(DiagnosisRequest.id))
        assert request_id is not None
        house = House(app, settings, request_id)
        yield house
        for browser in house.browsers:
            await browser.close()


@pytest.fixture
async def house(quiet_house: House) -> AsyncIterator[House]:
    """A house with its media role."""
    async with quiet_house.media():
        yield quiet_house
        for browser in quiet_house.browsers:
            await browser.close()


@pytest.fixture
async def doctor(quiet_house: House) -> dict[str, str]:
    """The township's doctor, whose case it is."""
    return await quiet_house.app.token("doctor", "township1", Role.TOWNSHIP_DOCTOR)


@pytest.fixture
async def reader(quiet_house: House) -> dict[str, str]:
    """A reader at the county."""
    return await quiet_house.app.token("reader", "county", Role.COUNTY_READER)
