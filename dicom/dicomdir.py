"""The directory of a file-set: DICOMDIR (PS3.3 Annex F, PS3.10 chapter 8).

Written from what an index knows of each file (DICOM JSON), so that no file is opened for it. A key
that PS3.3 F.5 wants filled and a file lacks gets the same stand-in that DCMTK's dcmmkdir invents:
a viewer must find every file, whatever its device left out.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydicom.datadict import dictionary_VR

from dicom.encoding import EXPLICIT_LITTLE, LONG_VRS, LONGEST_SHORT, file_meta
from dicom.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from dicom.values import tag_of

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"
MOST_COMPONENTS: Final = 8
LONGEST_COMPONENT: Final = 8

Json = Mapping[str, Any]

_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
_RECORD_TYPES: Final[Mapping[str, str]] = {
    "4.2": "SPECTROSCOPY",
    "9.": "WAVEFORM",
    "11.": "PRESENTATION",
    "66": "RAW DATA",
    "66.1": "REGISTRATION",
    "66.2": "FIDUCIAL",
    "66.3": "REGISTRATION",
    "66.5": "SURFACE",
    "66.6": "TRACT",
    "67": "VALUE MAP",
    "68.": "SURFACE SCAN",
    "77.1.5.3": "STEREOMETRIC",
    "78.": "MEASUREMENT",
    "80.": "MEASUREMENT",
    "88.": "SR DOCUMENT",
    "88.59": "KEY OBJECT DOC",
    "90.": "ASSESSMENT",
    "104.": "ENCAP DOC",
    "131": "PRESENTATION",
    "481.2": "RT DOSE",
    "481.3": "RT STRUCTURE SET",
    "481.4": "RT TREAT RECORD",
    "481.5": "RT PLAN",
    "481.6": "RT TREAT RECORD",
    "481.7": "RT TREAT RECORD",
    "481.8": "RT PLAN",
    "481.9": "RT TREAT RECORD",
}
"""By what follows the root of the storage classes, a family ending in a dot (PS3.3 Table F.4-1)."""

_DATE, _TIME = "19000101", "000000"
_CONTENT: Final = {
    "ContentDate": _DATE, "ContentTime": _TIME, "InstanceNumber": "1", "ContentLabel": "UNKNOWN",
    "ContentDescription": "", "ContentCreatorName": "",
}  # fmt: skip
_MOMENT: Final = {"InstanceNumber": "1", "ContentDate": _DATE, "ContentTime": _TIME}
_CODE: Final[Json] = {
    "vr": "SQ",
    "Value": [
        {
            "00080100": {"vr": "SH", "Value": ["121071"]},
            "00080102": {"vr": "SH", "Value": ["DCM"]},
            "00080104": {"vr": "LO", "Value": ["Finding"]},
        }
    ],
}
_KEYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "PATIENT": {"PatientName": "", "PatientID": "UNKNOWN"},
    "STUDY": {
        "StudyDate": _DATE, "StudyTime": _TIME, "StudyDescription": "", "StudyInstanceUID": None,
        "StudyID": "1", "AccessionNumber": "",
    },
    "SERIES": {"Modality": "OT", "SeriesInstanceUID": None, "SeriesNumber": "1",
               "SeriesDescription": None},
    "IMAGE": {"InstanceNumber": "1"},
    "WAVEFORM": _MOMENT,
    "SR DOCUMENT": {
        **_MOMENT, "CompletionFlag": "PARTIAL", "VerificationFlag": "UNVERIFIED",
        "ConceptNameCodeSequence": _CODE,
    },
    "KEY OBJECT DOC": {**_MOMENT, "ConceptNameCodeSequence": _CODE},
    "PRESENTATION": {
        "InstanceNumber": "1", "PresentationCreationDate": _DATE, "PresentationCreationTime": _TIME,
        "ContentLabel": "UNKNOWN", "ContentDescription": "", "ContentCreatorName": "",
        "ReferencedSeriesSequence": None,
    },
    "ENCAP DOC": {
        "ContentDate": "", "ContentTime": "", "InstanceNumber": "1", "DocumentTitle": "",
        "ConceptNameCodeSequence": {"vr": "SQ"},
        "MIMETypeOfEncapsulatedDocument": "application/octet-stream",
    },
    "RT DOSE": {"InstanceNumber": "1", "DoseSummationType": "PLAN"},
    "RT STRUCTURE SET": {
        "InstanceNumber": "1", "StructureSetLabel": "UNKNOWN", "StructureSetDate": "",
        "StructureSetTime": "",
    },
    "RT PLAN": {
        "InstanceNumber": "1", "RTPlanLabel": "UNKNOWN", "RTPlanDate": "", "RTPlanTime": "",
    },
    "RT TREAT RECORD": {"InstanceNumber": "1", "TreatmentDate": "", "TreatmentTime": ""},
    "SPECTROSCOPY": {
        "ImageType": None, **_MOMENT, "NumberOfFrames": None, "Rows": None, "Columns": None,
        "DataPointRows": None, "DataPointColumns": None,
    },
    "RAW DATA": _MOMENT,
    "REGISTRATION": _CONTENT,
    "FIDUCIAL": _CONTENT,
    "VALUE MAP": _CONTENT,
    "SURFACE": _CONTENT,
    "TRACT": _CONTENT,
    "STEREOMETRIC": {"InstanceNumber": "1"},
    "SURFACE SCAN": {"ContentDate": _DATE, "ContentTime": _TIME},
    "MEASUREMENT": _MOMENT,
    "ASSESSMENT": {**_MOMENT, "ContentLabel": None},
}  # fmt: skip
"""The keys of each record type and what stands for a missing one: None leaves it out."""

_VERIFYING_OBSERVERS: Final = "0040A073"
_VERIFICATION_MOMENT: Final = "0040A030"

KEY_TAGS: Final = frozenset(
    {f"{tag_of(keyword):08X}" for keys in _KEYS.values() for keyword in keys}
    | {_VERIFYING_OBSERVERS}
)
"""The tags a directory asks an index for, in eight hexadecimal digits."""


@dataclass(frozen=True)
class FileEntry:
    """A file of the set.

    Parameters
    ----------
    file_id
        Its place, one to eight components of up to eight characters ``A-Z 0-9 _`` (PS3.10 8.5).
    sop_class_uid, sop_instance_uid, transfer_syntax_uid
        Of its object.
    attributes
        Its attributes as DICOM JSON (PS3.18 F), of which `KEY_TAGS` suffice.
    """

    file_id: tuple[str, ...]
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    attributes: Json

    def __post_init__(self) -> None:
        """Refuse a file ID that other systems could not read."""
        if not 1 <= len(self.file_id) <= MOST_COMPONENTS or not all(
            _is_component(component) for component in self.file_id
        ):
            raise ValueError(f"{'/'.join(self.file_id)} is no file ID (PS3.10 8.5)")


@dataclass
class _Record:
    kind: str
    attributes: Json
    file: FileEntry | None = None
    below: "dict[str, _Record]" = field(default_factory=dict)
    offset: int = 0

    def walk(self) -> "Iterator[_Record]":
        yield self
        for each in self.below.values():
            yield from each.walk()


def record_type(sop_class_uid: str) -> str:
    """Return the type of the directory record of an object (PS3.3 Table F.4-1)."""
    tail = sop_class_uid.removeprefix(_ROOT)
    if tail != sop_class_uid:
        if exact := _RECORD_TYPES.get(tail):
            return exact
        if family := _RECORD_TYPES.get(f"{tail.partition('.')[0]}."):
            return family
    return "IMAGE"


def dicomdir(files: Sequence[FileEntry], *, uid: str) -> bytes:
    """Return the DICOMDIR of a file-set, in Explicit VR Little Endian.

    Patients, studies and series stand in the order in which their first file comes.

    Parameters
    ----------
    files
        All files of the set.
    uid
        Of the set itself (Media Storage SOP Instance UID).

    Raises
    ------
    ValueError
        If there is no file.
    """
    if not files:
        raise ValueError("a file-set has at least one file")
    root = _tree(files)
    head = _head(uid)
    at = len(head)
    for record in _all(root):
        record.offset = at
        at += len(_item(record, 0, 0))
    return b"".join([_with_offsets(head, root, at), *_items(root)])


def _is_component(text: str) -> bool:
    return 1 <= len(text) <= LONGEST_COMPONENT and all(
        char.isascii() and (char.isdigit() or char.isupper() or char == "_") for char in text
    )


def _tree(files: Sequence[FileEntry]) -> list[_Record]:
    patients: dict[str, _Record] = {}
    for file in files:
        level = patients
        for kind, keyword in (
            ("PATIENT", "PatientID"),
            ("STUDY", "StudyInstanceUID"),
            ("SERIES", "SeriesInstanceUID"),
        ):
            name = "\\".join(_texts(file.attributes.get(f"{tag_of(keyword):08X}", {})))
            level = level.setdefault(name, _Record(kind, file.attributes)).below
        kind = record_type(file.sop_class_uid)
        level[file.sop_instance_uid] = _Record(kind, file.attributes, file)
    return list(patients.values())


def _all(records: Sequence[_Record]) -> Iterator[_Record]:
    for record in records:
        yield from record.walk()


def _items(records: Sequence[_Record]) -> Iterator[bytes]:
    offsets = [record.offset for record in records[1:]]
    for record, following in zip(records, [*offsets, 0], strict=False):
        below = list(record.below.values())
        yield _item(record, following, below[0].offset if below else 0)
        yield from _items(below)


def _item(record: _Record, following: int, lower: int) -> bytes:
    parts = [
        _element(0x00041400, "UL", struct.pack("<I", following)),
        _element(0x00041410, "US", b"\xff\xff"),
        _element(0x00041420, "UL", struct.pack("<I", lower)),
        _element(0x00041430, "CS", record.kind.encode()),
    ]
    if record.file is not None:
        parts += [
            _element(0x00041500, "CS", "\\".join(record.file.file_id).encode()),
            _element(0x00041510, "UI", record.file.sop_class_uid.encode()),
            _element(0x00041511, "UI", record.file.sop_instance_uid.encode()),
            _element(0x00041512, "UI", record.file.transfer_syntax_uid.encode()),
        ]
    body = b"".join(parts) + _keys(record)
    return EXPLICIT_LITTLE.item(body)


def _keys(record: _Record) -> bytes:
    found: dict[str, Json] = {}
    for keyword, otherwise in _KEYS[record.kind].items():
        tag = f"{tag_of(keyword):08X}"
        value = record.attributes.get(tag)
        if value is None or not value.get("Value"):
            value = otherwise
            if isinstance(otherwise, str):
                vr = dictionary_VR(int(tag, 16))
                value = {"vr": vr, "Value": [otherwise] if otherwise else []}
        if value is not None:
            found[tag] = _normal(value)
    if record.kind == "SR DOCUMENT":
        found |= _verified(record.attributes)
    body = _encoded(found)
    if not body.isascii():
        charset = _element(0x00080005, "CS", b"ISO_IR 192")
        return charset + body
    return body


def _normal(value: Json) -> Json:
    """Return a date or time in its form of today: devices write 1997.04.24 and 14:04:38, too."""
    vr = value.get("vr")
    if vr not in ("DA", "TM"):
        return value
    marks = str.maketrans("", "", ".-" if vr == "DA" else ":")
    return {"vr": vr, "Value": [text.translate(marks) for text in _texts(value)[:1]]}


def _verified(attributes: Json) -> dict[str, Json]:
    """Tell when a document was verified last; without a time it does not count as verified."""
    observers = attributes.get(_VERIFYING_OBSERVERS, {}).get("Value", ())
    moments = [each[_VERIFICATION_MOMENT] for each in observers if _VERIFICATION_MOMENT in each]
    flag = f"{tag_of('VerificationFlag'):08X}"
    if not moments:
        return {flag: {"vr": "CS", "Value": ["UNVERIFIED"]}}
    return {_VERIFICATION_MOMENT: max(moments, key=_texts)}


def _encoded(attributes: Json) -> bytes:
    """Encode DICOM JSON, text in UTF-8."""
    parts = []
    for tag, value in sorted(attributes.items()):
        vr = str(value.get("vr", "UN"))
        if vr == "SQ":
            items = (EXPLICIT_LITTLE.item(_encoded(item)) for item in value.get("Value", ()))
            data = b"".join(items)
        elif vr in ("US", "UL"):
            code = "H" if vr == "US" else "I"
            data = b"".join(struct.pack(f"<{code}", int(one)) for one in value.get("Value", ()))
        else:
            data = "\\".join(_texts(value)).encode()
        parts.append(_element(int(tag, 16), vr, data))
    return b"".join(parts)


def _texts(value: Json) -> list[str]:
    return [
        "=".join(
            str(one.get(group, "")) for group in ("Alphabetic", "Ideographic", "Phonetic")
        ).rstrip("=")
        if isinstance(one, Mapping)
        else ("" if one is None else str(one))
        for one in value.get("Value", ())
    ]


def _element(tag: int, vr: str, data: bytes) -> bytes:
    # A text too long for its VR's length field is no key of a directory.
    return EXPLICIT_LITTLE.element(tag, vr, data if vr in LONG_VRS else data[:LONGEST_SHORT])


def _head(uid: str) -> bytes:
    """Encode all before the records, the offsets and the length of their sequence being zero."""
    implementation = (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME)
    return b"".join(
        [
            file_meta(MEDIA_STORAGE_DIRECTORY, uid, EXPLICIT_VR_LITTLE_ENDIAN, implementation),
            _element(0x00041130, "CS", b"LIANZHEN"),
            _element(0x00041200, "UL", bytes(4)),
            _element(0x00041202, "UL", bytes(4)),
            _element(0x00041212, "US", bytes(2)),
            EXPLICIT_LITTLE.head(0x00041220, "SQ", 0),
        ]
    )


def _with_offsets(head: bytes, root: Sequence[_Record], end: int) -> bytes:
    filled = bytearray(head)
    # From behind: sequence length, consistency flag (10 bytes), sequence head (12), two ULs (12).
    struct.pack_into("<I", filled, len(filled) - 4, end - len(head))
    struct.pack_into("<I", filled, len(filled) - 26, root[-1].offset)
    struct.pack_into("<I", filled, len(filled) - 38, root[0].offset)
    return bytes(filled)
