"""Objects on their way out without who they are of."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from dicom.confidentiality import OPTION_CODES, Option
from dicom.deidentify import Profile, deidentified
from dicom.faults import DicomFormatError
from dicom.part10 import Part10Header, inflate, scan
from dicom.pseudonyms import Pseudonyms
from dicom.structure import ScanLimits
from dicom.web.dicom_json import to_json
from server.core.errors import InvalidInput, Unavailable
from server.intake.public import Originals

_T = TypeVar("_T")
_WITHOUT_PIXELS: Final = ScanLimits(require_pixel_data=False)


@dataclass(frozen=True)
class Deidentification:
    """What a de-identified export keeps, and whether it goes on without what it cannot clean."""

    options: frozenset[Option] = frozenset()
    leave_out_burned_in: bool = False

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= self.options:
            raise InvalidInput("dates are retained in full or modified, not both")

    @property
    def names(self) -> list[str]:
        """The options as the standard calls them."""
        return [meaning for option, (_, meaning) in OPTION_CODES.items() if option in self.options]


@dataclass(frozen=True)
class AnonymousHeader:
    """What an object is after it was de-identified."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    attributes: dict[str, Any]


class Anonymizer:
    """De-identifies objects of a community; the same identifiers become the same pseudonyms."""

    def __init__(self, *, originals: Originals, executor: Executor, key: bytes) -> None:
        self._originals = originals
        self._executor = executor
        self._key = key

    def profile(self, org: str, how: Deidentification) -> Profile:
        """Return how objects of a community are de-identified."""
        key = hmac.new(self._key, f"pseudonyms\0{org}".encode(), hashlib.sha256).digest()
        return Profile(Pseudonyms(key), how.options)

    async def blocks(
        self,
        object_id: str,
        profile: Profile,
        told: Callable[[AnonymousHeader], None],
    ) -> AsyncIterator[bytes]:
        """Yield an object's bytes anew and tell, before the first, what it is then.

        Raises
        ------
        Unavailable
            If the stored bytes are not those that were received, or cannot be de-identified.
        """
        async with self._originals.as_file(object_id) as path:
            with ExitStack() as opened:
                parts, header = await self._blocking(lambda: _begin(path, profile, opened))
                # File meta information and data set come whole, before any of the pixel data.
                head = (await self._next(parts) or b"") + (await self._next(parts) or b"")
                told(await self._blocking(lambda: _read(head, header)))
                yield head
                while block := await self._next(parts):
                    yield block

    async def _next(self, parts: Iterator[bytes]) -> bytes | None:
        try:
            return await self._blocking(lambda: next(parts, None))
        except DicomFormatError as error:
            raise Unavailable(
                f"an object cannot be de-identified: {error}", code="not-deidentified"
            ) from error

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _begin(path: Path, profile: Profile, opened: ExitStack) -> tuple[Iterator[bytes], Part10Header]:
    file = opened.enter_context(path.open("rb"))
    try:
        header = scan(file)
        plain: BinaryIO = opened.enter_context(inflate(path, header)) if header.deflated else file
    except DicomFormatError as error:
        raise Unavailable("an object cannot be read", code="bytes-damaged") from error
    return deidentified(plain, header, profile), header


def _read(head: bytes, before: Part10Header) -> AnonymousHeader:
    """Read what comes before the pixel data back: what a directory says is what stands there."""
    after = scan(BytesIO(head), _WITHOUT_PIXELS)
    return AnonymousHeader(
        before.sop_class_uid,
        after.sop_instance_uid,
        after.transfer_syntax_uid,
        to_json(after.dataset),
    )
