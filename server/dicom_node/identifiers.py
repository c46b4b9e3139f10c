"""What a device asks with a C-FIND, and how its answers are written."""

from collections.abc import Sequence
from typing import Final

from pydicom.charset import python_encoding
from pydicom.config import IGNORE
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from dicom import dataset as access
from dicom.latin import latin_name, latin_text
from dicom.values import BINARY_NUMBERS, CHARSET_VRS, stored, tag_of, vr_of
from dicom.web.query import Match, QueryError, Universal, parse_match
from server.dicom_node.models import DeviceCharset

_OF_THE_ANSWER: Final = frozenset(
    {
        "SpecificCharacterSet",
        "QueryRetrieveLevel",
        "RetrieveAETitle",
        "InstanceAvailability",
        "TimezoneOffsetFromUTC",
    }
)
"""Elements of an identifier that match nothing: they speak of the message (PS3.4 C.4.1.1.3)."""
_MOST_KEYS: Final = 256
_DEEPEST: Final = 3
"""Code sequences of a scheduled step have sequences of their own at most (PS3.4 Table K.6-1)."""


def keys_of(identifier: Dataset, within: str = "") -> list[tuple[str, Match]]:
    """Return each key's keyword, within a sequence its path, and what it shall match."""
    found: list[tuple[str, Match]] = []
    for tag in list(identifier.keys()):
        keyword = keyword_for_tag(tag)
        if not keyword or keyword in _OF_THE_ANSWER or tag.element == 0:
            continue
        if len(found) >= _MOST_KEYS:
            raise QueryError(f"a query has at most {_MOST_KEYS} keys")
        element = stored(identifier, tag)
        if element is None:
            continue
        if element.vr != "SQ":
            value = _text(identifier, keyword, element.vr)
            found.append((within + keyword, parse_match(element.vr, value, keyword)))
        elif within.count(".") >= _DEEPEST:
            raise QueryError("the query is nested too deep")
        else:
            items = access.sequence(identifier, keyword)
            inner = keys_of(items[0], f"{within}{keyword}.") if items else []
            found += inner or [(within + keyword, Universal())]
    return found


def _text(identifier: Dataset, keyword: str, vr: str) -> str:
    if vr in BINARY_NUMBERS:
        number = access.integer(identifier, keyword)
        return "" if number is None else str(number)
    return "\\".join(access.texts_of(identifier, keyword))


def set_element(ds: Dataset, keyword: str, values: Sequence[object]) -> None:
    """Set an element to what a device once sent, whether its representation allows it or not."""
    vr = vr_of(ds, tag_of(keyword))
    value = values if vr == "SQ" or len(values) > 1 else (values[0] if values else None)
    ds.add(DataElement(tag_of(keyword), vr, value, validation_mode=IGNORE))


def label(answer: Dataset, asked: str, device: DeviceCharset | None) -> None:
    """Name the character set to write an answer in.

    Parameters
    ----------
    answer
        What is told of one match.
    asked
        The set the device asked in: it can read it, too. Where that has not all the signs, UTF-8.
    device
        The set the device is registered to read, and no other: signs that it does not have are
        told by their readings.
    """
    elements = [each for each in answer.iterall() if each.VR != "SQ"]
    if device is not None:
        for element in elements:
            if element.VR in CHARSET_VRS:
                _make_readable(element, _CODECS[device])
    texts = [text for element in elements for text in _texts_of(element)]
    if all(text.isascii() for text in texts):
        return
    answer.SpecificCharacterSet = device.value if device is not None else _set_for(texts, asked)


_CODECS: Final = {
    DeviceCharset.UTF_8: "utf_8",
    DeviceCharset.GB18030: "gb18030",
    DeviceCharset.GBK: "gbk",
    DeviceCharset.ASCII: "ascii",
}
_UTF_8: Final = DeviceCharset.UTF_8.value


def _texts_of(element: DataElement) -> list[str]:
    """Return the values of an element, each as it is written."""
    value = element.value
    return [str(each) for each in (value if isinstance(value, MultiValue) else [value])]


def _make_readable(element: DataElement, codec: str) -> None:
    texts = _texts_of(element)
    if all(_has(codec, text) for text in texts):
        return
    readable = [_readable(element.VR, text, codec) for text in texts]
    element.value = readable if len(readable) > 1 else readable[0]


def _readable(vr: str, text: str, codec: str) -> str:
    if _has(codec, text):
        return text
    if vr != "PN":
        return latin_text(text)
    alphabetic, ideographic = (*text.split("=", 2), "")[:2]
    readable = alphabetic if _has(codec, alphabetic) else ""
    return readable or latin_name(ideographic or alphabetic)


def _has(codec: str, text: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _set_for(texts: Sequence[str], asked: str) -> str:
    codec = python_encoding.get(asked)
    if not asked or codec is None or "2022" in asked:
        return _UTF_8
    return asked if all(_has(codec, text) for text in texts) else _UTF_8
