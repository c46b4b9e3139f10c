"""The listener: accepts, bounds, watches deadlines, and drains.

Sockets are accepted here and not by `asyncio.Server`, so that a connection counts before its TLS
handshake and a silent one can be dropped for a newer one.
"""

import asyncio
import logging
import socket
import ssl as ssl_module
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final, Generic

from dicom.dimse.answering import Inquirers
from dicom.dimse.association import Association, Node
from dicom.dimse.callbacks import AssociationGate, PeerT, StoreHandler
from dicom.dimse.census import Census, DimseStats
from dicom.dimse.dispatch import Served
from dicom.dimse.exchange import Services
from dicom.dimse.find import FindHandler
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import Negotiator
from dicom.dimse.normalized import NormalizedHandler, NormalizedSopClass
from dicom.dimse.retrieve import RetrieveHandler

_logger = logging.getLogger(__name__)

_BACKLOG: Final = 1024
_ACCEPT_PAUSE_S: Final = 0.5
"""Where no descriptor is free, accepting again at once would spin."""
_FAREWELL_S: Final = 1.0
"""How long peers have to close after our A-ABORT when the server closes."""


TlsSource = ssl_module.SSLContext | Callable[[], ssl_module.SSLContext]


class DimseServer(Generic[PeerT]):
    """A DICOM node's listening side: C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET, DIMSE-N.

    Needs a selector event loop or uvloop; one process listens on any number of ports.

    Parameters
    ----------
    gate
        Decides who may come in.
    store_handler
        Takes objects.
    find_handler
        Answers queries; without one they are not negotiated.
    retrieve_handler
        Answers retrievals; without one they are not negotiated.
    normalized
        Who keeps the objects of normalised SOP classes; others are not negotiated.
    limits
        Bounds.
    extra_sop_classes
        Private SOP classes accepted for storage besides the standard ones.
    """

    def __init__(
        self,
        gate: AssociationGate[PeerT],
        store_handler: StoreHandler[PeerT],
        *,
        find_handler: FindHandler[PeerT] | None = None,
        retrieve_handler: RetrieveHandler[PeerT] | None = None,
        normalized: Mapping[NormalizedSopClass, NormalizedHandler[PeerT]] = MappingProxyType({}),
        limits: DimseLimits | None = None,
        extra_sop_classes: Iterable[str] = (),
    ) -> None:
        self._limits = limits or DimseLimits()
        self._census = Census(self._limits)
        self.negotiator = negotiator = Negotiator(
            self._limits,
            extra_sop_classes,
            serves_queries=find_handler is not None,
            serves_retrieval=retrieve_handler is not None,
            normalized=normalized,
        )
        self._node = Node(
            gate=gate,
            services=Services(
                store_handler,
                Inquirers(
                    find_handler,
                    retrieve_handler,
                    {each.abstract_syntax: handler for each, handler in normalized.items()},
                ),
                Served(
                    negotiator.storage,
                    negotiator.query,
                    negotiator.move,
                    negotiator.get,
                    negotiator.normalized,
                ),
                self._limits,
                self._census,
                self._spawn,
            ),
            negotiator=negotiator,
            receive_buffer=memoryview(bytearray(self._limits.receive_buffer_bytes)),
            notify=self._notify,
            requested=self._requested,
            ended=self._ended,
            disconnected=self._disconnected,
        )
        self._listeners: list[tuple[socket.socket, asyncio.Task[None]]] = []
        self._watches: set[asyncio.Task[None]] = set()
        # Connections in order of arrival, each with how to drop it.
        self._pending: dict[Association[PeerT], Callable[[], object]] = {}
        self._connections: dict[Association[PeerT], None] = {}
        self._cancellable: set[asyncio.Task[None]] = set()
        self._notices: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._all_gone = asyncio.Event()

    async def start(
        self,
        host: str,
        port: int,
        ssl: TlsSource | None = None,
        *,
        reuse_port: bool = False,
    ) -> int:
        """Listen on one more address and return its port.

        Parameters
        ----------
        host
            Address to bind; one with a colon is IPv6.
        port
            Port, 0 for any free one.
        ssl
            Context of a DICOM TLS listener, or what returns the one for each new connection.
        reuse_port
            Share the port with other processes.

        Raises
        ------
        OSError
            If the address cannot be bound.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server(
            (host, port), family=family, backlog=_BACKLOG, reuse_port=reuse_port
        )
        listener.setblocking(False)
        self._listeners.append((listener, asyncio.create_task(self._accept(listener, ssl))))
        if not self._watches:
            watches = (self._watch_deadlines(), self._review_admissions())
            self._watches.update(asyncio.create_task(each) for each in watches)
        bound: int = listener.getsockname()[1]
        return bound

    def stats(self) -> DimseStats:
        """Return the counters as they are now."""
        return self._census.snapshot(len(self._pending))

    async def close(self, grace_s: float) -> None:
        """Accept no more, let messages under way finish for ``grace_s`` seconds, then abort."""
        self._is_closing = True
        for listener, task in self._listeners:
            await _cancel({task}, None)
            listener.close()
        self._listeners.clear()
        await self._drain(grace_s)
        for drop in list(self._pending.values()):
            drop()
        await _cancel(self._cancellable, self._limits.admission_s)
        if self._notices:
            await asyncio.wait(set(self._notices), timeout=self._limits.admission_s)
        await _cancel(self._watches, None)
        self._watches.clear()

    async def _drain(self, grace_s: float) -> None:
        associations = list(self._connections)
        for association in associations:
            association.shut_down()
        settling = {asyncio.create_task(each.settled.wait()) for each in associations}
        if settling:
            _, unsettled = await asyncio.wait(settling, timeout=grace_s)
            await _cancel(unsettled, None)
        for association in list(self._connections):
            association.abort()
        if self._connections:
            self._all_gone.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_gone.wait(), _FAREWELL_S)
        for association in list(self._connections):
            association.upper.cut()

    async def _accept(self, listener: socket.socket, ssl: TlsSource | None) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, address = await loop.sock_accept(listener)
            except OSError as error:
                _logger.warning("accepting failed: %s", error.strerror)
                await asyncio.sleep(_ACCEPT_PAUSE_S)
                continue
            association = Association(self._node, sock, str(address[0]), int(address[1]))
            if len(self._pending) >= self._limits.max_pending_connections:
                oldest = next(iter(self._pending))
                self._pending.pop(oldest)()
            task = asyncio.create_task(self._connect(association, sock, ssl))
            _keep(task, self._cancellable)
            self._pending[association] = task.cancel

    async def _connect(
        self,
        association: Association[PeerT],
        sock: socket.socket,
        ssl: TlsSource | None,
    ) -> None:
        """Make the connection, with its TLS handshake."""
        tls_handshake_s = self._limits.tls_handshake_s if ssl is not None else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: association.upper,
                sock,
                ssl=ssl() if callable(ssl) else ssl,
                ssl_handshake_timeout=tls_handshake_s,
                ssl_shutdown_timeout=tls_handshake_s,
            )
        except (OSError, TimeoutError) as error:
            _logger.info(
                "no connection was made from %s: %s", association.peer_ip, type(error).__name__
            )
            self._pending.pop(association, None)
            sock.close()
            return
        except asyncio.CancelledError:
            self._pending.pop(association, None)
            sock.close()
            raise
        if association.upper.transport is None:
            return  # gone while this task waited for its turn
        if self._is_closing:
            association.upper.cut()
        if association in self._pending:
            self._pending[association] = association.upper.cut
        self._connections[association] = None

    def _requested(self, association: Association[PeerT]) -> None:
        self._pending.pop(association, None)

    def _ended(self, association: Association[PeerT]) -> None:
        """Count a connection as pending again: its peer may take its time to close."""
        if association in self._connections:
            self._pending[association] = association.upper.cut

    def _disconnected(self, association: Association[PeerT]) -> None:
        self._pending.pop(association, None)
        self._connections.pop(association, None)
        if not self._connections:
            self._all_gone.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        _keep(task, self._cancellable)
        return task

    def _notify(self, work: Coroutine[Any, Any, None]) -> None:
        _keep(asyncio.create_task(work), self._notices)

    async def _review_admissions(self) -> None:
        """Ask the gate now and then who may stay."""
        while True:
            await asyncio.sleep(self._limits.review_s)
            admitted = {
                found.association.number: (association, found)
                for association in self._connections
                if (found := association.admitted) is not None
            }
            if not admitted:
                continue
            try:
                async with asyncio.timeout(self._limits.admission_s):
                    unwelcome = await self._node.gate.unwelcome(
                        [found for _, found in admitted.values()]
                    )
            except Exception:
                # Who was admitted stays until the gate can tell.
                _logger.exception("the gate could not say who may stay")
                continue
            for number, reason in unwelcome.items():
                if number in admitted:
                    admitted[number][0].dismiss(reason)

    async def _watch_deadlines(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._limits.timer_resolution_s)
            now_s = loop.time()
            for association in list(self._connections):
                try:
                    association.upper.check_deadlines(now_s)
                except Exception:
                    # One broken association must not stop the clock of all others.
                    _logger.exception("a deadline could not be handled")
                    association.upper.cut()


def _keep(task: asyncio.Task[None], tasks: set[asyncio.Task[None]]) -> None:
    """Hold a reference to a task until it is done."""
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _cancel(tasks: Collection[asyncio.Task[Any]], timeout_s: float | None) -> None:
    """Cancel tasks and wait until they are done."""
    waiting = set(tasks)
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting, timeout=timeout_s)
