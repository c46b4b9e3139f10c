"""A destination that answers as it is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]  # made at import
from sqlalchemy import select

from dicom.rejection import KEY_OBJECT_SELECTION
from server.audit.models import AuditEvent
from tests.dicom.dimse.acceptors import pynetdicom_scp
from tests.server.forwarding.site import Site


class Archive:
    """A destination of pynetdicom's, which answers as it is told, by the number of the object."""

    def __init__(self, answer: Callable[[int], int] = lambda _: 0) -> None:
        self.answer = answer
        self.uids: list[str] = []
        self.priorities: list[int] = []
        self.at_once = 0
        self._open = 0

    def _store(self, event: evt.Event) -> int:
        request: Any = event.request
        self.uids.append(str(request.AffectedSOPInstanceUID))
        self.priorities.append(request.Priority)
        status = self.answer(len(self.uids))
        if status < 0:
            event.assoc.abort()
        return max(status, 0)

    def _opened(self, _: evt.Event) -> None:
        self._open += 1
        self.at_once = max(self.at_once, self._open)

    def _closed(self, _: evt.Event) -> None:
        self._open -= 1

    @contextmanager
    def running(self, port: int = 0) -> Iterator[int]:
        entity = AE(ae_title="ARCHIVE")
        for kind in (CTImageStorage, KEY_OBJECT_SELECTION):
            entity.add_supported_context(kind, ["1.2.840.10008.1.2.1"])
        handlers: list[tuple[Any, ...]] = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_CONN_OPEN, self._opened),
            (evt.EVT_CONN_CLOSE, self._closed),
        ]
        with pynetdicom_scp(entity, handlers, port=port) as at:
            yield at


async def audited(site: Site, action: str) -> list[AuditEvent]:
    async with site.services.database.reading() as session:
        found = await session.scalars(select(AuditEvent).where(AuditEvent.action == action))
        return list(found)
