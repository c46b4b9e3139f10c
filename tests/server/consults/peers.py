"""Real aiortc peers as a room's clients, with lines that lose what a test tells them to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import AudioStreamTrack
from av import VideoFrame
from av.frame import Frame

PATIENCE_S = 20.0
FRAMES_A_SECOND = 15


class Picture(MediaStreamTrack):
    """Frames of one brightness, by which a publisher is told from another."""

    kind = "video"

    def __init__(self, brightness: int) -> None:
        super().__init__()
        self._brightness = brightness
        self._number = 0

    async def recv(self) -> Frame:
        """Return the next frame, in its time."""
        await asyncio.sleep(1 / FRAMES_A_SECOND)
        frame = VideoFrame.from_ndarray(
            np.full((240, 320, 3), self._brightness, dtype=np.uint8), format="rgb24"
        )
        frame.pts, frame.time_base = self._number * 90_000 // FRAMES_A_SECOND, Fraction(1, 90_000)
        self._number += 1
        return frame


@dataclass
class Line:
    """What a line does to the datagrams of media; DTLS and ICE pass."""

    loses: Callable[[int], bool] = field(default=lambda _number: False)
    lost: int = 0
    passed: int = 0

    def drops(self, datagram: bytes) -> bool:
        """Tell whether this datagram is lost; RTP and RTCP alone are counted."""
        if not 128 <= datagram[0] < 192:
            return False
        drop = self.loses(self.lost + self.passed)
        self.lost += drop
        self.passed += not drop
        return drop


class Peer:
    """A browser in a room."""

    def __init__(
        self,
        *,
        brightness: int | None = None,
        slots: int = 7,
        relay: RTCIceServer | None = None,
    ) -> None:
        self.connection = RTCPeerConnection(
            RTCConfiguration(
                iceServers=[relay] if relay else [],
                iceTransportPolicy=(
                    RTCIceTransportPolicy.RELAY if relay else RTCIceTransportPolicy.ALL
                ),
                bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            )
        )
        self.up, self.down = Line(), Line()
        self._changed = asyncio.Event()
        self.connection.on("connectionstatechange", self._changed.set)
        if brightness is not None:
            self.connection.addTransceiver(AudioStreamTrack(), direction="sendonly")
            self.connection.addTransceiver(Picture(brightness), direction="sendonly")
        for _ in range(slots):
            self.connection.addTransceiver("audio", direction="recvonly")
            self.connection.addTransceiver("video", direction="recvonly")

    async def offer(self) -> str:
        """Return an offer with its candidates gathered."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        self._lay_lines()
        return self.connection.localDescription.sdp

    async def accept(self, answer_sdp: str) -> None:
        """Take the answer and connect."""
        await self.connection.setRemoteDescription(RTCSessionDescription(answer_sdp, "answer"))

    async def connected(self) -> None:
        """Wait until ICE and DTLS are through."""
        async with asyncio.timeout(PATIENCE_S):
            while self.connection.connectionState != "connected":
                self._changed.clear()
                await self._changed.wait()

    def track(self, mid: str) -> MediaStreamTrack:
        """Return what comes in a slot."""
        (found,) = (each for each in self.connection.getTransceivers() if each.mid == mid)
        return found.receiver.track

    async def sees(self, mid: str, count: int = 1) -> list[VideoFrame]:
        """Receive so many frames in a slot."""
        return [await self._next(mid, VideoFrame) for _ in range(count)]

    async def hears(self, mid: str, count: int = 1) -> int:
        """Receive so many audio frames in a slot; return how many samples they have."""
        track = self.track(mid)
        async with asyncio.timeout(PATIENCE_S):
            frames: list[Any] = [await track.recv() for _ in range(count)]
        return sum(frame.samples for frame in frames)

    async def is_shown(self, mid: str, brightness: int) -> None:
        """Wait until a slot shows a publisher's picture."""
        async with asyncio.timeout(PATIENCE_S):
            while abs(brightness_of(await self._next(mid, VideoFrame)) - brightness) > 12:
                pass

    async def close(self) -> None:
        """Hang up."""
        await self.connection.close()

    async def _next(self, mid: str, kind: type[VideoFrame]) -> VideoFrame:
        async with asyncio.timeout(PATIENCE_S):
            frame = await self.track(mid).recv()
        assert isinstance(frame, kind)
        return frame

    def _lay_lines(self) -> None:
        transport: Any = self.connection.getTransceivers()[0].sender.transport.transport
        send: Callable[[bytes], Awaitable[None]] = transport._send
        receive: Callable[[], Awaitable[bytes]] = transport._recv

        async def lossy_send(data: bytes) -> None:
            if not self.up.drops(data):
                await send(data)

        async def lossy_receive() -> bytes:
            while self.down.drops(data := await receive()):
                pass
            return data

        transport._send, transport._recv = lossy_send, lossy_receive


def brightness_of(frame: VideoFrame) -> float:
    """Return the mean of a frame's samples."""
    return float(frame.to_ndarray(format="gray").mean())
