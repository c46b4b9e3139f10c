"""Readers of ECG files, chosen by content."""

from ecg.formats.errors import EcgFormatError
from ecg.formats.sniff import Format, read, sniff

__all__ = ["EcgFormatError", "Format", "read", "sniff"]
