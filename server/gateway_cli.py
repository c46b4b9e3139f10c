"""``lianzhen gateway``: run a township's gateway, or say how it is."""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from sqlalchemy.engine import URL

from server.core.errors import NotFound
from server.core.logging import configure_logging
from server.core.settings import Settings
from server.gateway.overview import ago
from server.gateway.schemas import OverviewOut
from server.gateway_process import build_gateway, run_gateway

app = typer.Typer(
    help="A township's gateway 乡镇网关: keeps what devices send, carries it to the county."
)
_MIB: Final = 1 << 20


@app.callback(invoke_without_command=True)
def gateway(context: typer.Context) -> None:
    """Receive from local devices and forward to the county, until stopped."""
    if context.invoked_subcommand is None:
        settings = Settings()
        configure_logging(settings.logging, role="gateway")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_gateway(settings))


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="As one line of JSON.")] = False,
) -> None:
    """Say how the gateway is, whether it runs or not; exit 1 where somebody must do something."""
    settings = Settings()
    configure_logging(settings.logging, role="cli")
    found, lines = asyncio.run(_read(settings))
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        for line in lines:
            typer.echo(line)
    if found.fault is not None or found.refused or found.is_full:
        raise typer.Exit(1)


async def _read(settings: Settings) -> tuple[OverviewOut, list[str]]:
    gateway = build_gateway(settings)
    services = gateway.services
    database = services.database
    try:
        if database.is_sqlite and not _is_there(database.url):
            raise NotFound(f"there is no gateway's data in {services.settings.data_dir}")
        found = await gateway.overview.read()
    finally:
        await services.database.close()
        services.executor.shutdown()
    now = services.clock.now()
    lines = [
        f"县级 county      {found.county_url}",
        f"最近联系 contact {ago(found.contacted_at, now)}",
        f"待发 waiting     {found.waiting} ({found.waiting_bytes // _MIB} MiB)",
        f"其中急 emergencies {found.waiting_emergencies}",
        f"已确认 confirmed {found.confirmed}",
        f"未收 refused     {found.refused}",
        f"隔离 quarantined {found.quarantined}",
        f"剩余空间 free    {found.free_bytes // _MIB} MiB",
    ]
    if found.fault is not None:
        lines += [
            f"故障 fault       {found.fault.fault}: {found.fault_detail or ''}",
            f"  {found.fault.zh}",
            f"  {found.fault.en}",
        ]
    if found.is_full:
        lines.append("磁盘将满，设备的检查不再接收 the disk is nearly full: devices are refused")
    return found, lines


def _is_there(database: URL) -> bool:
    return Path(str(database.database)).exists()
