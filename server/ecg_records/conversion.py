"""ECGs that arrive in other formats than DICOM, on intake's way in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ecg.formats import Fault
from server.ecg_records.workbench import EcgWorkbench, UnreadableEcg
from server.intake.public import Refusal

REFUSED_AS: Final[Mapping[Fault, str]] = {
    Fault.UNREADABLE: UnreadableEcg.default_code,
    Fault.TOO_LARGE: "too-large-ecg",
    Fault.HOSTILE: "hostile-ecg",
}


class EcgConverter:
    """Implements intake's `Converter`: reads strangers' files out of harm's way."""

    def __init__(self, bench: EcgWorkbench) -> None:
        self._bench = bench

    async def convert(self, path: Path, into: Path) -> str | Refusal:
        """Write the DICOM twin of an ECG file to ``into`` and return the file's format."""
        try:
            found = await self._bench.convert(path, into)
        except UnreadableEcg as error:
            return Refusal(REFUSED_AS[error.fault], error.detail)
        return found or Refusal("unknown-format", "neither DICOM nor an ECG format known here")
