"""What UPS-RS takes from DICOMweb: its place, its media types, its address."""

from server.dicomweb.asking import accept_of
from server.dicomweb.described import described
from server.dicomweb.negotiation import DESCRIBED, DESCRIBED_ALONE, chosen
from server.dicomweb.responses import PREFIX, base_url, send_described

__all__ = [
    "DESCRIBED",
    "DESCRIBED_ALONE",
    "PREFIX",
    "accept_of",
    "base_url",
    "chosen",
    "described",
    "send_described",
]
