"""``lianzhen study``: what the operator does with whole studies."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from dicom.confidentiality import Option
from server.core.errors import InvalidInput
from server.core.logging import configure_logging
from server.core.settings import Settings
from server.exports.public import Deidentification, Export
from server.services import Services, build_services

app = typer.Typer(help="Studies 检查.", no_args_is_help=True)


@asynccontextmanager
async def _services() -> AsyncIterator[Services]:
    """Open what reading originals needs: the database, the stores and this host's spool."""
    settings = Settings()
    configure_logging(settings.logging, role="cli")
    services = build_services(settings, role="cli")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(services.database.close)
        await services.stores.originals.open()
        stack.push_async_callback(services.stores.originals.close)
        services.spool.open()
        stack.callback(services.spool.close)
        yield services


@app.command("export")
def export_study(
    study_uid: Annotated[str, typer.Argument(help="Study Instance UID.")],
    out: Annotated[Path, typer.Argument(help="ZIP to write; one that is there is not replaced.")],
    org: Annotated[str, typer.Option(help="Community 医共体 that the study is in.")] = "default",
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="Without who it is of (PS3.15 Annex E) 去标识化.")
    ] = False,
    option: Annotated[
        list[Option] | None, typer.Option(help="An option of the profile; may be repeated.")
    ] = None,
    leave_out_burned_in: Annotated[
        bool,
        typer.Option("--leave-out-burned-in", help="Go on without what may have a name in it."),
    ] = False,
) -> None:
    """Write a study as a ZIP with DICOMDIR 导出检查."""
    if option and not deidentify:
        raise typer.BadParameter("--option goes with --deidentify")
    how = Deidentification(frozenset(option or ()), leave_out_burned_in) if deidentify else None
    if out.exists():
        raise InvalidInput(f"{out} is there already")
    part = out.with_name(f".{out.name}.part")

    async def work() -> Export:
        async with _services() as services:
            export = await services.exporter.export_by_uid(org, study_uid, how)
            with part.open("wb") as file:
                async for block in export.blocks:
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            return export

    try:
        export = asyncio.run(work())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"{out}: {export.objects} objects, {out.stat().st_size} bytes")
