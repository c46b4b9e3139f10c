"""``lianzhen study``: what the operator does with whole studies."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from dicom.confidentiality import Option
from server.core.errors import InvalidInput, NotFound
from server.core.logging import configure_logging
from server.core.settings import Settings
from server.exports.public import Deidentification, Export
from server.identity.public import Actor, ActorKind
from server.lifecycle.public import LifecycleOut
from server.services import Services, build_services
from server.studies.public import Study

app = typer.Typer(help="Studies 检查.", no_args_is_help=True)
StudyUid = Annotated[str, typer.Argument(help="Study Instance UID.")]
Org = Annotated[str, typer.Option(help="Community 医共体 that the study is in.")]


@asynccontextmanager
async def _services() -> AsyncIterator[Services]:
    """Open what reading originals needs: the database, the stores and this host's spool."""
    settings = Settings()
    configure_logging(settings.logging, role="cli")
    services = build_services(settings, role="cli")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(services.database.close)
        for store in (services.stores.originals, services.stores.derived):
            await store.open()
            stack.push_async_callback(store.close)
        services.spool.open()
        stack.callback(services.spool.close)
        yield services


async def _operator(services: Services, org: str, study_uid: str) -> tuple[Actor, str]:
    """Return who the operator acts as, at the study's own institution, and the study's id."""
    async with services.database.reading() as session:
        found = (
            await session.execute(
                select(Study.id, Study.owner_institution_id).where(
                    Study.org == org, Study.study_instance_uid == study_uid
                )
            )
        ).one_or_none()
    if found is None:
        raise NotFound(f"community {org} has no study {study_uid}")
    study_id, institution = found
    actor = Actor(ActorKind.SYSTEM, "operator", org, institution, frozenset(), "command line")
    return actor, study_id


@app.command()
def status(study_uid: StudyUid, org: Org = "default") -> None:
    """Show how long a study is kept, its holds and its deletions 保存期限."""

    async def work() -> LifecycleOut:
        async with _services() as services:
            return await services.lifecycle.of_study(*await _operator(services, org, study_uid))

    _show(asyncio.run(work()))


@app.command()
def hold(
    study_uid: StudyUid,
    reason: Annotated[str, typer.Option(help="Why: a case, an order.")],
    whole_patient: Annotated[
        bool, typer.Option("--whole-patient", help="Every study of its patient, later ones too.")
    ] = False,
    org: Org = "default",
) -> None:
    """Put a study under legal hold 法律保全; the medical office lifts it."""

    async def work() -> LifecycleOut:
        async with _services() as services:
            actor, study_id = await _operator(services, org, study_uid)
            await services.lifecycle.place_hold(
                actor, study_id, reason, whole_patient=whole_patient
            )
            return await services.lifecycle.of_study(actor, study_id)

    _show(asyncio.run(work()))


@app.command()
def chores() -> None:
    """Do now what the worker does by itself: purge what is due, move studies between stores."""

    async def work() -> tuple[int, int]:
        async with _services() as services:
            return await services.purger.run(), await services.tiering.run()

    purged, moved = asyncio.run(work())
    typer.echo(f"{purged} studies purged, {moved} moved")


def _show(found: LifecycleOut) -> None:
    typer.echo(
        f"kept as {found.retention_class} until {found.retained_until}"
        f" (last visit {found.last_visit}){', hidden' if found.is_hidden else ''}"
    )
    for each in found.holds:
        covers = "patient" if each.whole_patient else "study"
        typer.echo(f"hold on the {covers} since {each.placed_at:%Y-%m-%d}: {each.reason}")
    for one in found.deletions:
        typer.echo(f"deletion {one.state}, asked for {one.requested_at:%Y-%m-%d}: {one.reason}")


@app.command("export")
def export_study(
    study_uid: StudyUid,
    out: Annotated[Path, typer.Argument(help="ZIP to write; one that is there is not replaced.")],
    org: Org = "default",
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
