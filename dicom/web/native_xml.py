"""The Native DICOM Model (PS3.19 A.1) in XML, from and to the DICOM JSON model (PS3.18 F)."""

from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring
from xml.parsers.expat import ExpatError, ParserCreate

from pydicom.datadict import keyword_for_tag

from dicom.web.json_reader import JsonError, NodeBudget

Json = dict[str, Any]

_NAMESPACE: Final = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_COMPONENTS: Final = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_DEEPEST: Final = 128
_LONGEST_NUMBER: Final = 7
_NODES_OF_ELEMENT: Final = 4
"""An element takes as much memory as so many parts of JSON."""
_NOT_IN_XML: Final = {code: None for code in range(32) if code not in (9, 10, 13)}


def to_xml(described: Mapping[str, Json]) -> bytes:
    """Turn a data set of the JSON model into an XML document."""
    root = Element("NativeDicomModel", {"xmlns": _NAMESPACE, "xml:space": "preserve"})
    _add_attributes(root, described)
    document = bytes(tostring(root, encoding="utf-8", xml_declaration=True))
    # A reader would turn a carriage return into a line feed (XML 1.0, 2.11).
    return document.replace(b"\r", b"&#13;")


def _add_attributes(parent: Element, described: Mapping[str, Json]) -> None:
    for tag, content in described.items():
        names = {"tag": tag, "vr": content["vr"]}
        keyword = keyword_for_tag(int(tag, 16))
        if keyword:
            names["keyword"] = keyword
        element = SubElement(parent, "DicomAttribute", names)
        if "BulkDataURI" in content:
            SubElement(element, "BulkData", {"uri": content["BulkDataURI"]})
        elif "InlineBinary" in content:
            SubElement(element, "InlineBinary").text = content["InlineBinary"]
        for number, value in enumerate(content.get("Value", ()), 1):
            _add_value(element, content["vr"], value, {"number": str(number)})


def _add_value(parent: Element, vr: str, value: Any, number: dict[str, str]) -> None:  # noqa: ANN401 -- JSON's
    if vr == "SQ":
        _add_attributes(SubElement(parent, "Item", number), value)
    elif value is None:
        # A value that is not there still counts: the number of the next one says so.
        return
    elif vr == "PN":
        name = SubElement(parent, "PersonName", number)
        for group in _GROUPS:
            if group in value:
                added = SubElement(name, group)
                for component, text in zip(_COMPONENTS, value[group].split("^"), strict=False):
                    if text:
                        SubElement(added, component).text = text.translate(_NOT_IN_XML)
    else:
        SubElement(parent, "Value", number).text = str(value).translate(_NOT_IN_XML)


def from_xml(document: bytes, budget: NodeBudget | None = None) -> Json:
    """Turn an XML document into a data set of the JSON model; numbers stay text.

    Parameters
    ----------
    document
        As it came.
    budget
        Spent on its elements, and on the values that its numbers leave out; of its own if None.

    Raises
    ------
    JsonError
        If it is no Native DICOM Model, declares a document type, or nests too deep.
    TooManyNodes
        Before more is held than the budget allows.
    """
    budget = budget or NodeBudget()
    root = _parse(document, budget)
    if root.tag != "NativeDicomModel":
        raise JsonError("a NativeDicomModel is wanted")
    return _attributes(root, budget)


def _parse(document: bytes, budget: NodeBudget) -> Element:
    """Build a tree without document types, and so without entities, files and addresses."""
    outer = Element("")
    stack = [outer]
    texts: list[list[str]] = [[]]

    def start(name: str, attributes: dict[str, str]) -> None:
        budget.spend(_NODES_OF_ELEMENT)
        if len(stack) > _DEEPEST:
            raise JsonError("the XML nests too deep")
        stack.append(SubElement(stack[-1], name.rpartition(" ")[2], attributes))
        texts.append([])

    def end(_name: str) -> None:
        stack.pop().text = "".join(texts.pop())

    def text(data: str) -> None:
        texts[-1].append(data)

    def no_doctype(*_: object) -> None:
        raise JsonError("the XML declares a document type")

    parser = ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = no_doctype
    try:
        parser.Parse(document, True)
    except ExpatError as error:
        raise JsonError("the XML is not well formed") from error
    return outer[0]


def _attributes(parent: Element, budget: NodeBudget) -> Json:
    found: Json = {}
    for element in parent:
        tag, vr = element.get("tag"), element.get("vr")
        if element.tag != "DicomAttribute" or tag is None or vr is None or tag in found:
            raise JsonError("a DicomAttribute with a tag and a VR is wanted, once")
        found[tag] = _content(element, tag, vr, budget)
    return found


def _content(element: Element, tag: str, vr: str, budget: NodeBudget) -> Json:
    content: Json = {"vr": vr}
    values: dict[int, Any] = {}
    for child in element:
        match child.tag:
            case "BulkData":
                content["BulkDataURI"] = child.get("uri", "")
            case "InlineBinary":
                content["InlineBinary"] = "".join((child.text or "").split())
            case "Value":
                values[_number(child, tag)] = child.text or ""
            case "Item":
                values[_number(child, tag)] = _attributes(child, budget)
            case "PersonName":
                values[_number(child, tag)] = _name(child)
            case _:
                raise JsonError(f"{tag}: neither a value nor a reference")
    if values:
        count = max(values)
        budget.spend(count - len(values))
        content["Value"] = [values.get(at) for at in range(1, count + 1)]
    return content


def _number(child: Element, tag: str) -> int:
    text = child.get("number", "")
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_NUMBER or not int(text):
        raise JsonError(f"{tag}: values are numbered from 1")
    return int(text)


def _name(child: Element) -> Json:
    name: Json = {}
    for group in child:
        parts = {component.tag: component.text or "" for component in group}
        if group.tag not in _GROUPS or not parts.keys() <= set(_COMPONENTS):
            raise JsonError("a PersonName has groups of name components")
        name[group.tag] = "^".join(parts.get(each, "") for each in _COMPONENTS).rstrip("^")
    return name
