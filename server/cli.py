"""The command line: exit 0 for success, 1 for refused input (one clear line), 2 for wrong usage."""

import json
import re
import sys
import tempfile
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from dicom.dimse.calling import ScuError
from server import __version__
from server.app import build_app
from server.audit.key import load_or_create_key
from server.audit.verify import verify
from server.command import DEFAULT_ORG, Org, administer, configured, run
from server.core.addresses import ClientAddresses
from server.core.database import SQLAlchemyError, async_url
from server.core.errors import InvalidInput, LianzhenError
from server.core.objects.open import build_object_stores
from server.core.openapi import openapi_document
from server.core.settings import Settings
from server.demo import run_demo, serve_lan
from server.device_cli import app as device_app
from server.dicom_cli import app as dicom_app
from server.dicom_node.public import tls_context
from server.ecg_cli import app as ecg_app
from server.forwarding_cli import queue as queue_app
from server.forwarding_cli import routes as routes_app
from server.gateway_cli import app as gateway_app
from server.identity.institutions import NewInstitution
from server.identity.models import Level, Ownership, Role
from server.identity.people import Licence, NewPerson
from server.intake.scrub import ScrubReport
from server.migrations.run import migrate
from server.quarantine_cli import app as quarantine_app
from server.roles import RoleName, run_role, serve_all, serve_nodes, web_tls_context
from server.services import Services
from server.study_cli import app as study_app

app = typer.Typer(
    name="lianzhen",
    help="联诊 Lianzhen: telemedicine and remote diagnosis for county medical communities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
institutions = typer.Typer(help="Institutions 机构.", no_args_is_help=True)
users = typer.Typer(help="People who sign in 用户.", no_args_is_help=True)
tokens = typer.Typer(help="Bearer tokens of machines 令牌.", no_args_is_help=True)
audit = typer.Typer(help="The audit chain 审计.", no_args_is_help=True)
for name, group in {
    "institution": institutions,
    "user": users,
    "token": tokens,
    "device": device_app,
    "audit": audit,
    "ecg": ecg_app,
    "dicom": dicom_app,
    "study": study_app,
    "quarantine": quarantine_app,
    "gateway": gateway_app,
}.items():
    app.add_typer(group, name=name)
dicom_app.add_typer(routes_app, name="routes")
dicom_app.add_typer(queue_app, name="queue")


def main() -> None:
    """Run the command line; an expected failure is one line on stderr and exit 1."""
    try:
        app()
    except (LianzhenError, ScuError, SQLAlchemyError, ValueError, OSError) as error:
        typer.echo(f"lianzhen: {_one_line(error)}", err=True)
        sys.exit(1)


def _one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"setting {'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, SQLAlchemyError):
        # What the driver said, without the statement and its values.
        return f"the database: {getattr(error, 'orig', None) or type(error).__name__}".split("\n")[
            0
        ]
    return " ".join(str(error).split())


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lianzhen {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """联诊 Lianzhen."""


@app.command()
def serve(
    role: Annotated[RoleName | None, typer.Option(help="Run one role; all without it.")] = None,
) -> None:
    """Serve: every role as a child process, or one role here."""
    if role is None:
        run(serve_all(configured("supervisor")))
    elif role is RoleName.NODE and Settings().dicom.processes > 1:
        run(serve_nodes(configured("supervisor")))
    else:
        run_role(role)


@app.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema."""
    url = configured().resolved().database.url
    if url is not None:
        migrate(url.get_secret_value())
    typer.echo("the database has the newest schema")


@app.command()
def demo(
    host: Annotated[
        str | None,
        typer.Option(help="Address or name of this machine: serve its LAN over TLS there."),
    ] = None,
) -> None:
    """Run everything embedded, with institutions, people and a real CT and ECGs sent in."""
    certificates = serve_lan(host) if host else None
    run(run_demo(configured("demo"), certificates))


@app.command("check-config")
def check_config() -> None:
    """Check the settings without connecting anywhere, and show where things will live."""
    settings = configured().resolved()
    if settings.database.url is None or settings.objects.url is None:
        raise ValueError("resolved settings have every place")
    database = async_url(settings.database.url.get_secret_value())
    for url in filter(None, (settings.objects.url, settings.lifecycle.cold_url)):
        build_object_stores(url.get_secret_value(), executor=_NoExecutor())
    ClientAddresses(settings.http.trusted_proxies)
    if settings.dicom.tls_port is not None:
        tls_context(settings.dicom)
    web_tls_context(settings.http)
    typer.echo(f"data       {settings.data_dir}")
    typer.echo(f"database   {database.render_as_string(hide_password=True)}")
    typer.echo(f"objects    {settings.objects.url.get_secret_value().partition(':')[0]}")
    typer.echo(f"spool      {settings.spool.dir}")
    typer.echo(f"web        {settings.http.host}:{settings.http.port}")
    typer.echo(f"dicom      {settings.dicom.ae_title} {settings.dicom.host}:{settings.dicom.port}")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document 接口说明, as the web client's types are made from it."""
    with tempfile.TemporaryDirectory() as data_dir:
        made = build_app(Settings(data_dir=Path(data_dir)))
        document = openapi_document(made, version=__version__)
    typer.echo(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True))


@institutions.command("create")
def institution_create(
    code: Annotated[str, typer.Option(help="Short code, unique in its community.")],
    name_zh: Annotated[str, typer.Option(help="Chinese name.")],
    name_en: Annotated[str, typer.Option(help="English name.")],
    level: Annotated[Level, typer.Option(help="Where it stands in the region.")],
    ownership: Annotated[Ownership, typer.Option(help="Who runs it.")] = Ownership.PUBLIC,
    parent: Annotated[str | None, typer.Option(help="Code of the institution above it.")] = None,
    org: Org = DEFAULT_ORG,
) -> None:
    """Make an institution."""

    async def work(services: Services) -> None:
        parent_id = (await services.institutions.get(org, parent)).id if parent else None
        created = await services.institutions.create(
            NewInstitution(
                org=org,
                code=code,
                name_zh=name_zh,
                name_en=name_en,
                level=level,
                ownership=ownership,
                parent_id=parent_id,
            )
        )
        typer.echo(created)

    administer(work)


@institutions.command("list")
def institution_list(org: Org = DEFAULT_ORG) -> None:
    """List the institutions of a community."""

    async def work(services: Services) -> None:
        for each in await services.institutions.list(org):
            typer.echo(
                f"{each.code}\t{each.level}\t{each.ownership}\t{each.name_zh}\t{each.name_en}"
            )

    administer(work)


@users.command("create")
def user_create(
    login: Annotated[str, typer.Option(help="What they sign in with.")],
    name: Annotated[str, typer.Option(help="How they are called.")],
    institution: Annotated[str, typer.Option(help="Code of their institution.")],
    role: Annotated[list[Role], typer.Option(help="A role; may be given several times.")],
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password; asked for without it.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Physician's licence number 执业证书编号.")
    ] = None,
    licence_scope: Annotated[str, typer.Option(help="Scope of the licence 执业范围.")] = "",
    licence_until: Annotated[
        str | None, typer.Option(help="Last day of validity, YYYY-MM-DD.")
    ] = None,
    signs: Annotated[bool, typer.Option(help="May sign reports alone 独立签发.")] = False,
    org: Org = DEFAULT_ORG,
) -> None:
    """Make a person who may sign in."""
    if password_file is not None:
        password = password_file.read_text().strip("\r\n")
    else:
        password = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    until = date.fromisoformat(licence_until) if licence_until else None

    async def work(services: Services) -> None:
        home = await services.institutions.get(org, institution)
        created = await services.people.create(
            NewPerson(
                login=login,
                display_name=name,
                institution_id=home.id,
                roles=frozenset(role),
                licence=Licence(licence, licence_scope, until) if licence else None,
                signs_independently=signs,
            ),
            password=password,
        )
        typer.echo(created)

    administer(work)


@tokens.command("create")
def token_create(
    user: Annotated[str, typer.Option(help="Login of the person it stands for.")],
    ttl: Annotated[
        str | None,
        typer.Option(help="How long it is valid: 3600, 90m, 12h, 30d; else until revoked."),
    ] = None,
) -> None:
    """Make a bearer token and print it, once."""

    async def work(services: Services) -> None:
        created = await services.tokens.create(user, ttl=_duration(ttl) if ttl else None)
        typer.echo(created.secret)

    administer(work)


_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,9})([smhd]?)", text)
    if found is None:
        raise typer.BadParameter("write it like 3600, 90m, 12h or 30d")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


@app.command()
def scrub(
    remove_orphans: Annotated[
        bool, typer.Option("--remove-orphans", help="Remove from the store what no row names.")
    ] = False,
) -> None:
    """Check every stored object against its digest, and the store against the index."""

    def show(report: ScrubReport) -> None:
        if sys.stderr.isatty():
            typer.echo(
                f"\r{report.checked} objects, {report.checked_bytes >> 20} MiB", err=True, nl=False
            )

    async def work(services: Services) -> None:
        async with AsyncExitStack() as stack:
            await services.stores.originals.open()
            stack.push_async_callback(services.stores.originals.close)
            services.spool.open()
            stack.callback(services.spool.close)
            report = await services.scrub.run(remove_orphans=remove_orphans, progress=show)
        for key, condition in report.damaged_keys:
            typer.echo(f"{key}: {condition}", err=True)
        for key in report.orphan_keys:
            typer.echo(f"{key}: no row names it", err=True)
        typer.echo(
            f"{report.checked} objects, {report.checked_bytes >> 20} MiB: {report.damaged} damaged,"
            f" {report.restored} restored, {report.orphans} orphans ({report.removed} removed),"
            f" {report.elsewhere} in other hosts' spools"
        )
        if report.damaged:
            raise InvalidInput(
                f"{report.damaged} objects are damaged: send them again, or restore a backup"
            )

    administer(work)


@audit.command("verify")
def audit_verify() -> None:
    """Check every chain for edits, deletions, reordering and truncation."""

    async def work(services: Services) -> None:
        settings = services.settings
        if settings.audit.key_file is None:
            raise ValueError("resolved settings have every place")
        key = load_or_create_key(settings.audit.key_file)
        report = await verify(services.database, key, settings.data_dir)
        for finding in report.findings:
            place = finding.where if finding.seq is None else f"{finding.where} row {finding.seq}"
            typer.echo(f"{place}: {finding.damage}: {finding.detail}", err=True)
        if not report.is_intact:
            count = len(report.findings) + report.more_findings
            raise InvalidInput(f"the audit is damaged in {count} places")
        typer.echo(
            f"the audit is whole: {report.events} events in {report.chains} chains, "
            f"{report.anchors} anchors"
        )

    administer(work)


class _NoExecutor(Executor):
    """Stands where nothing is run: checking settings connects nowhere."""
