"""One installation on this machine, and its roles as processes that may be killed and started.

A role runs the real command line in a process forked from one that has imported it already, so
that a test can afford to start it twenty times.
"""

import asyncio
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from server.cli import main
from server.core.settings import Settings
from server.dicom_node.public import NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level, Role
from server.identity.people import NewPerson
from server.services import Services, build_services
from tests.support.ports import free_port

ORG = "default"
DEVICE_AE = "TOWNSHIP1"
READY_WITHIN_S = 60.0
GATEWAY = "gateway"
"""No role of a county's server, but a process like them."""


async def wait_until(
    holds: Callable[[], bool | Awaitable[bool]], what: str, within_s: float = READY_WITHIN_S
) -> None:
    """Wait until ``holds``; only a program that hangs takes the whole time."""
    deadline_s = time.monotonic() + within_s
    while True:
        held = holds()
        if held if isinstance(held, bool) else await held:
            return
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {within_s:g} s in vain for {what}")
        await asyncio.sleep(0.01)


@dataclass
class RoleProcess:
    """One role, started as often as a test likes."""

    role: str
    environment: Mapping[str, str]
    log: Path
    _process: ForkServerProcess | None = field(default=None, init=False)
    _log_start: int = field(default=0, init=False)

    @property
    def pid(self) -> int:
        """The process id of the running role."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.is_alive()

    async def start(self) -> "RoleProcess":
        """Start, and wait until it serves."""
        self.begin()
        await wait_until(self._is_ready, f"{self.role} to be ready")
        return self

    def begin(self) -> None:
        """Start without waiting."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self._process = context.Process(
            target=_serve, args=(self.role, dict(self.environment), str(self.log)), daemon=True
        )
        self._process.start()

    async def kill(self) -> None:
        """Kill with SIGKILL, as the out-of-memory killer would."""
        os.kill(self.pid, signal.SIGKILL)
        await self.ended()

    async def terminate(self) -> int:
        """Ask it to end with SIGTERM and return its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it ended and return its exit code; a signal's is negative."""
        await wait_until(lambda: not self.is_alive, f"{self.role} to end")
        assert self._process is not None
        assert self._process.exitcode is not None
        return self._process.exitcode

    def tail(self) -> str:
        """Return the end of its log, for a failure's message."""
        return self.log.read_text()[-4000:] if self.log.exists() else ""

    def said(self, event: str) -> bool:
        """Whether its log has this event since the last start."""
        with self.log.open() as log:
            log.seek(self._log_start)
            return any(_event(line) == event for line in log)

    def _is_ready(self) -> bool:
        if not self.is_alive:
            raise RuntimeError(f"{self.role} ended at its start:\n{self.tail()}")
        return self.log.exists() and self.said("ready")


@dataclass
class Site:
    """One installation: where its data are, who is known to it, and its processes."""

    values: Mapping[str, Any]
    """The settings that are not defaults, nested as `Settings` has them."""
    token: str = ""
    started: list[RoleProcess] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The settings, as every process of it reads them."""
        return Settings(**self.values).resolved()

    @property
    def dicom_port(self) -> int:
        """The port of its DICOM node."""
        return self.settings.dicom.port

    @property
    def spool_dir(self) -> Path:
        """Where its spool is."""
        assert self.settings.spool.dir is not None
        return self.settings.spool.dir

    def role(self, role: str = "node", **changes: Mapping[str, Any]) -> RoleProcess:
        """Make a process of a role; ``changes`` are settings of its own."""
        values = {**self.values}
        for section, fields in changes.items():
            values[section] = {**values.get(section, {}), **fields}
        log = self.settings.data_dir / f"{role}-{len(self.started)}.log"
        process = RoleProcess(role, environment_of(values), log)
        self.started.append(process)
        return process

    async def end(self) -> None:
        """Kill whatever still runs."""
        for process in self.started:
            if process.is_alive:
                await process.kill()

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[Services]:
        """Open its parts for reading in this process; nothing is drained or committed."""
        services = build_services(self.settings, role="test")
        services.spool.open()
        await services.stores.originals.open()
        try:
            yield services
        finally:
            await services.stores.originals.close()
            services.spool.close()
            await services.database.close()
            services.executor.shutdown()


async def found_site(
    data_dir: Path, database_url: str, objects_url: str | None = None, **sections: Mapping[str, Any]
) -> Site:
    """Found an installation over a migrated database: two institutions, a device and a person."""
    site = site_at(data_dir, database_url, objects_url, sections)
    services = build_services(site.settings, role="test")
    try:
        county = await services.institutions.create(
            NewInstitution(ORG, "county", "青禾县人民医院", "Qinghe County", Level.COUNTY)
        )
        township = await services.institutions.create(
            NewInstitution(
                ORG, "township1", "马渡镇卫生院", "Madu", Level.TOWNSHIP, parent_id=county
            )
        )
        await services.devices.register(NewDevice(ORG, township, DEVICE_AE))
        await services.people.create(
            NewPerson(township, "technician", "何样板", frozenset({Role.TOWNSHIP_TECHNICIAN})),
            password="a long enough password",
        )
        site.token = (await services.tokens.create("technician")).secret
    finally:
        await services.database.close()
        services.executor.shutdown()
    return site


def environment_of(values: Mapping[str, Any], prefix: str = "LIANZHEN_") -> dict[str, str]:
    """Return nested settings as the environment has them."""
    environment = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            environment.update(environment_of(value, f"{prefix}{name.upper()}__"))
        else:
            environment[f"{prefix}{name.upper()}"] = str(value)
    return environment


def site_at(
    data_dir: Path, database_url: str, objects_url: str | None, sections: dict[str, Any]
) -> Site:
    """Return an installation with ports of its own; nobody is known to it yet."""
    data_dir.mkdir(parents=True, exist_ok=True)
    return Site(
        {
            "data_dir": str(data_dir),
            "database": {"url": database_url, **sections.pop("database", {})},
            **({"objects": {"url": objects_url}} if objects_url is not None else {}),
            "http": {
                **{name: free_port() for name in ("port", "media_port", "worker_port")},
                **sections.pop("http", {}),
            },
            "dicom": {"port": free_port(), **sections.pop("dicom", {})},
            "spool": {"min_free_bytes": 1, **sections.pop("spool", {})},
            "logging": {"format": "json"},
            **sections,
        }
    )


def _serve(role: str, environment: Mapping[str, str], log: str) -> None:
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.environ.update(environment)
    sys.argv = ["lianzhen", "gateway"] if role == GATEWAY else ["lianzhen", "serve", "--role", role]
    main()


def _event(line: str) -> object:
    # A process killed while it wrote leaves half a line; Python's own warnings are none of ours.
    return json.loads(line).get("event") if line.startswith("{") and line.endswith("}\n") else None
