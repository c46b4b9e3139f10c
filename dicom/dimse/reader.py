"""Cut a stream of bytes into PDUs and message fragments without keeping more than a header.

Fragments are handed on as they arrive, in slices of the caller's buffer; only the bodies of the
small control PDUs and of the association request are collected, after their length was approved.

References
----------
DICOM PS3.8 section 9.3.1 (PDU), 9.3.5 and annex E (presentation data values).
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from dicom.dimse.pdu import HEADER_BYTES


class Intake(Enum):
    """What to do with the body of a PDU."""

    COLLECT = auto()
    FRAGMENTS = auto()
    SKIP = auto()
    DISCARD_ALL = auto()


class PduReceiver(Protocol):
    """Who is told what the reader found."""

    def header_arrived(self, pdu_type: int, length_bytes: int) -> Intake:
        """Judge a PDU by its header."""

    def pdu_arrived(self, pdu_type: int, body: bytes) -> None:
        """Take the body of a PDU that was to be collected."""

    def fragment_arrived(
        self, context_id: int, control: int, chunk: memoryview, *, complete: bool
    ) -> None:
        """Take a slice of a presentation data value; it is valid until the call returns."""

    def framing_broken(self, reason: str) -> None:
        """Hear that a presentation data value contradicts its PDU."""


class _Stage(Enum):
    PDU_HEADER = auto()
    BODY = auto()
    PDV_HEADER = auto()
    PDV = auto()
    SKIP = auto()
    DISCARD_ALL = auto()


_PDV_HEADER_BYTES = 6
"""Item length (4), presentation context identifier, message control header."""


class PduReader:
    """Incremental reader of one connection.

    Attributes
    ----------
    held
        Set by the receiver to stop `feed` before the next byte.
    pdu_count
        PDU headers seen so far.
    """

    __slots__ = (
        "_context_id",
        "_control",
        "_partial",
        "_pdu_remaining",
        "_pdu_type",
        "_pdv_remaining",
        "_receiver",
        "_stage",
        "held",
        "pdu_count",
    )

    def __init__(self, receiver: PduReceiver) -> None:
        self._receiver = receiver
        self._stage = _Stage.PDU_HEADER
        self._partial = bytearray()
        self._pdu_type = 0
        self._pdu_remaining = 0
        self._pdv_remaining = 0
        self._context_id = 0
        self._control = 0
        self.held = False
        self.pdu_count = 0

    @property
    def inside_pdu(self) -> bool:
        """Whether the stream stands inside a PDU."""
        return self._stage is not _Stage.PDU_HEADER or bool(self._partial)

    def feed(self, data: memoryview) -> int:
        """Read ``data`` until its end or until `held`; return how many bytes were consumed."""
        offset, end = 0, len(data)
        while offset < end and not self.held:
            match self._stage:
                case _Stage.PDV:
                    offset = self._read_pdv(data, offset, end)
                case _Stage.PDV_HEADER:
                    offset = self._gather(data, offset, _PDV_HEADER_BYTES, self._begin_pdv)
                case _Stage.PDU_HEADER:
                    offset = self._gather(data, offset, HEADER_BYTES, self._begin_pdu)
                case _Stage.BODY:
                    offset = self._gather(data, offset, self._pdu_remaining, self._end_body)
                case _Stage.SKIP:
                    offset = self._skip(offset, end)
                case _Stage.DISCARD_ALL:
                    offset = end
        return offset

    def _gather(self, data: memoryview, offset: int, wanted: int, then: Callable[[], None]) -> int:
        """Collect ``wanted`` bytes, over several calls if need be, and go on with ``then``."""
        stop = min(offset + wanted - len(self._partial), len(data))
        self._partial += data[offset:stop]
        if len(self._partial) == wanted:
            then()
        return stop

    def _skip(self, offset: int, end: int) -> int:
        step = min(self._pdu_remaining, end - offset)
        self._pdu_remaining -= step
        if not self._pdu_remaining:
            self._stage = _Stage.PDU_HEADER
        return offset + step

    def _begin_pdu(self) -> None:
        self._pdu_type = self._partial[0]
        self._pdu_remaining = int.from_bytes(self._partial[2:6], "big")
        self._partial.clear()
        self.pdu_count += 1
        match self._receiver.header_arrived(self._pdu_type, self._pdu_remaining):
            case Intake.COLLECT:
                self._stage = _Stage.BODY
            case Intake.FRAGMENTS:
                self._stage = _Stage.PDV_HEADER
            case Intake.SKIP:
                self._stage = _Stage.SKIP if self._pdu_remaining else _Stage.PDU_HEADER
            case Intake.DISCARD_ALL:
                self._stage = _Stage.DISCARD_ALL

    def _end_body(self) -> None:
        body = bytes(self._partial)
        self._partial.clear()
        self._stage = _Stage.PDU_HEADER
        self._receiver.pdu_arrived(self._pdu_type, body)

    def _begin_pdv(self) -> None:
        length = int.from_bytes(self._partial[0:4], "big")
        self._context_id, self._control = self._partial[4], self._partial[5]
        self._partial.clear()
        # Two bytes of the length are the identifier and the control header, which the header here
        # includes.
        if length < 2 or length + 4 > self._pdu_remaining:
            self._break("a presentation data value does not fit its PDU")
            return
        self._pdu_remaining -= length + 4
        if 0 < self._pdu_remaining < _PDV_HEADER_BYTES:
            self._break("bytes are left over at the end of a PDU")
            return
        self._pdv_remaining = length - 2
        if self._pdv_remaining:
            self._stage = _Stage.PDV
            return
        self._end_pdv()
        self._receiver.fragment_arrived(
            self._context_id, self._control, memoryview(b""), complete=True
        )

    def _read_pdv(self, data: memoryview, offset: int, end: int) -> int:
        stop = min(offset + self._pdv_remaining, end)
        self._pdv_remaining -= stop - offset
        complete = not self._pdv_remaining
        if complete:
            self._end_pdv()
        self._receiver.fragment_arrived(
            self._context_id, self._control, data[offset:stop], complete=complete
        )
        return stop

    def _end_pdv(self) -> None:
        self._stage = _Stage.PDV_HEADER if self._pdu_remaining else _Stage.PDU_HEADER

    def stop(self) -> None:
        """Skip the rest of the running PDU; those after it are judged by their headers."""
        if self._stage in {_Stage.PDV, _Stage.PDV_HEADER, _Stage.BODY}:
            self._pdu_remaining += self._pdv_remaining - len(self._partial)
            self._pdv_remaining = 0
            self._partial.clear()
            self._stage = _Stage.SKIP

    def _break(self, reason: str) -> None:
        self._stage = _Stage.DISCARD_ALL
        self._receiver.framing_broken(reason)
