"""What is asked of a DICOMweb service, and what a right answer holds."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import date
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlencode

from PIL import Image, UnidentifiedImageError
from pydicom import Dataset

from benchmarks.web_client import Ask
from benchmarks.web_services import Expected
from tests.support.dicom_files import file_bytes

_JSON: Final = "application/dicom+json"
_FRAMES: Final = 'multipart/related; type="application/octet-stream"'
_BOUNDARY: Final = "lianzhen-bench-boundary"
_ENVELOPE_BYTES: Final = 200
_LIMIT: Final = 100
_PIXEL_DATA: Final = "7FE00010"


def frame(dataset: Dataset) -> Ask:
    """Ask for the pixels as they are stored."""
    pixels = bytes(dataset.PixelData)

    def is_right(body: bytes) -> bool:
        _, _, part = body.partition(b"\r\n\r\n")
        return part.startswith(pixels) and len(part) < len(pixels) + _ENVELOPE_BYTES

    return Ask(f"{_path(dataset)}/frames/1", _FRAMES, is_right)


def metadata(series: Sequence[Dataset]) -> Ask:
    """Ask for every attribute of a series."""
    wanted = {str(each.SOPInstanceUID): len(each) for each in series}

    def is_right(body: bytes) -> bool:
        # Pixel data is referred to, or left out, or told as empty.
        found = {
            _first(each, "00080018"): len(each.keys() | {_PIXEL_DATA}) for each in json.loads(body)
        }
        return found.keys() == wanted.keys() and all(
            found[uid] >= count for uid, count in wanted.items()
        )

    path = _path(series[0]).rpartition("/instances/")[0]
    return Ask(f"{path}/metadata", _JSON, is_right)


def rendered(dataset: Dataset) -> Ask:
    """Ask for a picture of the usual quality, 90, in full size."""
    size = (dataset.Columns, dataset.Rows)

    def is_right(body: bytes) -> bool:
        try:
            with Image.open(BytesIO(body)) as picture:
                low, high = picture.convert("L").getextrema()
                # A picture of one grey shows nothing.
                return picture.format == "JPEG" and picture.size == size and low != high
        except UnidentifiedImageError:
            return False

    return Ask(f"{_path(dataset)}/rendered", "image/jpeg", is_right)


def any_studies(expected: Expected, _: random.Random) -> Ask:
    """Ask for a hundred studies of all."""
    return _search({"limit": str(_LIMIT)}, expected.studies)


def studies_of_patient(expected: Expected, chance: random.Random) -> Ask:
    """Ask for somebody's studies."""
    patient = chance.choice(list(expected.by_patient))
    return _search({"PatientID": patient}, expected.by_patient[patient])


def studies_of_days(expected: Expected, chance: random.Random) -> Ask:
    """Ask for a hundred studies of two days."""
    days = sorted(expected.by_day)
    at = chance.randrange(len(days) - 1)
    first, last = days[at : at + 2]
    found = expected.by_day[first] | expected.by_day[last]
    return _search({"StudyDate": f"{_day(first)}-{_day(last)}", "limit": str(_LIMIT)}, found)


SEARCHES: Final[dict[str, Callable[[Expected, random.Random], Ask]]] = {
    f"QIDO-RS, limit={_LIMIT}": any_studies,
    "QIDO-RS by PatientID": studies_of_patient,
    f"QIDO-RS by StudyDate of two days, limit={_LIMIT}": studies_of_days,
}


def store(datasets: Sequence[Dataset]) -> Ask:
    """Ask to store all of a series in one request."""
    wanted = {str(each.SOPInstanceUID) for each in datasets}
    body = b"".join(
        b"--%s\r\nContent-Type: application/dicom\r\n\r\n%s\r\n"
        % (_BOUNDARY.encode(), file_bytes(each))
        for each in datasets
    )

    def is_right(answer: bytes) -> bool:
        told = json.loads(answer)
        stored = {_first(each, "00081155") for each in told["00081199"]["Value"]}
        return stored == wanted and not told.get("00081198", {}).get("Value")

    return Ask(
        "/studies",
        _JSON,
        is_right,
        body + f"--{_BOUNDARY}--\r\n".encode(),
        f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}',
    )


def _search(asked: dict[str, str], matching: set[str]) -> Ask:
    def is_right(body: bytes) -> bool:
        found = {_first(each, "0020000D") for each in json.loads(body)}
        return found <= matching and len(found) == min(len(matching), _LIMIT)

    return Ask(f"/studies?{urlencode(asked)}", _JSON, is_right)


def _first(item: dict[str, Any], tag: str) -> str:
    return str(item[tag]["Value"][0])


def _path(dataset: Dataset) -> str:
    return (
        f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"
