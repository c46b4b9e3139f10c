"""SCP-ECG records taken apart and put together, for tests that change one part of them."""

from collections.abc import Mapping
from pathlib import Path

from ecg.formats.scp.record import read_sections, sealed, write_record

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "ecg" / "scp" / "anon000007.scp"


def section_1(fields: Mapping[int, bytes], language: int = 0) -> bytes:
    """Return section 1 with these tags and a machine that declares ``language``."""
    machine = bytearray(36)
    machine[7], machine[16] = 255, language
    every = {14: bytes(machine) + b"\0\0\0\0", **fields}
    out = b"".join(
        bytes((tag,)) + len(value).to_bytes(2, "little") + value
        for tag, value in sorted(every.items())
    )
    return out + b"\xff\0\0"


def changed(record: bytes, sections: Mapping[int, bytes | None]) -> bytes:
    """Return a record with some sections replaced, or removed where None, its checksums right."""
    parts = {**read_sections(record), **sections}
    return write_record({number: data for number, data in parts.items() if data is not None})


def resealed(record: bytes) -> bytes:
    """Return a record with a right checksum over all of it."""
    return sealed(record[2:])
