"""How this node calls devices: under which name, with which certificates."""

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from dicom.dimse.calling import PeerAddress
from server.core.settings import DicomSettings
from server.dicom_node.tls import calling_context

if TYPE_CHECKING:
    from server.dicom_node.devices import Destination


@dataclass(frozen=True)
class CallingEntity:
    """What a device we call sees of us."""

    ae_title: str
    tls: ssl.SSLContext

    @classmethod
    def of(cls, settings: DicomSettings) -> Self:
        """Make it: devices over TLS are verified, and see our certificate if there is one."""
        return cls(settings.ae_title, calling_context(settings))

    def address(self, destination: "Destination") -> PeerAddress:
        """Return how to call a device."""
        return PeerAddress(
            host=destination.host,
            port=destination.port,
            called_ae=destination.ae_title,
            calling_ae=self.ae_title,
            ssl=self.tls if destination.tls else None,
        )
