"""The process in which pixels of strangers are decoded: ``python -m dicom.decode_worker``.

A request is JSON. An answer is the length and bytes of JSON, and after them a picture's bytes.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dicom.codestream import DecodeError, DecodeFault
from dicom.encapsulated import find_document
from dicom.faults import DicomFormatError
from dicom.page import document_page, rendered_at, report_page
from dicom.page_words import Language
from dicom.part10 import scan
from dicom.pixels import SCAN_LIMITS, open_image, read_frame
from dicom.render import PictureType, Region, RenderOptions, Window, render_frame
from dicom.sr import Reference
from dicom.transcode import Progress, transcode, transcode_frames
from dicom.uids import is_structured_report
from dicom.worker_process import LENGTH, answer_requests


def _answer(request: bytes) -> tuple[bytes, bytes, bytes]:
    payload = b""
    try:
        head, payload = _perform(json.loads(request))
    except DecodeError as error:
        head = {"code": error.code, "message": error.message}
    except MemoryError:
        head = {"code": DecodeFault.OVERRUN, "message": "the memory limit was reached"}
    except OSError as error:
        head = {"code": DecodeFault.BAD_FILE, "message": error.strerror or "unreadable"}
    except (ValueError, ArithmeticError, LookupError, TypeError, RuntimeError) as error:
        # NumPy raises these where bytes and claims disagree in a way no check foresaw.
        head = {"code": DecodeFault.CORRUPT, "message": type(error).__name__}
    encoded = json.dumps(head).encode()
    return LENGTH.pack(len(encoded)), encoded, payload


def _perform(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    path = Path(request["path"])
    match request["kind"]:
        case "transcode":
            return _progress(transcode(path, *_task(request), request["frame"], request["slice_s"]))
        case "transcode-frames":
            frames, slice_s = request["frames"], request["slice_s"]
            return _progress(transcode_frames(path, *_task(request), frames, slice_s))
        case "page":
            return {}, _page(path, Language(request["language"]), request["base"]).encode()
        case "document":
            document = find_document(path)
            return {"media_type": document.media_type, "place": document.place}, b""
    image = open_image(path)
    frame = int(request["frame"])
    if request["kind"] == "native":
        values = read_frame(image, frame).values
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        return {"shape": values.shape, "dtype": little.dtype.str}, little.tobytes()
    window, viewport, region = request["window"], request["viewport"], request["region"]
    picture = render_frame(
        image,
        frame,
        RenderOptions(
            picture_type=PictureType(request["picture_type"]),
            quality=int(request["quality"]),
            window=None if window is None else Window(*window),
            viewport=None if viewport is None else (int(viewport[0]), int(viewport[1])),
            region=None if region is None else Region(*region),
        ),
    )
    head = {"width": picture.width, "height": picture.height, "shown_ms": picture.shown_ms}
    return head, picture.data


def _task(request: dict[str, Any]) -> tuple[str, Path]:
    return request["target"], Path(request["into"])


def _progress(found: Progress) -> tuple[dict[str, Any], bytes]:
    return {"next_frame": found.next_frame, "lengths": found.lengths}, b""


def _page(path: Path, language: Language, base: str) -> str:
    try:
        header = scan(path, SCAN_LIMITS)
    except DicomFormatError as error:
        raise DecodeError(DecodeFault.BAD_FILE, error.code) from error
    if is_structured_report(header.sop_class_uid):
        return report_page(header.dataset, language, rendered_at(base))
    document = find_document(path)
    itself = Reference(
        header.sop_class_uid,
        header.sop_instance_uid,
        study_uid=header.study_instance_uid,
        series_uid=header.series_instance_uid,
    )
    address = f"{rendered_at(base)(itself)}?accept={quote(document.media_type)}"
    return document_page(header.dataset, language, address, document.media_type)


if __name__ == "__main__":
    answer_requests(_answer)
