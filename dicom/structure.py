"""What a walk over a data set may cost, and what it finds (see `dicom.walker`)."""

from array import array
from dataclasses import dataclass, field

from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """What a data set may cost its reader.

    Parameters
    ----------
    max_depth
        Sequences within sequences.
    max_elements
        Elements altogether, an item counting as three.
    max_fragments
        Fragments of encapsulated pixel data.
    max_inflated_bytes
        Size of a deflated data set once inflated.
    inline_bytes
        A longer value is located, not read.
    require_pixel_data
        Refuse an image description (Rows, Columns, Bits Allocated) without any pixel data: a file
        cut exactly between two elements looks like that.
    """

    max_depth: int = 32
    max_elements: int = 250_000
    max_fragments: int = 1_000_000
    max_inflated_bytes: int = 256 * 1024 * 1024
    inline_bytes: int = 64 * 1024
    require_pixel_data: bool = True


@dataclass(frozen=True, slots=True)
class BulkValue:
    """A value that was located, not read.

    Parameters
    ----------
    path
        Tags and item indices by turns, for example ``(0x54000100, 0, 0x54001010)``; item
        indices count from 0.
    vr
        As stored, ``UN`` where an implicit file names an unknown tag.
    offset, length
        Of the value in the file, in bytes. For encapsulated data from the first item's header to
        the end of the sequence delimiter.
    encapsulated
        True where the value is a sequence of fragments.
    """

    path: tuple[int, ...]
    vr: str
    offset: int
    length: int
    encapsulated: bool = False

    @property
    def tag(self) -> int:
        """The tag of the element itself."""
        return self.path[-1]

    @property
    def path_text(self) -> str:
        """The path for a URL, for example ``54000100/0/54001010``."""
        return "/".join(
            str(part) if index % 2 else f"{part:08X}" for index, part in enumerate(self.path)
        )


@dataclass(frozen=True, slots=True)
class Fragments:
    """Encapsulated pixel data (PS3.5 A.4).

    Parameters
    ----------
    offset_table
        The value of the Basic Offset Table item.
    base
        Offset in the file of the first fragment's item header, from which tables count.
    starts, lengths
        Offset and length in bytes of every fragment's value.
    """

    offset_table: bytes
    base: int
    starts: "array[int]"
    lengths: "array[int]"


@dataclass(slots=True)
class Walked:
    """What a walk found."""

    dataset: Dataset
    bulk: list[BulkValue] = field(default_factory=list)
    pixel_data: BulkValue | None = None
    fragments: Fragments | None = None
