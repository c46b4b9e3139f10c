"""Readers of ECG files, chosen by content."""

from ecg.formats.errors import EcgFormatError, Fault
from ecg.formats.sniff import Format, read, sniff

__all__ = ["EcgFormatError", "Fault", "Format", "read", "sniff"]
