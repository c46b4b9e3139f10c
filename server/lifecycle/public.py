"""What others may know of the life cycle."""

from server.lifecycle.purge import Purger
from server.lifecycle.quarantine import Quarantine
from server.lifecycle.schemas import LifecycleOut
from server.lifecycle.service import LifecycleService
from server.lifecycle.tiering import Tiering

__all__ = ["LifecycleOut", "LifecycleService", "Purger", "Quarantine", "Tiering"]
