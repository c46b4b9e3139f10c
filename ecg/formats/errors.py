"""The one error of all readers."""

from enum import StrEnum


class Fault(StrEnum):
    """What is wrong with a file that is not read."""

    UNREADABLE = "unreadable"
    """Unknown, damaged, or without an ECG."""
    TOO_LARGE = "too-large"
    """More bytes, files or parts than are looked at, packed or unpacked."""
    HOSTILE = "hostile"
    """What no device writes: paths out of an archive, links, entities, endless nesting, false
    sizes."""


class EcgFormatError(ValueError):
    """A file that is not read: unknown, damaged, too large, or without an ECG.

    The message is one line for people; it names what is wrong, never the patient.
    """

    def __init__(self, message: str, fault: Fault = Fault.UNREADABLE) -> None:
        super().__init__(" ".join(message.split())[:300])
        self.fault = fault
