"""Text in files that say too little of its encoding."""

from typing import Final

_GUESSES: Final = ("utf-8", "gb18030")
# Of what a device says: so many statements, of so many characters each.
MAX_STATEMENTS: Final = 64
MAX_STATEMENT: Final = 400


def decoded(raw: bytes, encoding: str | None = None) -> str:
    """Decode what a device wrote, up to its first NUL, without surrounding blanks.

    Parameters
    ----------
    raw
        The bytes of one field.
    encoding
        What the file declares; tried first. Chinese devices write GBK without saying so: where
        nothing declared fits, UTF-8 is tried, then GB18030, which contains GBK, then Latin-1, which
        takes everything.
    """
    piece = raw.partition(b"\0")[0]
    for guess in (*([encoding] if encoding else []), *_GUESSES):
        try:
            return piece.decode(guess).strip()
        except (UnicodeDecodeError, LookupError):
            continue
    return piece.decode("latin-1").strip()
