"""The demonstration ends when it is told to, and says when it failed."""

import asyncio
import time

import pytest

from server.core.supervisor import Supervisor
from server.demo import run_beside


def _role(_name: str) -> None:
    time.sleep(600)


def supervisor() -> Supervisor:
    return Supervisor(["one"], _role, preload=[__name__], grace_s=1)


async def test_a_show_that_fails_stops_the_roles_and_is_no_success() -> None:
    async def show() -> None:
        raise ConnectionError("the DICOM node refused the association")

    with pytest.raises(ConnectionError, match="refused"):
        await asyncio.wait_for(run_beside(supervisor(), show()), 60)


async def test_a_stop_does_not_wait_for_a_show_under_way() -> None:
    roles = supervisor()

    async def show() -> None:
        roles.stop()
        await asyncio.Event().wait()

    await asyncio.wait_for(run_beside(roles, show()), 60)
