"""``lianzhen dicom routes`` and ``lianzhen dicom queue``: what goes on to other archives."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from server.command import DEFAULT_ORG, Org, administer
from server.forwarding.public import Conditions, JobState, NewRoute, Priority
from server.services import Services

routes = typer.Typer(help="Routes to other archives 转发规则: list, add, enable, disable, remove.")
queue = typer.Typer(
    help="What other archives do not have yet 转发队列: list, add, show, retry, drop."
)

RouteId = Annotated[str, typer.Argument(help="Id of a route, as the list has it.", metavar="ROUTE")]
JobId = Annotated[str, typer.Argument(help="Id of a study's way, as the list has it.")]


@routes.callback(invoke_without_command=True)
def list_routes(context: typer.Context, org: Org = DEFAULT_ORG) -> None:
    """List the routes, the oldest first."""
    if context.invoked_subcommand is not None:
        return

    async def work(services: Services) -> None:
        codes = {each.id: each.code for each in await services.institutions.list(org)}
        for known in await services.routes.list(org):
            route = known.route
            asked = [
                *(f"source {each}" for each in route.conditions.source_aes),
                *(f"institution {codes.get(each)}" for each in route.conditions.institution_ids),
                *(f"modality {each}" for each in route.conditions.modalities),
                *(f"station {each}" for each in route.conditions.stations),
                *(f"description {each}" for each in route.conditions.descriptions),
            ]
            typer.echo(
                f"{known.id}\t{known.destination_ae or '-'}\t{route.priority}\t"
                f"{'on' if route.is_enabled else 'off'}\t{', '.join(asked) or 'everything'}"
            )

    administer(work)


@routes.command("add")
def add_route(
    to: Annotated[
        str, typer.Option("--to", help="AE title, or id, of a device registered with an address.")
    ],
    source_ae: Annotated[
        list[str] | None, typer.Option(help="AE title of who sent it; * and ? stand; repeatable.")
    ] = None,
    institution: Annotated[
        list[str] | None, typer.Option(help="Code of the institution that sent it.")
    ] = None,
    modality: Annotated[list[str] | None, typer.Option(help="Modality.")] = None,
    station: Annotated[list[str] | None, typer.Option(help="Station name.")] = None,
    description: Annotated[
        list[str] | None, typer.Option(help="Description of study or series, or protocol.")
    ] = None,
    priority: Annotated[Priority, typer.Option(help="What goes first.")] = Priority.MEDIUM,
    org: Org = DEFAULT_ORG,
) -> None:
    """Make a route: what matches one pattern of each kind given goes on; print its id."""

    async def work(services: Services) -> None:
        destination = await _destination(services, org, to)
        homes = [await services.institutions.get(org, code) for code in institution or ()]
        conditions = Conditions(
            tuple(source_ae or ()),
            tuple(home.id for home in homes),
            tuple(modality or ()),
            tuple(station or ()),
            tuple(description or ()),
        )
        typer.echo(await services.routes.create(org, NewRoute(destination, conditions, priority)))

    administer(work)


async def _destination(services: Services, org: str, to: str) -> str:
    known = {each.actor.id for each in await services.devices.destinations(org)}
    return to if to in known else await services.routes.destination_id(org, to)


@routes.command("enable")
def enable_route(route: RouteId, org: Org = DEFAULT_ORG) -> None:
    """Let a route lead on again."""
    _switch(org, route, is_enabled=True)


@routes.command("disable")
def disable_route(route: RouteId, org: Org = DEFAULT_ORG) -> None:
    """Let a route lead nowhere for a while; what is queued already goes on."""
    _switch(org, route, is_enabled=False)


def _switch(org: str, route_id: str, *, is_enabled: bool) -> None:
    async def work(services: Services) -> None:
        known = await services.routes.one(org, route_id)
        await services.routes.change(org, route_id, replace(known.route, is_enabled=is_enabled))

    administer(work)


@routes.command("remove")
def remove_route(route: RouteId, org: Org = DEFAULT_ORG) -> None:
    """Take a route back; what is queued already goes on."""

    async def work(services: Services) -> None:
        await services.routes.remove(org, route)

    administer(work)


@queue.callback(invoke_without_command=True)
def list_queue(
    context: typer.Context,
    state: Annotated[JobState | None, typer.Option(help="Only what stands so.")] = None,
    limit: Annotated[int, typer.Option(help="Studies at most.", min=1, max=1000)] = 50,
    org: Org = DEFAULT_ORG,
) -> None:
    """List destinations, and studies on their way, what changed last first."""
    if context.invoked_subcommand is not None:
        return

    async def work(services: Services) -> None:
        for each in await services.forwards.destinations(org):
            well = "takes objects"
            if each.out_since is not None and each.retry_at is not None:
                well = (
                    f"out since {_time(each.out_since)}, tried {each.failures} times, "
                    f"again at {_time(each.retry_at)}: {each.reason}"
                )
            typer.echo(
                f"{each.ae_title}\t{each.host}:{each.port}\t{each.waiting} waiting, "
                f"{each.failed} failed\t{well}"
            )
        found, _ = await services.forwards.jobs(org, state=state, limit=limit, before=None)
        for job in found:
            typer.echo(
                f"{job.id}\t{job.destination_ae}\t{job.study_instance_uid}\t"
                f"{'sending' if job.is_sending else job.state}\t{job.priority}\t"
                f"{job.sent} sent, {job.waiting} waiting, {job.failed} failed\t{job.reason or ''}"
            )

    administer(work)


@queue.command("add")
def add_study(
    study: Annotated[str, typer.Argument(help="Study Instance UID.", metavar="STUDY")],
    to: Annotated[
        str, typer.Option("--to", help="AE title, or id, of a device registered with an address.")
    ],
    priority: Annotated[Priority, typer.Option(help="What goes first.")] = Priority.MEDIUM,
    org: Org = DEFAULT_ORG,
) -> None:
    """Send a whole study, whatever the routes say; print the id of its way."""

    async def work(services: Services) -> None:
        destination = await _destination(services, org, to)
        typer.echo(await services.sending.send(org, study, destination, priority))

    administer(work)


@queue.command("show")
def show_job(job: JobId, org: Org = DEFAULT_ORG) -> None:
    """Say which objects of a study were not taken, and why."""

    async def work(services: Services) -> None:
        _, troubles = await services.forwards.job(org, job)
        for each in troubles:
            then = "given up" if each.is_final else f"again at {_time(each.due_at)}"
            typer.echo(
                f"{each.sop_instance_uid}\ttried {each.attempts} times, {then}\t{each.reason}"
            )

    administer(work)


@queue.command("retry")
def retry_job(job: JobId, org: Org = DEFAULT_ORG) -> None:
    """Try everything of a study again now, what was given up, too."""

    async def work(services: Services) -> None:
        await services.forwards.retry(org, job)

    administer(work)


@queue.command("drop")
def drop_job(job: JobId, org: Org = DEFAULT_ORG) -> None:
    """Give up what the destination does not have of a study yet."""

    async def work(services: Services) -> None:
        await services.forwards.drop(org, job)

    administer(work)


def _time(moment: datetime) -> str:
    return moment.astimezone().isoformat(timespec="seconds")
