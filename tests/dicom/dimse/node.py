"""A node under test, its recording callbacks, and a peer that speaks raw bytes."""

import asyncio
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from dicom.dimse.callbacks import (
    Admission,
    Admitted,
    AssociationRequest,
    AssociationSummary,
    RefusedRequest,
    Rejection,
    StoreRequest,
    StoreResult,
)
from dicom.dimse.find import FindRefusedError, FindRequest, FoundMatch
from dicom.dimse.identifier import encode_identifier
from dicom.dimse.limits import DimseLimits
from dicom.dimse.normalized import (
    NormalizedRequest,
    NormalizedResult,
    NormalizedSopClass,
)
from dicom.dimse.server import DimseServer

CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
WAIT_S = 20.0
"""How long a test waits before it gives up; nothing is measured."""


@dataclass
class MemorySink:
    """Keeps an object, and what was called."""

    request: StoreRequest[str]
    gate_open: asyncio.Event
    result: StoreResult = field(default_factory=lambda: StoreResult(0))
    data: bytearray = field(default_factory=bytearray)
    calls: list[str] = field(default_factory=list)

    def write(self, chunk: memoryview, /) -> None:
        self.data += chunk

    async def finish(self) -> StoreResult:
        self.calls.append("finish")
        await self.gate_open.wait()
        self.calls.append("finished")
        return self.result

    def abort(self) -> None:
        self.calls.append("abort")


class MemoryHandler:
    """Hands out memory sinks, or whatever ``make_sink`` says."""

    def __init__(self) -> None:
        self.sinks: list[MemorySink] = []
        self.may_finish = asyncio.Event()
        self.may_finish.set()
        self.make_sink: Callable[[StoreRequest[str]], MemorySink] = lambda request: MemorySink(
            request, self.may_finish
        )

    def begin(self, request: StoreRequest[str], /) -> MemorySink:
        sink = self.make_sink(request)
        self.sinks.append(sink)
        return sink


class MemoryFinder:
    """Answers every query with ``matches``, each once ``may_go_on`` is set."""

    def __init__(self) -> None:
        self.requests: list[FindRequest[str]] = []
        self.matches: Iterable[Dataset] = ()
        self.refusal: FindRefusedError | None = None
        self.all_keys_supported = True
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.sent = 0
        self.closed = 0

    async def find(self, request: FindRequest[str], /) -> AsyncGenerator[FoundMatch, None]:
        self.requests.append(request)
        try:
            for each in self.matches:
                await self.may_go_on.wait()
                encoded = encode_identifier(each, request.transfer_syntax_uid)
                yield FoundMatch(encoded, all_keys_supported=self.all_keys_supported)
                self.sent += 1
            if self.refusal is not None:
                raise self.refusal
        finally:
            self.closed += 1


class MemoryObjects:
    """Answers every DIMSE-N request with ``result``, once ``may_answer`` is set."""

    def __init__(self) -> None:
        self.requests: list[NormalizedRequest[str]] = []
        self.result: NormalizedResult | Exception = NormalizedResult()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.finished = 0

    async def perform(self, request: NormalizedRequest[str], /) -> NormalizedResult:
        self.requests.append(request)
        await self.may_answer.wait()
        self.finished += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class OpenGate:
    """Admits everybody as its calling AE title, unless told otherwise."""

    def __init__(self) -> None:
        self.requests: list[AssociationRequest] = []
        self.summaries: list[AssociationSummary[str]] = []
        self.refused: list[RefusedRequest] = []
        self.decision: Admission[str] | Rejection | None = None
        self.unwelcome_peers: dict[str, str] = {}

    async def admit(self, request: AssociationRequest, /) -> Admission[str] | Rejection:
        self.requests.append(request)
        return self.decision or Admission(request.association.calling_ae)

    async def request_refused(self, refused: RefusedRequest, /) -> None:
        self.refused.append(refused)

    async def unwelcome(self, admitted: Sequence[Admitted[str]], /) -> Mapping[int, str]:
        return {
            each.association.number: self.unwelcome_peers[each.peer]
            for each in admitted
            if each.peer in self.unwelcome_peers
        }

    async def association_ended(self, summary: AssociationSummary[str], /) -> None:
        self.summaries.append(summary)


@dataclass
class RunningNode:
    """A server on loopback with its callbacks."""

    server: DimseServer[str]
    port: int
    gate: OpenGate
    handler: MemoryHandler
    finder: MemoryFinder
    objects: MemoryObjects

    async def summary(self, index: int = 0) -> AssociationSummary[str]:
        """Wait for the summary of an association."""
        await until(lambda: len(self.gate.summaries) > index)
        return self.gate.summaries[index]


@asynccontextmanager
async def running_node(
    limits: DimseLimits | None = None,
    extra_sop_classes: tuple[str, ...] = (),
    normalized: tuple[NormalizedSopClass, ...] = (),
) -> AsyncIterator[RunningNode]:
    gate, handler, finder, objects = OpenGate(), MemoryHandler(), MemoryFinder(), MemoryObjects()
    server = DimseServer(
        gate,
        handler,
        find_handler=finder,
        normalized=dict.fromkeys(normalized, objects),
        limits=limits,
        extra_sop_classes=extra_sop_classes,
    )
    port = await server.start("127.0.0.1", 0)
    try:
        yield RunningNode(server, port, gate, handler, finder, objects)
    finally:
        await server.close(0)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.005)


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def context_item(context_id: int, abstract: str, *transfer: str) -> bytes:
    syntaxes = b"".join(item(0x40, uid.encode()) for uid in transfer)
    return item(0x20, struct.pack("Bxxx", context_id) + item(0x30, abstract.encode()) + syntaxes)


DEFAULT_CONTEXTS = context_item(1, VERIFICATION, IMPLICIT) + context_item(3, CT, IMPLICIT)


def user_item(*extra: bytes, max_pdu_bytes: int = 16384) -> bytes:
    return item(
        0x50,
        item(0x51, struct.pack(">I", max_pdu_bytes)) + item(0x52, b"1.2.3.4") + b"".join(extra),
    )


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxI", kind, len(body)) + body


def associate_request(
    contexts: bytes = DEFAULT_CONTEXTS,
    user: bytes | None = None,
    *,
    calling: bytes = b"PEER",
    called: bytes = b"LIANZHEN",
    version: int = 1,
    application: bytes = b"1.2.840.10008.3.1.1.1",
) -> bytes:
    fixed = struct.pack(">Hxx16s16s32x", version, called.ljust(16), calling.ljust(16))
    items = item(0x10, application) + contexts + (user_item() if user is None else user)
    return pdu(0x01, fixed + items)


def element(number: int, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", 0, number, len(value)) + value


def command(
    field_: int,
    sop_class: str,
    *,
    message_id: int = 1,
    instance: str | None = None,
    has_data_set: bool = False,
    extra: bytes = b"",
) -> bytes:
    body = element(0x0002, sop_class.encode()) + element(0x0100, struct.pack("<H", field_))
    body += element(0x0110, struct.pack("<H", message_id))
    body += element(0x0700, b"\0\0")
    body += element(0x0800, struct.pack("<H", 1 if has_data_set else 0x0101))
    if instance is not None:
        body += element(0x1000, instance.encode())
    body += extra
    return element(0, struct.pack("<I", len(body))) + body


def pdv(context_id: int, control: int, data: bytes) -> bytes:
    return struct.pack(">IBB", len(data) + 2, context_id, control) + data


def p_data(*values: bytes) -> bytes:
    return pdu(0x04, b"".join(values))


ECHO = p_data(pdv(1, 3, command(0x30, VERIFICATION)))
RELEASE = pdu(0x05, bytes(4))
ABORT = pdu(0x07, bytes(4))


def store(
    data: bytes, *, message_id: int = 1, instance: str = "1.2.3", context_id: int = 3
) -> bytes:
    """Return the PDUs of a C-STORE of a CT, in fragments of at most 16,000 bytes."""
    request = command(0x01, CT, message_id=message_id, instance=instance, has_data_set=True)
    pieces = [data[start : start + 16_000] for start in range(0, len(data), 16_000)]
    fragments = [
        p_data(pdv(context_id, 2 if index == len(pieces) - 1 else 0, piece))
        for index, piece in enumerate(pieces)
    ]
    return p_data(pdv(context_id, 3, request)) + b"".join(fragments)


class RawPeer:
    """A peer that sends exactly the bytes it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> tuple[int, bytes]:
        """Return type and body of the next PDU."""
        async with asyncio.timeout(WAIT_S):
            header = await self._reader.readexactly(6)
            return header[0], await self._reader.readexactly(int.from_bytes(header[2:6], "big"))

    async def receive_status(self) -> int:
        """Return the status of the next response."""
        kind, body = await self.receive()
        assert kind == 0x04, f"PDU type {kind}: {body!r}"
        at = body.index(struct.pack("<HHI", 0, 0x0900, 2)) + 8
        return int.from_bytes(body[at : at + 2], "little")

    async def at_end(self) -> bool:
        """Wait for the node to close and say whether nothing more came."""
        async with asyncio.timeout(WAIT_S):
            try:
                return await self._reader.read() == b""
            except ConnectionResetError:
                return True

    async def associate(self, request: bytes | None = None) -> bytes:
        """Associate and return the body of the acceptance."""
        await self.send(request or associate_request())
        kind, body = await self.receive()
        assert kind == 0x02, f"PDU type {kind}: {body!r}"
        return body

    async def echo(self) -> int:
        await self.send(ECHO)
        return await self.receive_status()


@asynccontextmanager
async def raw_peer(port: int) -> AsyncIterator[RawPeer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield RawPeer(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)
