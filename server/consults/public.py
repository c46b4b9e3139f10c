"""What other capabilities may know of consults."""

from server.consults.ice import IceServers
from server.consults.service import ConsultService

__all__ = ["ConsultService", "IceServers"]
