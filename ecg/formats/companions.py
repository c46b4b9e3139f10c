"""Files that belong to one recording: named by its header, beside it in a folder or an archive."""

import os
import re
import stat
from pathlib import Path
from typing import Final, Protocol

from ecg.formats.errors import EcgFormatError

# A bare name: nothing that could lead out of the folder, no hidden file, no drive or stream.
_BARE_NAME: Final = re.compile(r"(?!\.)[^/\\:\x00-\x1f\x7f]{1,200}")


def is_bare_name(name: str) -> bool:
    """Return whether a name can only be that of a file in the same folder."""
    return _BARE_NAME.fullmatch(name) is not None


class Companions(Protocol):
    """Where a recording's other files are."""

    def content(self, name: str) -> bytes:
        """Return the content of a file beside the header.

        Raises
        ------
        EcgFormatError
            If it is not there, not a file of that folder, or too large.
        """
        ...


class NoCompanions:
    """A header's content alone, without its folder."""

    def __init__(self, remedy: str) -> None:
        self._remedy = remedy

    def content(self, name: str) -> bytes:
        """Say which file is missing, and what helps."""
        raise EcgFormatError(f"{name:.60} is missing: {self._remedy}")


class Folder:
    """The regular files of one folder, never of another, at most ``max_bytes`` in all."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._left = max_bytes

    def content(self, name: str) -> bytes:
        """Return one file's content; see `Companions`."""
        if not is_bare_name(name):
            raise EcgFormatError(f"{name!r:.60} does not name a file beside the header")
        try:
            folder = self._folder.resolve(strict=True)
            path = (folder / name).resolve(strict=True)
            if path.parent != folder:
                raise EcgFormatError(f"{name:.60} leads out of the header's folder")
            # Non-blocking, or a pipe without a writer would hold us for ever.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(handle, "rb") as file:
                found = os.fstat(handle)
                if not stat.S_ISREG(found.st_mode):
                    raise EcgFormatError(f"{name:.60} is not a regular file")
                if found.st_size > self._left:
                    raise EcgFormatError("the record's files are too large together")
                content = file.read(self._left + 1)
        except OSError as error:
            raise EcgFormatError(f"{name:.60} cannot be read: {error.strerror}") from error
        if len(content) > self._left:
            raise EcgFormatError("the record's files are too large together")
        self._left -= len(content)
        return content
