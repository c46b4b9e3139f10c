"""The one Chinese font we print with, and which characters it has.

PDF/A refuses a page with a character no font can show, and a rare character in a name must not
keep a report from being issued: it is printed as its code point instead.
"""

import struct
import unicodedata
from functools import cached_property
from pathlib import Path
from typing import Final

import typst

from server.core.errors import Unavailable

FONT_FILE: Final = "NotoSansSC_400Regular.ttf"
_CMAP: Final = b"cmap"
_SEGMENTED_COVERAGE: Final = 12
# Controls, formats (bidi overrides among them) and surrogates: nobody reads them on a screen.
_NEVER_PRINTED: Final = frozenset({"Cc", "Cf", "Cs"})
# Private use and unassigned: somebody's software may show one as a character of a name.
_OF_NO_AGREED_SHAPE: Final = frozenset({"Co", "Cn"})


class PrintingFont:
    """The font the web client's build puts beside the page; read when first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @cached_property
    def fonts(self) -> typst.Fonts:
        """The font as Typst takes it; nothing of the machine's own."""
        self._require()
        return typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(self._directory)],
        )

    def printable(self, text: str) -> str:
        """Return ``text`` in characters the font has: others as their code point, controls not."""
        return "".join(self._shown(letter) for letter in text)

    def _shown(self, letter: str) -> str:
        category = unicodedata.category(letter)
        if category in _NEVER_PRINTED:
            return " " if letter in "\t\r\n" else ""
        shown = ord(letter) in self._covered and category not in _OF_NO_AGREED_SHAPE
        return letter if shown else f"〔U+{ord(letter):04X}〕"

    @cached_property
    def _covered(self) -> frozenset[int]:
        self._require()
        return _code_points((self._directory / FONT_FILE).read_bytes())

    def _require(self) -> None:
        if not (self._directory / FONT_FILE).is_file():
            raise Unavailable(
                "the Chinese font for printing is not there; build the web client (`make setup`)",
                code="no-printing-font",
            )


def _code_points(font: bytes) -> frozenset[int]:
    """Return what the font's character map covers (OpenType 1.9, cmap format 12)."""
    (tables,) = struct.unpack_from(">H", font, 4)
    for index in range(tables):
        tag, _, at, _ = struct.unpack_from(">4sIII", font, 12 + 16 * index)
        if tag == _CMAP:
            return _map_code_points(font, at)
    raise ValueError(f"{FONT_FILE} has no character map")


def _map_code_points(font: bytes, cmap: int) -> frozenset[int]:
    (subtables,) = struct.unpack_from(">H", font, cmap + 2)
    for index in range(subtables):
        _, _, offset = struct.unpack_from(">HHI", font, cmap + 4 + 8 * index)
        at = cmap + offset
        (kind,) = struct.unpack_from(">H", font, at)
        if kind == _SEGMENTED_COVERAGE:
            (groups,) = struct.unpack_from(">I", font, at + 12)
            return frozenset(
                code
                for first, last, _ in struct.iter_unpack(
                    ">III", font[at + 16 : at + 16 + 12 * groups]
                )
                for code in range(first, last + 1)
            )
    raise ValueError(f"{FONT_FILE} has no full character map (format 12)")
