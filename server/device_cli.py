"""``lianzhen device``: which devices may call, from where, as whom, and how much.

A change holds for a running node within seconds: it is there for new associations, and ends those
of a device that would not be let in any more.
"""

import hashlib
import ssl
from pathlib import Path
from typing import Annotated

import typer

from server.command import DEFAULT_ORG, Org, administer
from server.core.errors import InvalidInput, NotFound
from server.dicom_node.public import (
    DeviceAddress,
    DeviceBudget,
    DeviceChange,
    DeviceCharset,
    NewDevice,
    RegisteredDevice,
)
from server.services import Services

app = typer.Typer(help="DICOM devices 设备.", no_args_is_help=True)

Device = Annotated[str, typer.Argument(help="Its id, or its AE title where only one has it.")]
Network = Annotated[
    list[str] | None, typer.Option(help="Address or network it calls from; repeatable.")
]
Certificate = Annotated[
    list[str] | None,
    typer.Option(
        help="Certificate it may show: a PEM file, or its SHA-256 fingerprint; repeatable."
    ),
]
Subject = Annotated[str | None, typer.Option(help="Subject of its TLS certificate, commonName=…")]
Username = Annotated[str | None, typer.Option(help="User it must say it is (user identity).")]
Passcode = Annotated[Path | None, typer.Option(help="File with that user's passcode.")]
Associations = Annotated[
    int | None, typer.Option(min=0, help="Its own budget; 0 for the usual one.")
]
Objects = Annotated[int | None, typer.Option(min=0, help="Its own budget; 0 for the usual one.")]
Bytes = Annotated[int | None, typer.Option(min=0, help="Its own budget; 0 for the usual one.")]


@app.command()
def create(
    ae_title: Annotated[str, typer.Option(help="Its calling AE title.")],
    institution: Annotated[str, typer.Option(help="Code of its institution.")],
    network: Network = None,
    certificate_subject: Subject = None,
    certificate: Certificate = None,
    username: Username = None,
    passcode_file: Passcode = None,
    associations_per_minute: Associations = None,
    objects_per_minute: Objects = None,
    bytes_per_hour: Bytes = None,
    description: Annotated[str | None, typer.Option(help="What it is.")] = None,
    may_query: Annotated[
        bool, typer.Option("--may-query", help="It may search and retrieve, besides sending.")
    ] = False,
    worklist: Annotated[
        bool, typer.Option("--worklist", help="It may ask for its institution's worklist.")
    ] = False,
    charset: Annotated[
        DeviceCharset | None,
        typer.Option(help="What it can read; else it is answered as it asks, or in UTF-8."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Where it listens: what is retrieved may be sent there.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port it listens on.")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="It listens for TLS there.")] = False,
    org: Org = DEFAULT_ORG,
) -> None:
    """Register a DICOM device."""
    if (host is None) != (port is None) or (tls and host is None):
        raise typer.BadParameter("--host and --port belong together, and --tls to them")
    address = DeviceAddress(host, port, tls) if host is not None and port is not None else None

    async def work(services: Services) -> None:
        home = await services.institutions.get(org, institution)
        created = await services.devices.register(
            NewDevice(
                org=org,
                institution_id=home.id,
                ae_title=ae_title,
                networks=tuple(network or ()),
                certificate_subject=certificate_subject,
                certificates_sha256=tuple(map(_fingerprint, certificate or ())),
                username=username,
                passcode=_passcode(passcode_file),
                budget=DeviceBudget(
                    associations_per_minute or None,
                    objects_per_minute or None,
                    bytes_per_hour or None,
                ),
                description=description,
                may_query=may_query,
                may_see_worklist=worklist,
                charset=charset,
                address=address,
            )
        )
        typer.echo(created)

    administer(work)


@app.command("list")
def list_devices(org: Org = DEFAULT_ORG) -> None:
    """List the devices of a community: id, AE title, institution, from where, as whom, state."""

    async def work(services: Services) -> None:
        institutions = {each.id: each.code for each in await services.institutions.list(org)}
        for device in await services.devices.registered(org):
            typer.echo("\t".join(_described(device, institutions[device.institution_id])))

    administer(work)


@app.command()
def change(
    device: Device,
    network: Network = None,
    any_network: Annotated[
        bool, typer.Option("--any-network", help="It may call from anywhere.")
    ] = False,
    certificate_subject: Subject = None,
    certificate: Certificate = None,
    no_certificate: Annotated[
        bool, typer.Option("--no-certificate", help="It calls without TLS, and not over it.")
    ] = False,
    username: Username = None,
    passcode_file: Passcode = None,
    no_user: Annotated[bool, typer.Option("--no-user", help="It need not say who it is.")] = False,
    associations_per_minute: Associations = None,
    objects_per_minute: Objects = None,
    bytes_per_hour: Bytes = None,
    may_query: Annotated[
        bool | None,
        typer.Option("--may-query/--no-may-query", help="Whether it may search and retrieve."),
    ] = None,
    worklist: Annotated[
        bool | None, typer.Option("--worklist/--no-worklist", help="Whether it may ask for it.")
    ] = None,
    org: Org = DEFAULT_ORG,
) -> None:
    """Change what a device may; lists that are given take the place of those before."""
    _contradict(any_network, network, "--any-network and --network")
    _contradict(no_certificate, certificate or certificate_subject, "--no-certificate and one")
    _contradict(no_user, username or passcode_file, "--no-user and one")
    wanted = DeviceChange(
        networks=() if any_network else tuple(network) if network else None,
        certificate_subject="" if no_certificate else certificate_subject,
        certificates_sha256=(
            () if no_certificate else tuple(map(_fingerprint, certificate)) if certificate else None
        ),
        username="" if no_user else username,
        passcode=_passcode(passcode_file),
        associations_per_minute=associations_per_minute,
        objects_per_minute=objects_per_minute,
        bytes_per_hour=bytes_per_hour,
        may_query=may_query,
        may_see_worklist=worklist,
    )
    _change(org, device, wanted)


@app.command()
def disable(device: Device, org: Org = DEFAULT_ORG) -> None:
    """Switch a device off: it is out within seconds, and what it sent stays."""
    _change(org, device, DeviceChange(is_enabled=False))


@app.command()
def enable(device: Device, org: Org = DEFAULT_ORG) -> None:
    """Switch a device on again."""
    _change(org, device, DeviceChange(is_enabled=True))


def _change(org: str, device: str, wanted: DeviceChange) -> None:
    async def work(services: Services) -> None:
        known = await services.devices.registered(org)
        found = [each for each in known if device in {each.id, each.ae_title}]
        if not found:
            raise NotFound(f"there is no device {device}; see lianzhen device list")
        if len(found) > 1:
            raise InvalidInput(f"{len(found)} devices are called {device}: name one by its id")
        await services.devices.change(org, found[0].id, wanted)
        typer.echo(found[0].id)

    administer(work)


def _contradict(takes_away: bool, given: object, what: str) -> None:
    if takes_away and given:
        raise typer.BadParameter(f"{what} contradict each other")


def _passcode(path: Path | None) -> str | None:
    return path.read_text().strip("\r\n") if path is not None else None


def _fingerprint(text: str) -> str:
    path = Path(text)
    if not path.is_file():
        return text
    try:
        encoded = ssl.PEM_cert_to_DER_cert(path.read_text().strip())
    except ValueError as error:
        raise InvalidInput(f"{path.name} is no single certificate in PEM") from error
    return hashlib.sha256(encoded).hexdigest()


def _described(device: RegisteredDevice, institution: str) -> list[str]:
    certificates = [device.certificate_subject, *(each[:16] for each in device.certificates_sha256)]
    return [
        device.id,
        device.ae_title,
        institution,
        ",".join(device.networks) or "anywhere",
        ";".join(filter(None, certificates)) or "no TLS",
        (device.username or "nobody") + (" with a passcode" if device.has_passcode else ""),
        "on" if device.disabled_at is None else "off",
    ]
