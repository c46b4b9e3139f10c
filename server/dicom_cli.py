"""``lianzhen dicom``: ask another node, and send to it, without a server."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from dicom.dimse.calling import PeerAddress, RefusedError, ScuError
from dicom.dimse.information_models import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)
from dicom.dimse.limits import DimseLimits
from dicom.dimse.outgoing import OutgoingObject, outgoing_file
from dicom.dimse.proposal import MOST_CONTEXTS, Proposal
from dicom.dimse.requestor import Requestor, associate
from dicom.dimse.retrieving import Retrieved, get, get_proposal, move
from dicom.dimse.scu import Scu, echo_proposal, query_proposal, store_proposal
from dicom.faults import DicomFormatError
from dicom.uids import is_uid
from dicom.values import BINARY_NUMBERS
from dicom.web.dicom_json import to_bytes
from server.core.settings import Settings
from server.dicom_node.bounds import dimse_limits
from server.dicom_node.calling import CallingEntity
from server.lazy_group import lazy_group
from server.received_files import ReceivedFiles

REFUSED: Final = 1
_AT_ONCE: Final = 1000

app = typer.Typer(
    cls=lazy_group(
        {"routes": "server.forwarding_cli:routes", "queue": "server.forwarding_cli:queue"}
    ),
    help="其他 DICOM 节点 Other DICOM nodes: ask them, send to them.",
    no_args_is_help=True,
)


class RetrieveLevel(StrEnum):
    """What is asked for."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


Host = Annotated[str, typer.Argument(help="Name or address of the node.", metavar="HOST")]
Port = Annotated[int, typer.Argument(help="Its port.", min=1, max=65_535, metavar="PORT")]
Called = Annotated[str, typer.Option("--called", help="Its AE title.")]
Calling = Annotated[str | None, typer.Option("--calling", help="Our AE title; else as the node's.")]
Tls = Annotated[
    bool, typer.Option("--tls", help="Call over TLS, with LIANZHEN_DICOM__TLS_… as the node does.")
]
Level = Annotated[RetrieveLevel, typer.Option("--level", help="What is asked for.")]
Keys = Annotated[
    list[str], typer.Argument(help="Keyword=value, or a keyword to return.", metavar="KEY...")
]
_ANY_SCP: Final = "ANY-SCP"


@app.command()
def echo(
    host: Host,
    port: Port,
    *,
    called: Called = _ANY_SCP,
    calling: Calling = None,
    tls: Tls = False,
) -> None:
    """Ask whether a node is there."""

    async def work() -> None:
        async with _associated(host, port, called, calling, tls, echo_proposal()) as requestor:
            status = await Scu(requestor).echo()
        if status:
            raise RefusedError(status, None)
        typer.echo(f"{host}:{port} answers")

    asyncio.run(work())


@app.command()
def send(
    host: Host,
    port: Port,
    paths: Annotated[
        list[Path], typer.Argument(help="DICOM files, or folders of them.", metavar="FILE...")
    ],
    *,
    called: Called = _ANY_SCP,
    calling: Calling = None,
    tls: Tls = False,
) -> None:
    """Send files as they are; those refused are told one by one, and the others go on."""

    async def work() -> int:
        sending = _Sending()
        files = _files(paths)
        try:
            while batch := _batch(files, sending):
                while batch:
                    proposal = store_proposal(each for _, each in batch)
                    async with _associated(host, port, called, calling, tls, proposal) as requestor:
                        batch = await sending.send(requestor, batch)
        finally:
            sending.summarise()
        return sending.failed

    _exit(asyncio.run(work()))


@app.command()
def find(
    host: Host,
    port: Port,
    keys: Keys,
    *,
    level: Level = RetrieveLevel.STUDY,
    most: Annotated[int, typer.Option(help="Stop after so many matches.", min=1)] = 1_000,
    called: Called = _ANY_SCP,
    calling: Calling = None,
    tls: Tls = False,
) -> None:
    """Search a node; each match is one line of DICOM JSON."""
    wanted = _identifier(level, keys)
    model = PATIENT_ROOT_FIND if level is RetrieveLevel.PATIENT else STUDY_ROOT_FIND

    async def work() -> None:
        async with _associated(
            host, port, called, calling, tls, query_proposal(model)
        ) as requestor:
            matches: AsyncGenerator[Dataset, None] = Scu(requestor).find(model, wanted)
            found = 0
            async with aclosing(matches):
                async for match in matches:
                    typer.echo(to_bytes(match).decode())
                    found += 1
                    if found == most:
                        typer.echo(f"lianzhen: stopped after {most} matches", err=True)
                        break

    asyncio.run(work())


@app.command("get")
def get_objects(
    host: Host,
    port: Port,
    keys: Keys,
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    *,
    level: Level = RetrieveLevel.STUDY,
    syntax: Annotated[
        list[str] | None,
        typer.Option(help="UID of a transfer syntax wanted before the uncompressed; repeatable."),
    ] = None,
    called: Called = _ANY_SCP,
    calling: Calling = None,
    tls: Tls = False,
) -> None:
    """Retrieve objects by C-GET, each into a file of its SOP instance UID."""
    wanted = _identifier(level, keys)
    if not all(map(is_uid, syntax or ())):
        raise typer.BadParameter("a transfer syntax is a UID")
    model = PATIENT_ROOT_GET if level is RetrieveLevel.PATIENT else STUDY_ROOT_GET

    async def work() -> int:
        out.mkdir(parents=True, exist_ok=True)
        proposal = get_proposal(model, syntax or ())
        async with _associated(host, port, called, calling, tls, proposal) as requestor:
            return _told(
                await get(requestor, model, wanted, ReceivedFiles(out), _progress), f"in {out}"
            )

    _exit(asyncio.run(work()))


@app.command("move")
def move_objects(
    host: Host,
    port: Port,
    keys: Keys,
    to: Annotated[
        str, typer.Option("--to", help="AE title of the destination, whose address the node knows.")
    ],
    *,
    level: Level = RetrieveLevel.STUDY,
    timeout: Annotated[
        float, typer.Option(help="Seconds to wait for each word of progress.", min=1)
    ] = 600.0,
    called: Called = _ANY_SCP,
    calling: Calling = None,
    tls: Tls = False,
) -> None:
    """Have a node send objects to another by C-MOVE."""
    wanted = _identifier(level, keys)
    model = PATIENT_ROOT_MOVE if level is RetrieveLevel.PATIENT else STUDY_ROOT_MOVE
    limits = DimseLimits(response_s=timeout)

    async def work() -> int:
        proposal = query_proposal(model)
        async with _associated(host, port, called, calling, tls, proposal, limits) as requestor:
            return _told(await move(requestor, model, wanted, to, _progress), f"sent to {to}")

    _exit(asyncio.run(work()))


@app.command()
def conformance(
    statement: Annotated[Path, typer.Argument(help="The statement to write anew.")] = Path(
        "dicom/README.md"
    ),
) -> None:
    """Write the conformance statement's tables anew, as a node with these settings negotiates."""
    from server.dicom_node.conformance import (  # noqa: PLC0415 -- seconds, for this alone
        negotiator_of,
        sections,
        written_anew,
    )

    limits = dimse_limits(Settings().dicom)
    try:
        text = statement.read_text(encoding="utf-8")
        statement.write_text(
            written_anew(text, sections(negotiator_of(limits), limits)), encoding="utf-8"
        )
    except OSError as error:
        typer.echo(f"{statement}: {error.strerror}", err=True)
        raise typer.Exit(REFUSED) from error


def _told(how: Retrieved, where: str) -> int:
    """Tell how a retrieval went, and return how many objects failed."""
    _progress(None)
    typer.echo(f"{how.completed + how.warnings} objects {where}")
    if how.failed:
        reason = how.comment or "the node does not say why"
        typer.echo(f"lianzhen: {how.failed} objects failed: {reason}", err=True)
    return how.failed


def _associated(
    host: str,
    port: int,
    called: str,
    calling: str | None,
    tls: bool,
    proposal: Proposal,
    limits: DimseLimits | None = None,
) -> AbstractAsyncContextManager[Requestor]:
    dicom = Settings().dicom
    context = CallingEntity.of(dicom).tls if tls else None
    peer = PeerAddress(host, port, called, calling or dicom.ae_title, context)
    return associate(peer, proposal, limits)


def _exit(failed: int) -> None:
    if failed:
        raise typer.Exit(REFUSED)


def _progress(count: int | None) -> None:
    """Show a number that grows, where somebody looks; None ends the line."""
    if sys.stderr.isatty():
        typer.echo("" if count is None else f"\r{count}", err=True, nl=count is None)


# Sending

_Named = tuple[Path, OutgoingObject]


class _Sending:
    """What was sent so far, and what was not."""

    def __init__(self) -> None:
        self._sent = 0
        self.failed = 0

    async def send(self, requestor: Requestor, batch: list[_Named]) -> list[_Named]:
        """Send until the end or until the association is lost; return those not tried."""
        scu = Scu(requestor)
        for index, (path, outgoing) in enumerate(batch):
            try:
                result = await scu.store(outgoing)
            except (ScuError, OSError) as error:
                self.fail(path, str(error))
            else:
                if result.is_stored:
                    self._sent += 1
                    _progress(self._sent)
                else:
                    self.fail(path, f"status {result.status:04X}: {result.comment or 'refused'}")
            if not requestor.is_alive:
                # The next association is for the others: this object may be what broke it.
                return batch[index + 1 :]
        return []

    def fail(self, path: Path, reason: str) -> None:
        """Tell that a file was not taken."""
        self.failed += 1
        name = "".join(sign if sign.isprintable() else "?" for sign in str(path))
        typer.echo(f"{name}: {reason}", err=True)

    def summarise(self) -> None:
        """Tell how many were sent, and how many were not."""
        _progress(None)
        typer.echo(f"{self._sent} sent, {self.failed} not")


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, _, names in os.walk(path):
            yield from (Path(folder) / name for name in sorted(names))


def _batch(files: Iterator[Path], sending: _Sending) -> list[_Named]:
    """Return the next files of at most 128 kinds, none only where there are no more."""
    batch: list[_Named] = []
    kinds: set[tuple[str, str]] = set()
    for path in files:
        try:
            outgoing = outgoing_file(path)
        except (DicomFormatError, OSError) as error:
            sending.fail(path, str(error))
            continue
        kinds.add((outgoing.sop_class_uid, outgoing.transfer_syntax_uid))
        batch.append((path, outgoing))
        if len(batch) == _AT_ONCE or len(kinds) == MOST_CONTEXTS:
            break
    return batch


# Asking


def _identifier(level: RetrieveLevel, keys: Iterable[str]) -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = level.value
    if not "".join(keys).isascii():
        ds.SpecificCharacterSet = "ISO_IR 192"
    for key in keys:
        keyword, _, value = key.partition("=")
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise typer.BadParameter(f"{keyword} is no keyword of DICOM")
        vr = dictionary_VR(tag)
        if vr == "SQ" or (vr in BINARY_NUMBERS and value and not value.isdecimal()):
            raise typer.BadParameter(f"{keyword} is no key with such a value")
        wanted = (int(value) if value else None) if vr in BINARY_NUMBERS else value
        ds.add(DataElement(tag, vr, wanted, validation_mode=IGNORE))
    return ds
