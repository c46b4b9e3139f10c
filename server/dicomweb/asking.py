"""What a request of DICOMweb asks for: its target, its frames, and what its client takes."""

import re
from typing import Final

from aiohttp import web

from server.core.errors import InvalidInput
from server.dicomweb.access import StoredInstance, Target
from server.dicomweb.responses import PREFIX

STUDY: Final = f"{PREFIX}/studies/{{study}}"
SERIES: Final = f"{STUDY}/series/{{series}}"
INSTANCE: Final = f"{SERIES}/instances/{{instance}}"
MOST_FRAMES: Final = 10_000
"""Of an answer."""
_FRAMES: Final = re.compile(r"[1-9]\d{0,8}(,[1-9]\d{0,8})*", re.ASCII)


def target_of(request: web.Request) -> Target:
    """Return what the path names."""
    found = request.match_info
    return Target(found["study"], found.get("series"), found.get("instance"))


def accept_of(request: web.Request) -> str | None:
    """Return what the client takes; a query parameter speaks for those that cannot set headers."""
    return request.query.get("accept") or ", ".join(request.headers.getall("Accept", ())) or None


def frame_numbers(text: str) -> list[int]:
    """Read a list of frame numbers from 1.

    Raises
    ------
    InvalidInput
        If it is none, or too long.
    """
    if len(text) > 10 * MOST_FRAMES or _FRAMES.fullmatch(text) is None:
        raise InvalidInput("frames are a list of numbers from 1", code="bad-frames")
    numbers = [int(number) for number in text.split(",")]
    if len(numbers) > MOST_FRAMES:
        raise InvalidInput(f"more than {MOST_FRAMES} frames at once", code="bad-frames")
    return numbers


def location_of(base: str, instance: StoredInstance) -> str:
    """Return an instance's own address."""
    return (
        f"{base}/studies/{instance.study_uid}/series/{instance.series_uid}"
        f"/instances/{instance.sop_uid}"
    )
