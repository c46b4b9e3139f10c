"""What other capabilities may know of intake: the way in, and the way back to the bytes."""

from server.intake.arrival import (
    Accepted,
    Arrival,
    Converter,
    Follower,
    Indexed,
    Indexer,
    Prepared,
    Receipt,
    Received,
    Refusal,
    Verdict,
)
from server.intake.drain import object_key
from server.intake.healing import give_up
from server.intake.models import Conversion, Location, Quarantined, StoredObject
from server.intake.originals import PLACE_COLUMNS, ArrivedFile, Originals, Place
from server.intake.preamble import without_preamble
from server.intake.service import Incoming, IntakeLimits, IntakeService
from server.intake.spool import Spool
from server.intake.sweep import sweep
from server.intake.vouching import Vouching

__all__ = [
    "PLACE_COLUMNS",
    "Accepted",
    "Arrival",
    "ArrivedFile",
    "Conversion",
    "Converter",
    "Follower",
    "Incoming",
    "Indexed",
    "Indexer",
    "IntakeLimits",
    "IntakeService",
    "Location",
    "Originals",
    "Place",
    "Prepared",
    "Quarantined",
    "Receipt",
    "Received",
    "Refusal",
    "Spool",
    "StoredObject",
    "Verdict",
    "Vouching",
    "give_up",
    "object_key",
    "sweep",
    "without_preamble",
]
