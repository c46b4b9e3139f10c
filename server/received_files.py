"""Objects that come by C-GET, each into a file of its SOP instance UID."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom.dimse.callbacks import StoreRequest, StoreResult
from dicom.dimse.store import file_meta_bytes

_OUT_OF_RESOURCES: Final = 0xA700


@dataclass(frozen=True)
class ReceivedFiles:
    """Takes objects into files of a folder; implements `dicom.dimse.callbacks.StoreHandler`."""

    path: Path

    def begin(self, request: StoreRequest[None], /) -> "_File":
        """Open a file for one object."""
        return _File(self.path, request)


class _File:
    """One object on its way into a file, which has its name once it is whole."""

    def __init__(self, folder: Path, request: StoreRequest[None]) -> None:
        self._path = folder / f"{request.sop_instance_uid}.dcm"
        self._part = self._path.with_suffix(".part")
        self._file = self._part.open("wb")
        self._file.write(
            file_meta_bytes(
                sop_class_uid=request.sop_class_uid,
                sop_instance_uid=request.sop_instance_uid,
                transfer_syntax_uid=request.transfer_syntax_uid,
                source_ae=request.association.calling_ae,
            )
        )

    def write(self, chunk: memoryview, /) -> None:
        self._file.write(chunk)

    async def finish(self) -> StoreResult:
        try:
            self._file.close()
            self._part.rename(self._path)
        except OSError as error:
            self._part.unlink(missing_ok=True)
            return StoreResult(_OUT_OF_RESOURCES, error.strerror)
        return StoreResult(0)

    def abort(self) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)
