"""De-identification of whole objects (PS3.15 Annex E), streamed past their pixel data.

An object is read as `dicom.part10` reads it, judged element by element and at every depth, and
written anew: preamble and File Meta Information are ours, text is UTF-8, private elements and
what follows the pixel data are gone, pixel data passes through as it is. So nobody must be in the
pixels: an object that `may_be_burned_in` is for a person to look at first.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom import dataset as access
from dicom.charset import DEFAULT_CHARSET, Charset
from dicom.confidentiality import (
    BASIC_CODE,
    OPTION_CODES,
    SAFE_PRIVATE,
    Act,
    Option,
    act_on,
)
from dicom.encoding import LONG_VRS, LONGEST_SHORT, UNDEFINED_LENGTH, Encoding, file_meta
from dicom.faults import DicomFormatError, FormatFault
from dicom.frames import ByteRange
from dicom.part10 import Part10Header, read_ranges
from dicom.pseudonyms import Pseudonyms
from dicom.structure import BulkValue
from dicom.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from dicom.values import (
    CHARSET_VRS,
    TEXT_VRS,
    Stored,
    charset_of,
    raw_bytes,
    stored,
    tag_of,
    texts,
)

_BLOCK_BYTES: Final = 256 * 1024
_DEFLATED: Final = frozenset({DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "1.2.840.10008.1.2.4.95"})
_FIRST_OF_PIXELS: Final = 0x7FE00008
_CHARSET: Final = 0x00080005
_PATIENT_NAME: Final = 0x00100010
_PATIENT_ID: Final = 0x00100020
_CONTENT_SEQUENCE: Final = 0x0040A730
_TEXT_OBJECTS: Final = 0x00700008
_OVERLAY_DATA: Final = 0x3000
_OVERLAY_TYPE: Final = 0x0040
_IDENTITY_REMOVED: Final = 0x00120062
_METHOD: Final = 0x00120063
_METHOD_CODES: Final = 0x00120064
_DATES_MODIFIED: Final = 0x00280303

_WORD_BYTES: Final = {
    "US": 2, "SS": 2, "OW": 2, "AT": 2, "UL": 4, "SL": 4, "FL": 4, "OF": 4, "OL": 4, "FD": 8,
    "OD": 8, "OV": 8, "SV": 8, "UV": 8,
}  # fmt: skip
_REMOVED: Final = "REMOVED"
_DUMMIES: Final = {
    "DA": "19000101", "TM": "000000", "DT": "19000101000000", "AS": "000Y", "DS": "0", "IS": "0",
    "UR": "urn:removed",
}  # fmt: skip
_IDENTIFYING: Final = frozenset(
    tag_of(keyword)
    for keyword in (
        "PatientID", "OtherPatientIDs", "AccessionNumber", "AdmissionID", "PatientAddress",
        "PatientTelephoneNumbers", "IssuerOfPatientID", "InstitutionName", "InstitutionAddress",
        "StationName", "DeviceSerialNumber", "MedicalRecordLocator", "StudyID",
        "InstitutionalDepartmentName", "PlacerOrderNumberImagingServiceRequest",
        "FillerOrderNumberImagingServiceRequest", "PersonAddress", "PersonTelephoneNumbers",
    )
)  # fmt: skip
"""Besides person names, whose values are sought in every text that is kept."""
_SEARCHED: Final = frozenset({"LO", "LT", "SH", "ST", "UC", "UR", "UT", "AE"})
_MOST_SECRETS: Final = 500
_LONGEST_TEXT: Final = 262_144
"""Bytes of a text that is searched: `re` keeps every other thread waiting meanwhile."""
_SHORTEST_TOKEN: Final = 4
_SHORTEST_HAN: Final = 2
_REVEALING: Final = re.compile(
    r"\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|\d{5,}[Xx]?"
    r"|[\w.+-]{1,64}+@[\w-]++\.[\w.]+|https?://\S+"
)
"""Dates, numbers long enough to be somebody's, addresses.

The local part of an address has 64 signs (RFC 5321 4.5.3.1.1); with no bound, a text is searched
in the square of its length.
"""
_BURNED_IN_MODALITIES: Final = frozenset(
    {"US", "IVUS", "ES", "XC", "GM", "OT", "SC", "DOC", "ECG", "EPS", "HD", "OP", "OCT", "BDUS"}
)
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
_AUDIO: Final = "1.2.840.10008.5.1.4.1.1.9.4"
_CAPTURED: Final = frozenset({"SECONDARY CAPTURE", "PASTED"})
_PIXELS: Final = frozenset({"7FE00008", "7FE00009", "7FE00010"})

BURNED_IN_TAGS: Final = _PIXELS | {
    f"{tag_of(keyword):08X}"
    for keyword in (
        "BurnedInAnnotation", "Modality", "ConversionType", "ImageType", "EncapsulatedDocument",
    )
}  # fmt: skip
"""What `may_be_burned_in` asks of an index."""


@dataclass(frozen=True)
class Profile:
    """How objects are de-identified.

    Parameters
    ----------
    options
        Of PS3.15 E.3; full and modified dates exclude each other.
    pseudonyms
        What stands for identifiers.
    """

    pseudonyms: Pseudonyms
    options: frozenset[Option] = frozenset()

    def __post_init__(self) -> None:
        """Refuse dates that are to be kept and changed."""
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= self.options:
            raise ValueError("dates are retained in full or modified, not both")


def may_be_burned_in(sop_class_uid: str, attributes: Mapping[str, Any]) -> bool:
    """Tell whether identifying text may stand where no element says so: in pixels or a document.

    Ultrasound, photographs, captured screens and scanned paper carry it; CT, MR and plain
    radiographs do not unless they say so. Voices and encapsulated documents count, too.

    Parameters
    ----------
    sop_class_uid
        Of the object.
    attributes
        Its attributes as DICOM JSON (PS3.18 F), with a key for pixel data that is there.
    """
    if "00420011" in attributes or sop_class_uid.startswith(_AUDIO):
        return True
    if not _PIXELS & attributes.keys():
        return False

    def values(keyword: str) -> list[str]:
        return [str(each) for each in attributes.get(f"{tag_of(keyword):08X}", {}).get("Value", ())]

    match values("BurnedInAnnotation"):
        case ["YES"]:
            return True
        case ["NO"]:
            return False
    return (
        not _BURNED_IN_MODALITIES.isdisjoint(values("Modality"))
        or sop_class_uid.startswith(_SECONDARY_CAPTURE)
        or bool(values("ConversionType"))
        or any("SCREEN" in value or value in _CAPTURED for value in values("ImageType"))
    )


def deidentified(file: BinaryIO, header: Part10Header, profile: Profile) -> Iterator[bytes]:
    """Yield an object anew without who it is of; blocking.

    Parameters
    ----------
    file
        The object, or, where it is deflated, as `dicom.part10.inflate` gives it: what comes out is
        not deflated.
    header
        What `dicom.part10.scan` said of it.
    profile
        What is kept and how the rest is replaced.

    Raises
    ------
    DicomFormatError
        ``truncated`` where the file is shorter than its header said, ``too-many-elements`` where
        it names too many people to look for each in every text, ``value-too-long`` where a text to
        look in is too long.
    """
    syntax = header.transfer_syntax_uid
    if syntax in _DEFLATED:
        syntax = EXPLICIT_VR_LITTLE_ENDIAN
    encoding = Encoding(
        implicit=syntax == IMPLICIT_VR_LITTLE_ENDIAN, little=syntax != EXPLICIT_VR_BIG_ENDIAN
    )
    work = _Work(file, header, profile, encoding)
    keeps_uid = Option.RETAIN_UIDS in profile.options
    uid = header.sop_instance_uid
    yield file_meta(
        header.sop_class_uid,
        uid if keeps_uid else profile.pseudonyms.uid(uid),
        syntax,
        (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME),
    )
    yield work.root()
    yield from work.pixels()


@dataclass
class _Work:
    """One object under way."""

    file: BinaryIO
    header: Part10Header
    profile: Profile
    encoding: Encoding
    identity: str = ""
    secrets: "list[re.Pattern[str]]" = field(default_factory=list)
    bulk: dict[tuple[int, ...], list[BulkValue]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ds = self.header.dataset
        issuer = access.text(ds, "IssuerOfPatientID") or ""
        number = access.text(ds, "PatientID") or self.header.study_instance_uid
        self.identity = f"{issuer}\0{number}"
        found: set[str] = set()
        self._gather(ds, found, top=True)
        if len(found) > _MOST_SECRETS:
            raise DicomFormatError(
                FormatFault.TOO_MANY_ELEMENTS, f"more than {_MOST_SECRETS} names and numbers"
            )
        longest_first = sorted(found, key=len, reverse=True)
        self.secrets = [re.compile(re.escape(each), re.IGNORECASE) for each in longest_first]
        for value in self.header.bulk:
            self.bulk.setdefault(value.path[:-1], []).append(value)

    def root(self) -> bytes:
        """Encode the elements before the pixel data; none but private ones may come after it."""
        elements = self._elements(self.header.dataset, (), dummy=False) | self._own()
        return b"".join(elements[tag] for tag in sorted(elements))

    def pixels(self) -> Iterator[bytes]:
        """Yield the pixel data as it stands in the file."""
        value = self.header.pixel_data
        if value is None:
            return
        vr = "OB" if value.encapsulated else value.vr
        length = UNDEFINED_LENGTH if value.encapsulated else value.length + value.length % 2
        yield self.encoding.head(value.tag, vr, length)
        at, end = value.offset, value.offset + value.length
        while at < end:
            size = min(_BLOCK_BYTES, end - at)
            yield read_ranges(self.file, (ByteRange(at, size),))
            at += size
        if not value.encapsulated and value.length % 2:
            yield b"\0"

    def _gather(self, ds: Dataset, found: set[str], *, top: bool) -> None:
        """Collect the values that must not be left in any text.

        Of UIDs only the object's own: those it refers to may be tens of thousands.
        """
        charset = charset_of(ds)
        for tag in map(int, ds.keys()):
            element = stored(ds, tag)
            if element is None:
                continue
            if element.vr == "SQ":
                for item in access.nested_items(ds, element):
                    self._gather(item, found, top=False)
            elif (top or element.vr != "UI") and self._is_secret(tag, element.vr):
                for value in texts(element, charset):
                    found.update(_tokens(value.text, element.vr))

    def _is_secret(self, tag: int, vr: str) -> bool:
        if tag not in _IDENTIFYING and vr not in ("PN", "UI"):
            return False
        return act_on(tag, vr, self.profile.options) is not Act.KEEP

    def _elements(self, ds: Dataset, path: tuple[int, ...], *, dummy: bool) -> dict[int, bytes]:
        charset = charset_of(ds)
        kept: dict[int, bytes] = {}
        without = self._overlays_without(ds)
        located = {value.tag: value for value in self.bulk.get(path, ())}
        for tag in sorted({*map(int, ds.keys()), *located}):
            if tag & 0xFFFF == 0 or tag >> 16 in without or (tag >= _FIRST_OF_PIXELS and not path):
                continue
            element = stored(ds, tag)
            if element is None:
                element = self._located(located[tag])
            if tag >> 16 & 1:
                if self._is_safe_private(ds, tag):
                    kept[tag] = self._raw(tag, element)
                    creator = tag >> 16 << 16 | (tag >> 8 & 0xFF)
                    kept[creator] = self._raw(creator, stored(ds, creator) or Stored("LO", b""))
                continue
            data = self._judged(ds, tag, element, charset, path, dummy=dummy)
            if data is not None:
                kept[tag] = data
        return kept

    def _judged(
        self,
        ds: Dataset,
        tag: int,
        element: Stored,
        charset: Charset,
        path: tuple[int, ...],
        *,
        dummy: bool,
    ) -> bytes | None:
        """Encode one standard element as the profile leaves it, None where it goes."""
        act = self._act(tag, element.vr, dummy=dummy)
        if act is Act.REMOVE:
            return None
        if isinstance(element.value, Sequence):
            return self._sequence(ds, tag, element, path, act, dummy=dummy)
        if tag in (_PATIENT_NAME, _PATIENT_ID) and act is not Act.KEEP:
            return self._text(tag, element.vr, self.profile.pseudonyms.patient(self.identity))
        return self._value(tag, element, charset, act)

    def _act(self, tag: int, vr: str, *, dummy: bool) -> Act:
        options = self.profile.options
        if tag == _CHARSET or (tag == _TEXT_OBJECTS and Option.CLEAN_GRAPHICS in options):
            return Act.REMOVE
        act = act_on(tag, vr, options)
        tells = vr in CHARSET_VRS or vr in ("FL", "FD", "DS")
        return Act.DUMMY if dummy and tells and act is Act.KEEP else act

    def _value(self, tag: int, element: Stored, charset: Charset, act: Act) -> bytes | None:
        match act:
            case Act.EMPTY:
                return self.encoding.element(tag, element.vr, b"")
            case Act.REPLACE_UID:
                values = [each.text for each in texts(element, charset)]
                replaced = [self.profile.pseudonyms.uid(value) for value in values]
                return self._text(tag, element.vr, "\\".join(replaced))
            case Act.DUMMY:
                return self._dummy(tag, element)
            case Act.CLEAN:
                return self._cleaned(tag, element, charset)
            case _:
                return self._kept(tag, element, charset)

    def _sequence(
        self,
        ds: Dataset,
        tag: int,
        element: Stored,
        path: tuple[int, ...],
        act: Act,
        *,
        dummy: bool,
    ) -> bytes:
        if act is Act.EMPTY:
            return self.encoding.sequence(tag, ())
        if tag == _CONTENT_SEQUENCE and act is Act.DUMMY:
            return self.encoding.sequence(tag, [self._nothing_said()])
        items = [
            self._elements(item, (*path, tag, number), dummy=dummy or act is Act.DUMMY)
            for number, item in enumerate(access.nested_items(ds, element))
        ]
        return self.encoding.sequence(
            tag, (b"".join(item[each] for each in sorted(item)) for item in items)
        )

    def _kept(self, tag: int, element: Stored, charset: Charset) -> bytes:
        """Encode a value that stays, unless it says who somebody is after all."""
        if element.vr not in CHARSET_VRS and element.vr not in _SEARCHED:
            return self._raw(tag, element)
        text = "\\".join(_searchable(tag, element, charset))
        if text and element.vr in _SEARCHED and self.secrets:
            text = self._without_secrets(text).strip() or _REMOVED
        return self._text(tag, element.vr, text)

    def _cleaned(self, tag: int, element: Stored, charset: Charset) -> bytes | None:
        pseudonyms, vr = self.profile.pseudonyms, element.vr
        if vr not in TEXT_VRS:
            # Nobody can tell what bytes say.
            return self._raw(tag, element) if tag >> 24 == 0x60 else None
        values = _searchable(tag, element, charset)
        match vr:
            case "TM":
                pass
            case "DA":
                values = [pseudonyms.date(value, self.identity) for value in values]
            case "DT":
                values = [pseudonyms.moment(value, self.identity) for value in values]
            case _:
                values = [self._clean(value) for value in values]
        return self._text(tag, vr, "\\".join(values))

    def _clean(self, text: str) -> str:
        """Leave out of a text what names somebody elsewhere in the object, and telling numbers."""
        text = self._without_secrets(text)
        return " ".join(_REVEALING.sub("", text).split()) or _REMOVED

    def _without_secrets(self, text: str) -> str:
        # One by one: all at once keeps other threads waiting as many times as long.
        for secret in self.secrets:
            text = secret.sub("", text)
        return text

    def _dummy(self, tag: int, element: Stored) -> bytes:
        vr = element.vr
        if vr == "UI":
            uids = [each.text for each in texts(element, DEFAULT_CHARSET)]
            return self._text(tag, vr, "\\".join(map(self.profile.pseudonyms.uid, uids)))
        if vr in TEXT_VRS:
            return self._text(tag, vr, _DUMMIES.get(vr, _REMOVED))
        size = _WORD_BYTES.get(vr, 2)
        length = max(size, len(raw_bytes(element) or b"")) if vr in ("FL", "FD") else size
        return self.encoding.element(tag, vr, bytes(length))

    def _nothing_said(self) -> bytes:
        """Encode a content item that stands for a report's removed content."""
        element = self.encoding.element
        concept = b"".join(
            [
                element(0x00080100, "SH", b"121071"),
                element(0x00080102, "SH", b"DCM"),
                element(0x00080104, "LO", b"Finding"),
            ]
        )
        return b"".join(
            [
                element(0x0040A010, "CS", b"CONTAINS"),
                element(0x0040A040, "CS", b"TEXT"),
                self.encoding.sequence(0x0040A043, [concept]),
                element(0x0040A160, "UT", _REMOVED.encode()),
            ]
        )

    def _own(self) -> dict[int, bytes]:
        """Encode what tells that, and how, the object was de-identified (PS3.15 E.1.1, E.3.6)."""
        element, options = self.encoding.element, self.profile.options
        codes = [BASIC_CODE, *(code for option, code in OPTION_CODES.items() if option in options)]
        if Option.RETAIN_FULL_DATES in options:
            dates = b"UNMODIFIED"
        else:
            dates = b"MODIFIED" if Option.RETAIN_MODIFIED_DATES in options else b"REMOVED"
        items = [
            element(0x00080100, "SH", value.encode())
            + element(0x00080102, "SH", b"DCM")
            + element(0x00080104, "LO", meaning.encode())
            for value, meaning in codes
        ]
        return {
            _CHARSET: element(_CHARSET, "CS", b"ISO_IR 192"),
            _IDENTITY_REMOVED: element(_IDENTITY_REMOVED, "CS", b"YES"),
            _METHOD: element(_METHOD, "LO", b"Lianzhen, PS3.15 2024b Annex E"),
            _METHOD_CODES: self.encoding.sequence(_METHOD_CODES, items),
            _DATES_MODIFIED: element(_DATES_MODIFIED, "CS", dates),
        }

    def _overlays_without(self, ds: Dataset) -> set[int]:
        """Return the groups of overlays whose drawing goes: the rest of a plane goes with it."""
        groups = {tag >> 16 for tag in map(int, ds.keys()) if tag >> 24 == 0x60}
        groups |= {value.tag >> 16 for value in self.bulk.get((), ()) if value.tag >> 24 == 0x60}
        if Option.CLEAN_GRAPHICS not in self.profile.options:
            return groups
        # A region of interest is a shape; graphics may be writing (PS3.3 C.9.2).
        return {group for group in groups if not self._is_region(ds, group)}

    def _is_region(self, ds: Dataset, group: int) -> bool:
        kind = stored(ds, group << 16 | _OVERLAY_TYPE)
        return kind is not None and [each.text for each in texts(kind, DEFAULT_CHARSET)] == ["R"]

    def _is_safe_private(self, ds: Dataset, tag: int) -> bool:
        if Option.RETAIN_SAFE_PRIVATE not in self.profile.options or tag & 0xFFFF < 0x1000:
            return False
        creator = stored(ds, tag >> 16 << 16 | (tag >> 8 & 0xFF))
        names = () if creator is None else texts(creator, DEFAULT_CHARSET)
        safe = SAFE_PRIVATE.get((tag >> 16, names[0].text if names else ""), frozenset())
        return tag & 0xFF in safe

    def _located(self, value: BulkValue) -> Stored:
        """Read a long value, unless it is private and goes in any case."""
        if value.tag >> 16 & 1:
            return Stored(value.vr, b"")
        data = read_ranges(self.file, (ByteRange(value.offset, value.length),))
        return Stored(value.vr, data, self.encoding.little)

    def _raw(self, tag: int, element: Stored) -> bytes:
        """Encode a value as it stands in the file, in our byte order."""
        data = raw_bytes(element) or b""
        width = _WORD_BYTES.get(element.vr, 1)
        if element.little_endian != self.encoding.little and width > 1:
            words = bytearray(len(data) - len(data) % width)
            for at in range(width):
                words[at::width] = data[width - 1 - at : len(words) : width]
            data = bytes(words)
        if element.vr not in LONG_VRS:
            data = data[:LONGEST_SHORT]
        return self.encoding.element(tag, element.vr, data)

    def _text(self, tag: int, vr: str, text: str) -> bytes:
        data = text.encode(errors="replace")
        if vr not in LONG_VRS and len(data) > LONGEST_SHORT:
            data = data[:LONGEST_SHORT].decode(errors="ignore").encode()
        return self.encoding.element(tag, vr, data)


def _searchable(tag: int, element: Stored, charset: Charset) -> list[str]:
    """Return the values of a text that is short enough to be searched."""
    if len(raw_bytes(element) or b"") > _LONGEST_TEXT:
        raise DicomFormatError(
            FormatFault.VALUE_TOO_LONG,
            f"the text of ({tag >> 16:04X},{tag & 0xFFFF:04X}) is too long to search for names:"
            f" it has more than {_LONGEST_TEXT} bytes",
        )
    return [each.text for each in texts(element, charset)]


def _tokens(text: str, vr: str) -> Iterable[str]:
    """Return of an identifier what would give it away within other text."""
    if vr == "UI":
        return [] if text.startswith("1.2.840.10008.") or not text else [text]
    parts = re.split(r"[\^= ]", text) if vr == "PN" else []
    return [
        part
        for part in (text.strip(), *(each.strip() for each in parts))
        if len(part) >= (_SHORTEST_TOKEN if part.isascii() else _SHORTEST_HAN)
    ]
