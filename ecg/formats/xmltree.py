"""The one door for XML: a small tree out of bytes, bounded in size, depth and number of parts.

Nothing outside the content is ever read: a document type may be named (MUSE names one) but not
spelt out, so there are no entities to expand. Text is decoded here and not by the parser, because
devices write GBK with the wrong label or none.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

import numpy as np

from ecg.formats.errors import EcgFormatError, Fault
from ecg.signal import EcgSignal

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_PARTS: Final = 200_000
MAX_ATTRIBUTE: Final = 4 * 1024 * 1024
HEADS: Final = (1024, 64 * 1024)

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_DECLARED = re.compile(rb"\s*<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_NAME = re.compile(r"<(?:[^<>\s/:]{1,100}:)?([A-Za-z_][\w.-]{0,99})[\s/>]", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
_HANZI = re.compile(rb"(?:[\xb0-\xf7][\xa1-\xfe])+")
_LATIN: Final = ("iso-8859-1", "iso8859-1", "latin-1", "latin1", "windows-1252")
_KNOWN = re.compile(
    r"utf-?8|(?:us-)?ascii|iso-?8859-\d{1,2}|windows-125\d|big5|shift_jis|euc-(?:jp|kr)|koi8-r"
)
_GBK: Final = ("gb2312", "gbk", "gb_2312-80", "cp936", "x-gbk", "gb18030")


@dataclass(slots=True)
class Element:
    """One element; names are without prefix and namespace.

    Attributes
    ----------
    tag, attributes
        Local names.
    text
        The character data directly within it, without surrounding blanks.
    """

    tag: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def get(self, name: str) -> str | None:
        """Return an attribute without surrounding blanks, or None where absent or empty."""
        return (self.attributes.get(name) or "").strip() or None

    def find(self, path: str) -> "Element | None":
        """Return the first element at a path of tags: ``"author/name"``, or None."""
        if "/" in path:
            return next(self.all(path), None)
        for child in self.children:
            if child.tag == path:
                return child
        return None

    def all(self, path: str) -> Iterator["Element"]:
        """Yield every element at a path of tags, in document order."""
        tag, _, rest = path.partition("/")
        for child in self.children:
            if child.tag == tag:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def words(self, path: str) -> str | None:
        """Return the text at a path, or None where absent or empty."""
        found = self.find(path)
        return (found.text or None) if found is not None else None

    def walk(self, *, without: str | None = None) -> Iterator["Element"]:
        """Yield the element and all below it in document order, but nothing in ``without``."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            if element.tag != without:
                yield element
                waiting.extend(reversed(element.children))


def _encoding(content: bytes) -> tuple[str, int]:
    """Return the encoding and the length of the byte order mark."""
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name, len(mark)
    if content[:4] == b"<\0?\0" or content[1:2] == b"\0":
        return "utf-16-le", 0
    if content[:1] == b"\0":
        return "utf-16-be", 0
    declared = _DECLARED.match(content[:512])
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    return ("utf-8" if name.startswith(("utf-16", "utf16", "ucs-2")) else name), 0


def _guesses(content: bytes, encoding: str) -> tuple[str, ...]:
    """Return the encodings to try in turn for content that should be in ``encoding``."""
    if encoding in _GBK:
        return ("gb18030", "utf-8", "latin-1")
    if encoding in _LATIN:
        runs = _HIGH_BYTES.findall(content)
        if runs and all(_HANZI.fullmatch(run) for run in runs):
            return ("gb18030", "latin-1")
        return ("latin-1",)
    named = (encoding,) if _KNOWN.fullmatch(encoding) else ()
    return (*named, "utf-8", "gb18030", "latin-1")


def _text(content: bytes) -> str:
    encoding, begin = _encoding(content)
    body = content[begin:]
    if encoding.startswith("utf-16"):
        body = body[: len(body) // 2 * 2]
        try:
            return body.decode(encoding)
        except UnicodeDecodeError as error:
            raise EcgFormatError("the XML is damaged: it is no UTF-16") from error
    for guess in _guesses(body, encoding):
        try:
            return body.decode(guess)
        except (UnicodeDecodeError, LookupError):
            continue
    raise EcgFormatError("the XML is damaged: its encoding is not known")


def _root_name(head: bytes) -> str | None:
    """Return the name in the first start tag behind declarations and comments, if it is whole."""
    encoding, begin = _encoding(head)
    wide = encoding.startswith("utf-16")
    text = head[begin:].decode(encoding if wide else "latin-1", "replace")
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if text.startswith("<?", at):
            closing = "?>"
        elif text.startswith("<!--", at):
            closing = "-->"
        elif text.startswith("<!DOCTYPE", at):
            bracket, end = text.find("[", at), text.find(">", at)
            if at < bracket < end:
                at = max(text.find("]", at), at)
            closing = ">"
        else:
            found = _NAME.match(text, at)
            return found[1] if found else None
        end = text.find(closing, at)
        if end < 0:
            return None
        at = end + len(closing)


def root_name(content: bytes) -> str | None:
    """Return the root element's local name in ASCII, judged by the first 64 KiB, or None."""
    for size in HEADS:
        head = content[:size]
        name = _root_name(head) if b"<" in head else None
        if name is not None or size >= len(content):
            return name
    return None


class _Builder:
    """Builds the tree from the parser's events and refuses what has no place in an ECG."""

    def __init__(self, size: int) -> None:
        self.root: Element | None = None
        # In a text no longer than an attribute may be, none needs to be measured.
        self._measuring = size > MAX_ATTRIBUTE
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._parts = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._parts += 1 + len(attributes)
        if len(self._open) >= MAX_DEPTH:
            raise EcgFormatError(
                f"the XML is nested more than {MAX_DEPTH} levels deep", Fault.HOSTILE
            )
        if self._parts > MAX_PARTS:
            raise EcgFormatError(
                f"the XML has more than {MAX_PARTS} elements and attributes", Fault.TOO_LARGE
            )
        if self._measuring and attributes and max(map(len, attributes.values())) > MAX_ATTRIBUTE:
            raise EcgFormatError("the XML has an attribute that is too long", Fault.TOO_LARGE)
        if ":" in "".join(attributes):
            attributes = {name[name.find(":") + 1 :]: each for name, each in attributes.items()}
        element = Element(tag[tag.find(":") + 1 :], attributes, [])
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, _tag: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def characters(self, data: str) -> None:
        self._texts[-1].append(data)

    @staticmethod
    def doctype(_name: str, _system: str | None, _public: str | None, internal: bool) -> None:
        if internal:
            raise EcgFormatError(
                "the XML declares a document type of its own, which is not read", Fault.HOSTILE
            )

    @staticmethod
    def entity(*_args: object) -> int:
        raise EcgFormatError("the XML uses entities, which are not read", Fault.HOSTILE)


def _tree(text: str) -> Element:
    builder = _Builder(len(text))
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.EntityDeclHandler = builder.entity
    parser.ExternalEntityRefHandler = builder.entity
    parser.SkippedEntityHandler = builder.entity
    parser.Parse(text.encode("utf-8", "replace"), True)
    if builder.root is None:
        raise EcgFormatError("the XML is empty")
    return builder.root


def parse_xml(content: bytes) -> Element:
    """Return the root of an XML document.

    Prefixes that nothing declares are let pass, and control characters, with which devices pad
    their fields, are read as blanks.

    Parameters
    ----------
    content
        At most 64 MiB; UTF-8, UTF-16, GB18030 or what the declaration names.

    Raises
    ------
    EcgFormatError
        If it is not well formed, too large, too deep or has too many parts, or brings a document
        type definition or entities of its own.
    """
    if len(content) > MAX_BYTES:
        raise EcgFormatError(f"the XML is larger than {MAX_BYTES >> 20} MiB", Fault.TOO_LARGE)
    text = _text(content).strip("\ufeff\0 \t\r\n")
    try:
        try:
            return _tree(text)
        except expat.ExpatError:
            if _CONTROLS.search(text) is None:
                raise
            return _tree(_CONTROLS.sub(" ", text))
    except expat.ExpatError as error:
        raise EcgFormatError(f"the XML is cut short or damaged: {error}") from error


def read_xml(
    content: bytes, format_name: str, signal_of: Callable[[Element], EcgSignal]
) -> EcgSignal:
    """Read an XML format.

    Parameters
    ----------
    content
        As `parse_xml` takes it.
    format_name
        Begins every message.
    signal_of
        Makes the signal of the root; of what it raises, `ValueError` and `OverflowError` are the
        file's fault.

    Raises
    ------
    EcgFormatError
        If the XML is damaged or hostile, or ``signal_of`` refuses it.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return signal_of(parse_xml(content))
    except (ValueError, OverflowError) as error:
        fault = error.fault if isinstance(error, EcgFormatError) else Fault.UNREADABLE
        raise EcgFormatError(f"{format_name}: {error}", fault) from error
