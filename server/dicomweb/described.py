"""Data sets that clients describe in JSON or XML, within a budget (PS3.18 F, PS3.19 A.1)."""

from collections.abc import Sequence
from typing import Any

import orjson

from dicom.web.json_reader import JsonError, NodeBudget, TooManyNodes
from dicom.web.media_types import DICOM_XML
from dicom.web.native_xml import from_xml
from server.core.errors import InvalidInput, TooLarge


def described(kind: str, document: bytes, budget: NodeBudget) -> Sequence[dict[str, Any]]:
    """Read the data sets of a document of the media type ``kind``; all but XML is JSON.

    Raises
    ------
    InvalidInput, TooLarge
        If it describes none; if it has more parts than the budget allows.
    """
    try:
        if kind == DICOM_XML:
            return [from_xml(document, budget)]
        budget.spend(sum(document.count(mark) for mark in (b"{", b"[", b",")))
        found = orjson.loads(document)
    except TooManyNodes as error:
        raise TooLarge(str(error), code="metadata-too-large") from error
    except JsonError as error:
        raise InvalidInput(str(error), code="bad-metadata") from error
    except orjson.JSONDecodeError as error:
        raise InvalidInput("the metadata are no JSON", code="bad-metadata") from error
    several = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in several):
        raise InvalidInput("the metadata are a list of data sets", code="bad-metadata")
    return several
