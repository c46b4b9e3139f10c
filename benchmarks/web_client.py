"""The one DICOMweb client that asks everybody: kept connections, and every answer looked at."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO

from aiohttp import ClientSession, ClientTimeout

from benchmarks.peers import Peer

_GIVE_UP = ClientTimeout(total=120)


class WrongAnswerError(RuntimeError):
    """A service answered something else than what was asked for: nothing was measured."""


@dataclass(frozen=True)
class Service:
    """A DICOMweb service that runs, and as whom it is asked."""

    peer: Peer
    url: str
    reader: Mapping[str, str] = field(default_factory=dict)
    """Headers of who reads."""
    sender: Mapping[str, str] = field(default_factory=dict)
    """Headers of who stores."""


@dataclass(frozen=True)
class Ask:
    """One request, and what tells a right answer from a wrong one."""

    path: str
    accept: str
    is_right: Callable[[bytes], bool]
    body: bytes | None = None
    """What is stored; unset: this is a GET."""
    content_type: str | None = None


@dataclass(frozen=True)
class Turn:
    """What one service took for a round of one row."""

    seconds: float
    """From the first request to the last answer."""
    milliseconds: list[float]
    """Of each request, to the last byte of its answer."""


async def take_turn(service: Service, asks: Sequence[Ask], at_once: int = 1) -> Turn:
    """Send the requests, so many at once, and look at the answers when all are here.

    Each turn has connections of its own: a service closes them while others have their turns.

    Raises
    ------
    WrongAnswerError
        If one of them is not answered rightly.
    """
    waiting = iter(enumerate(asks))
    answers: list[tuple[int, bytes]] = [(0, b"")] * len(asks)
    took_ms = [0.0] * len(asks)

    async def one_after_another(session: ClientSession) -> None:
        for number, ask in waiting:
            began_s = time.perf_counter()
            answers[number] = await _answer(session, service, ask)
            took_ms[number] = 1000 * (time.perf_counter() - began_s)

    async with ClientSession(timeout=_GIVE_UP) as session:
        began_s = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(one_after_another(session))
        took_s = time.perf_counter() - began_s
    for ask, (status, body) in zip(asks, answers, strict=True):
        if status != HTTPStatus.OK or not ask.is_right(body):
            raise WrongAnswerError(
                f"{service.peer.name} answered {ask.path} with {status}, "
                f"{len(body)} bytes: {body[:300]!r}"
            )
    return Turn(took_s, took_ms)


async def _answer(session: ClientSession, service: Service, ask: Ask) -> tuple[int, bytes]:
    url, headers = f"{service.url}{ask.path}", {"Accept": ask.accept}
    if ask.body is None:
        async with session.get(url, headers={**headers, **service.reader}) as response:
            return response.status, await response.read()
    headers = {**headers, "Content-Type": ask.content_type or "", **service.sender}
    async with session.post(url, headers=headers, data=BytesIO(ask.body)) as response:
        return response.status, await response.read()
