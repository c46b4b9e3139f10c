"""How this node calls devices: under which name, with which certificates, with which bytes."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, Self

from dicom.dimse.calling import PeerAddress
from dicom.dimse.outgoing import OutgoingObject
from server.core.errors import LianzhenError
from server.core.settings import DicomSettings
from server.dicom_node.devices import Destination
from server.intake.public import Originals


class StoredInstance(Protocol):
    """An instance, and where its bytes are."""

    @property
    def sop_class_uid(self) -> str:
        """Its SOP class."""
        ...

    @property
    def sop_uid(self) -> str:
        """Its SOP instance UID."""
        ...

    @property
    def transfer_syntax_uid(self) -> str:
        """As it is stored."""
        ...

    @property
    def object_id(self) -> str:
        """The object that holds it."""
        ...

    @property
    def dataset_offset(self) -> int:
        """Where its data set begins in the object."""
        ...

    @property
    def size(self) -> int:
        """Bytes of the object."""
        ...


@dataclass(frozen=True)
class CallingEntity:
    """What a device we call sees of us."""

    ae_title: str
    tls: ssl.SSLContext

    @classmethod
    def of(cls, settings: DicomSettings) -> Self:
        """Make it: devices over TLS are verified, and see our certificate if there is one."""
        context = ssl.create_default_context(cafile=settings.tls_server_ca)
        if settings.tls_certificate is not None:
            context.load_cert_chain(settings.tls_certificate, settings.tls_key)
        return cls(settings.ae_title, context)

    def address(self, destination: Destination) -> PeerAddress:
        """Return how to call a device."""
        return PeerAddress(
            host=destination.host,
            port=destination.port,
            called_ae=destination.ae_title,
            calling_ae=self.ae_title,
            ssl=self.tls if destination.tls else None,
        )


def stored_object(originals: Originals, instance: StoredInstance) -> OutgoingObject:
    """Return an instance as it is stored, to be sent."""
    start = instance.dataset_offset

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncIterator[bytes]]:
        # The layer below knows an OSError where bytes are not to be had.
        try:
            async with originals.open(
                instance.object_id, start=start, length=instance.size - start
            ) as blocks:
                yield blocks
        except LianzhenError as error:
            raise OSError(error.detail) from error

    return OutgoingObject(
        instance.sop_class_uid, instance.sop_uid, instance.transfer_syntax_uid, opened
    )
