"""ECGs that arrive in other formats than DICOM, on intake's way in."""

from pathlib import Path

from server.ecg_records.workbench import EcgWorkbench, UnreadableEcg
from server.intake.public import Refusal


class EcgConverter:
    """Implements intake's `Converter`: reads strangers' files out of harm's way."""

    def __init__(self, bench: EcgWorkbench) -> None:
        self._bench = bench

    async def convert(self, path: Path, into: Path) -> str | Refusal:
        """Write the DICOM twin of an ECG file to ``into`` and return the file's format."""
        try:
            found = await self._bench.convert(path, into)
        except UnreadableEcg as error:
            return Refusal(error.code, error.detail)
        return found or Refusal("unknown-format", "neither DICOM nor an ECG format known here")
