"""File-sets as pydicom reads them."""

from pathlib import Path

from pydicom.fileset import FileSet


def files_of(directory: Path) -> dict[str, Path]:
    """Return where a DICOMDIR says that each instance is."""
    read = FileSet(directory)
    try:
        return {str(each.SOPInstanceUID): Path(each.path) for each in read}
    finally:
        # Nothing of its own closes it.
        read._stage["t"].cleanup()
