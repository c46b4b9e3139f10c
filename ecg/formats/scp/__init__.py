"""SCP-ECG (EN 1064, ISO 11073-91064): reader and writer."""

from ecg.formats.scp.compression import Coding, ScpOptions
from ecg.formats.scp.reader import read_scp
from ecg.formats.scp.record import looks_like_scp
from ecg.formats.scp.writer import write_scp

__all__ = ["Coding", "ScpOptions", "looks_like_scp", "read_scp", "write_scp"]
