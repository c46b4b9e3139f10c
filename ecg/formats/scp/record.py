"""The record: checksums, pointers, and the sections they lead to (EN 1064 5.2, 5.3).

A section is believed where the record's checksum fits, or its own does, or where neither was ever
computed (both zero). Some devices store a checksum with its bytes swapped; that is taken too, and
where a checksum fits, so is a section whose header bears another number than its pointer: an
anonymiser in use writes such.
"""

import binascii
from collections.abc import Mapping
from typing import Final

from ecg.formats.cursor import Cursor
from ecg.formats.errors import EcgFormatError

FORMAT_NAME: Final = "SCP-ECG"
HEADER_BYTES: Final = 16
POINTER_BYTES: Final = 10
SECTIONS: Final = 12
MAX_POINTERS: Final = 256
MAX_BYTES: Final = 32 * 1024 * 1024
"""Rhythm and reference beat of 64 leads at 65,535 bytes take a quarter of that."""
VERSION: Final = 20
"""Version 2.0 of section and protocol, the one of EN 1064:2005."""
MARK: Final = b"SCPECG"
_RECORD_BYTES: Final = 6


def crc(content: bytes) -> int:
    """Return the CRC-CCITT that starts from all ones (EN 1064 5.2.7)."""
    return binascii.crc_hqx(content, 0xFFFF)


def looks_like_scp(content: bytes) -> bool:
    """Return whether a pointer section lies where a record has it."""
    head = content[_RECORD_BYTES : _RECORD_BYTES + HEADER_BYTES + POINTER_BYTES]
    if len(head) < HEADER_BYTES + POINTER_BYTES or head[2:4] != b"\0\0":
        return False
    own_pointer = head[HEADER_BYTES:] == b"\0\0" + head[4:8] + b"\x07\0\0\0"
    return head[10:16] == MARK or own_pointer


def _fits(stored: int, content: bytes) -> bool:
    right = crc(content)
    return stored in (right, int.from_bytes(right.to_bytes(2, "little"), "big"))


def read_sections(content: bytes) -> Mapping[int, bytes]:
    """Return the data part of every standard section that is present, by its number.

    Raises
    ------
    EcgFormatError
        If the record ends early, a pointer leads astray, or a section's bytes are not those that
        were written.
    """
    cursor = Cursor(content, FORMAT_NAME)
    stored, length = cursor.unsigned(2), cursor.unsigned(4)
    if length > len(content):
        raise cursor.refusal(f"the file has {len(content)} of the record's {length} bytes")
    if length > MAX_BYTES:
        raise cursor.refusal(f"the record is larger than {MAX_BYTES >> 20} MiB")
    record = content[:length]
    whole = _fits(stored, record[2:])
    bare = stored == 0

    def section(number: int, start: int, size: int) -> bytes:
        head = Cursor(record, FORMAT_NAME)
        head.seek(start)
        own, found, stated = head.unsigned(2), head.unsigned(2), head.unsigned(4)
        # Pointer and header should agree; where they do not, the checksum knows.
        ends = [start + each for each in dict.fromkeys((size, stated)) if each >= HEADER_BYTES]
        parts = [record[start:end] for end in ends if end <= len(record)]
        sure = next((part for part in parts if _fits(own, part[2:])), None)
        if sure is None and not (parts and (whole or found == number)):
            raise head.refusal(f"the pointer to section {number} leads to something else")
        if sure is None and not (whole or (bare and own == 0)):
            raise head.refusal(f"the checksum of section {number} does not fit: it is damaged")
        return (sure or parts[0])[HEADER_BYTES:]

    cursor.seek(_RECORD_BYTES + 4)
    pointers = Cursor(section(0, _RECORD_BYTES, cursor.unsigned(4)), FORMAT_NAME)
    if pointers.left // POINTER_BYTES > MAX_POINTERS:
        raise pointers.refusal("the record has too many sections")
    found: dict[int, bytes] = {}
    while pointers.left >= POINTER_BYTES:
        number, size, index = pointers.unsigned(2), pointers.unsigned(4), pointers.unsigned(4)
        if 0 < number < SECTIONS and size > HEADER_BYTES and number not in found:
            found[number] = section(number, index - 1, size)
    return found


def sealed(content: bytes) -> bytes:
    """Return bytes behind their checksum."""
    return crc(content).to_bytes(2, "little") + content


def _padded(data: bytes) -> bytes:
    """Return data of even length, as every section must have it."""
    return data + b"\0" * (len(data) % 2)


def _section(number: int, data: bytes, reserved: bytes = b"\0" * 6) -> bytes:
    size = HEADER_BYTES + len(data)
    head = number.to_bytes(2, "little") + size.to_bytes(4, "little")
    return sealed(head + bytes((VERSION, VERSION)) + reserved + data)


def write_record(sections: Mapping[int, bytes]) -> bytes:
    """Return a whole record from the data parts of its sections, with checksums and pointers."""
    parts = {number: _section(number, _padded(sections[number])) for number in sorted(sections)}
    start = _RECORD_BYTES + HEADER_BYTES + SECTIONS * POINTER_BYTES
    pointers = bytearray()
    for number in range(SECTIONS):
        if number == 0:
            size, index = start - _RECORD_BYTES, _RECORD_BYTES + 1
        else:
            size = len(parts.get(number, b""))
            index = start + 1 if size else 0
            start += size
        pointers += number.to_bytes(2, "little") + size.to_bytes(4, "little")
        pointers += index.to_bytes(4, "little")
    body = _section(0, bytes(pointers), MARK) + b"".join(parts.values())
    length = _RECORD_BYTES + len(body)
    if length >= 1 << 32:
        raise EcgFormatError(f"{FORMAT_NAME}: a record cannot be that long")
    return sealed(length.to_bytes(4, "little") + body)
