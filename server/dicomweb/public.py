"""What UPS-RS takes from DICOMweb: its place, its media types, its address."""

from server.dicomweb.negotiation import METADATA, chosen
from server.dicomweb.responses import PREFIX, base_url

__all__ = ["METADATA", "PREFIX", "base_url", "chosen"]
