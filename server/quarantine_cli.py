"""``lianzhen quarantine``: what was refused and kept for review."""

from typing import Annotated

import typer

from server.command import DEFAULT_ORG, Org, administer
from server.services import Services

app = typer.Typer(help="Refused objects, kept for review 隔离区.", no_args_is_help=True)


@app.command("list")
def list_held(
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    org: Org = DEFAULT_ORG,
) -> None:
    """List what is held, the newest first: id, when, institution, source, bytes, UID, why."""

    async def work(services: Services) -> None:
        codes = {each.id: each.code for each in await services.institutions.list(org)}
        for each in await services.quarantine.list(org, limit=limit):
            size = "-" if each.size is None else str(each.size)
            typer.echo(
                f"{each.id}\t{each.received_at:%Y-%m-%d %H:%M:%S}\t"
                f"{codes.get(each.institution_id)}\t{each.source}\t{size}\t"
                f"{each.sop_instance_uid or '-'}\t{each.reason}: {each.detail}"
            )

    administer(work)


@app.command()
def remove(
    held: Annotated[list[str], typer.Argument(help="Ids, as the list has them.", metavar="ID...")],
    org: Org = DEFAULT_ORG,
) -> None:
    """Remove objects for good, with their bytes unless something else needs these; audited."""

    async def work(services: Services) -> None:
        store = services.stores.originals
        await store.open()
        try:
            for each in held:
                gone = await services.quarantine.remove(org, each)
                typer.echo(f"{each}\t{'removed' if gone else 'removed; no bytes went with it'}")
        finally:
            await store.close()

    administer(work)
