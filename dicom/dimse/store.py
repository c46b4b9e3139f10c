"""The storage service (PS3.4 annex B): an object on its way to its sink, and its file header."""

import logging
import struct
from typing import Final

from dicom.dimse.callbacks import (
    PeerT,
    StoreHandler,
    StoreRefusedError,
    StoreRequest,
    StoreResult,
    StoreSink,
)
from dicom.dimse.command import Status
from dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_logger = logging.getLogger(__name__)

_OUT_OF_RESOURCES: Final = StoreResult(Status.OUT_OF_RESOURCES, "out of resources")
_PROCESSING_FAILURE: Final = StoreResult(Status.PROCESSING_FAILURE)


class ObjectTooLargeError(Exception):
    """A dataset went past its cap; no answer is possible before its end, only an abort."""


class StoreReception:
    """One dataset on its way: to the sink, or drained once it was refused.

    Parameters
    ----------
    sink
        Where it goes; None to drain.
    result
        The answer to a drained dataset.
    max_object_bytes
        Where the dataset is cut off, stored or drained.
    """

    __slots__ = ("_max_object_bytes", "_result", "_sink", "received_bytes")

    def __init__(self, sink: StoreSink | None, result: StoreResult, max_object_bytes: int) -> None:
        self._sink = sink
        self._result = result
        self._max_object_bytes = max_object_bytes
        self.received_bytes = 0

    @classmethod
    def begin(
        cls, handler: StoreHandler[PeerT], request: StoreRequest[PeerT], max_object_bytes: int
    ) -> "StoreReception":
        """Ask the handler for a sink; a refusal or a failure drains."""
        try:
            sink = handler.begin(request)
        except StoreRefusedError as refusal:
            return cls(None, refusal.result, max_object_bytes)
        except OSError as error:
            _log_os_error("begin", error)
            return cls(None, _OUT_OF_RESOURCES, max_object_bytes)
        except Exception:
            _logger.exception("a store handler failed in begin")
            return cls(None, _PROCESSING_FAILURE, max_object_bytes)
        return cls(sink, _PROCESSING_FAILURE, max_object_bytes)

    def write(self, chunk: memoryview) -> None:
        """Pass on the next bytes.

        Raises
        ------
        ObjectTooLargeError
            If they exceed the cap; the sink was aborted.
        """
        self.received_bytes += len(chunk)
        if self.received_bytes > self._max_object_bytes:
            self.abort()
            raise ObjectTooLargeError
        if self._sink is None:
            return
        try:
            self._sink.write(chunk)
        except OSError as error:
            _log_os_error("write", error)
            self._result = _OUT_OF_RESOURCES
            self.abort()
        except Exception:
            _logger.exception("a store handler failed in write")
            self._result = _PROCESSING_FAILURE
            self.abort()

    @property
    def is_drained(self) -> bool:
        """Whether there is no sink any more, so that the answer is known."""
        return self._sink is None

    @property
    def drained_result(self) -> StoreResult:
        """The answer to a drained dataset."""
        return self._result

    async def finish(self) -> StoreResult:
        """Return the sink's answer."""
        if self._sink is None:
            return self._result
        sink, self._sink = self._sink, None
        try:
            return await sink.finish()
        except OSError as error:
            _log_os_error("finish", error)
            return _OUT_OF_RESOURCES
        except Exception:
            _logger.exception("a store handler failed in finish")
            return _PROCESSING_FAILURE

    def abort(self) -> None:
        """Throw the object away, unless it was finished or thrown away before."""
        sink, self._sink = self._sink, None
        if sink is None:
            return
        try:
            sink.abort()
        except Exception:
            _logger.exception("a store sink failed in abort")


def _log_os_error(step: str, error: OSError) -> None:
    """Log what failed, for us alone; a full disk needs no traceback."""
    _logger.error("storing failed in %s: %s", step, error.strerror or type(error).__name__)


def file_meta_bytes(
    *, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str, source_ae: str
) -> bytes:
    """Return what precedes the dataset in a Part 10 file: preamble, prefix and file meta.

    The same arguments give the same bytes.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, transfer_syntax_uid
        Of the object; at most 64 characters.
    source_ae
        Calling AE title, at most 16 characters; left out when empty.

    Raises
    ------
    ValueError
        If a value is longer than its representation allows or not ASCII.

    References
    ----------
    DICOM PS3.10 section 7.1.
    """
    elements = [
        struct.pack("<HH2sHI", 0x0002, 0x0001, b"OB", 0, 2) + b"\x00\x01",
        _short(0x0002, b"UI", sop_class_uid, 64),
        _short(0x0003, b"UI", sop_instance_uid, 64),
        _short(0x0010, b"UI", transfer_syntax_uid, 64),
        _short(0x0012, b"UI", IMPLEMENTATION_CLASS_UID, 64),
        _short(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME, 16),
    ]
    if source_ae:
        elements.append(_short(0x0016, b"AE", source_ae, 16))
    group = b"".join(elements)
    length = struct.pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, len(group))
    return bytes(128) + b"DICM" + length + group


def _short(element: int, representation: bytes, value: str, max_characters: int) -> bytes:
    if len(value) > max_characters:
        raise ValueError(
            f"a value of {len(value)} characters exceeds the {max_characters} of its element"
        )
    raw = value.encode("ascii")
    if len(raw) % 2:
        raw += b"\0" if representation == b"UI" else b" "
    return struct.pack("<HH2sH", 0x0002, element, representation, len(raw)) + raw
