"""Faults of pynetdicom 3 over which no test is to stumble."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket


@contextmanager
def mended_pynetdicom() -> Iterator[None]:
    """Close sockets whose peer hung up first, hear quick rejections, let no event stop another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AssociationSocket, "_shutdown_socket", _closing())
        patch.setattr(AssociationSocket, "_is_connected", _Connected(), raising=False)
        patch.setattr(Association, "_is_paused", _Paused(), raising=False)
        patch.setattr(Association, "_serve_request", _marked())
        yield


_answering: set[int] = set()
"""Threads that answer an event, beside the association's own."""


class _Connected:
    """Whether a connection is there; to who asked for an association, whether it ever was.

    Who asked looks once the connection is made, and takes one that has been rejected and closed
    by then for one that was never made: only the thread that reads is to see that it is closed.
    """

    def __get__(self, sock: AssociationSocket, _: type | None = None) -> bool:
        is_reader = threading.current_thread() is sock.assoc.dul
        return bool(sock.__dict__.get("is open" if is_reader else "was open", False))

    def __set__(self, sock: AssociationSocket, value: bool) -> None:
        sock.__dict__["is open"] = value
        sock.__dict__["was open"] = value or sock.__dict__.get("was open", False)


class _Paused:
    """Whether an association's own thread waits.

    Who asks waits until it does, and for ever where a thread that has answered an event takes that
    back: only the association's own may.
    """

    def __get__(self, association: Association, _: type | None = None) -> bool:
        return bool(association.__dict__.get("_is_paused", False))

    def __set__(self, association: Association, value: bool) -> None:
        if threading.get_ident() not in _answering:
            association.__dict__["_is_paused"] = value


def _marked() -> Any:
    serve = Association._serve_request

    def serve_request(self: Association, *arguments: Any) -> None:
        thread = threading.current_thread()
        if thread is self or thread.ident is None:
            serve(self, *arguments)
            return
        _answering.add(thread.ident)
        try:
            serve(self, *arguments)
        finally:
            _answering.discard(thread.ident)

    return serve_request


def _closing() -> Any:
    shut_down = AssociationSocket._shutdown_socket

    def shut_down_and_close(self: AssociationSocket) -> None:
        shut_down(self)
        if self.socket is not None:
            self.socket.close()

    return shut_down_and_close
