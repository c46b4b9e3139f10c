"""Pictures of frames and pages of documents, made by decoders in processes that may die."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from dicom.codestream import DecodeError, DecodeFault
from dicom.encapsulated import Document
from dicom.page_words import Language
from dicom.render import Picture, RenderOptions
from server.core.errors import InvalidInput, LianzhenError, NotAcceptable, NotFound, Unavailable
from server.dicomweb.access import StoredInstance
from server.dicomweb.derived import Derived, thumbnail_key
from server.intake.public import Originals

THUMBNAIL: Final = RenderOptions(viewport=(256, 256))
"""As lists show it unless they ask for another; these are kept."""
_TOO_DAMAGED: Final = "it cannot be rendered; retrieve it as it is"


class Renderer(Protocol):
    """Draws a frame of a local file; `dicom.decode_pool.DecodePool` does."""

    async def render(self, path: Path, frame: int, options: RenderOptions | None = None) -> Picture:
        """Return the picture, or raise `DecodeError`."""
        ...

    async def page(self, path: Path, language: Language, base: str) -> bytes:
        """Return the page of a report or document, or raise `DecodeError`."""
        ...

    async def document(self, path: Path) -> Document:
        """Return where the document stands, or raise `DecodeError`."""
        ...


class RenderingService:
    """Renders what `access` has found; thumbnails of the usual size are kept."""

    def __init__(self, *, originals: Originals, derived: Derived, renderer: Renderer) -> None:
        self._originals = originals
        self._derived = derived
        self._renderer = renderer

    async def render(
        self, instance: StoredInstance, number: int, options: RenderOptions
    ) -> Picture:
        """Return a picture of frame ``number``, from 1.

        Raises
        ------
        NotFound
            If there is no such frame.
        NotAcceptable
            If there is no image, or one that nobody here can draw.
        """
        async with self._file(instance) as path:
            return await self._renderer.render(path, number - 1, options)

    async def page(self, instance: StoredInstance, language: Language, base: str) -> bytes:
        """Return a page of a structured report or an encapsulated document.

        Raises
        ------
        NotAcceptable
            If nobody here can read it.
        """
        async with self._file(instance) as path:
            return await self._renderer.page(path, language, base)

    async def document(self, instance: StoredInstance) -> Document:
        """Return where the document of an instance stands; raises as `page` does."""
        async with self._file(instance) as path:
            return await self._renderer.document(path)

    @asynccontextmanager
    async def _file(self, instance: StoredInstance) -> AsyncIterator[Path]:
        async with self._originals.as_file(instance.object_id, place=instance.place) as path:
            try:
                yield path
            except DecodeError as error:
                raise _refusal(error) from error

    async def thumbnail(
        self, candidates: Sequence[StoredInstance], frame: int | None, options: RenderOptions
    ) -> bytes:
        """Return a small picture of the first of ``candidates`` that can be drawn.

        Parameters
        ----------
        candidates
            At least one.
        frame
            From 1; the middle one of the instance where None.
        options
            With a viewport.

        Raises
        ------
        NotFound, NotAcceptable
            As `render`, for the last of them.
        """
        refused: LianzhenError | None = None
        keeps = frame is None and options == THUMBNAIL
        for instance in candidates:
            key = thumbnail_key(instance.org, instance.sha256)
            kept = await self._derived.get(key) if keeps else None
            if kept is not None:
                return kept
            number = frame or ((instance.frame_count or 1) + 1) // 2
            try:
                made = await self.render(instance, number, options)
            except NotAcceptable as error:
                refused = error
                continue
            if keeps:
                await self._derived.keep(key, made.data)
            return made.data
        raise refused or NotFound("there is no image", code="no-image")


def representative(instances: Sequence[StoredInstance]) -> list[StoredInstance]:
    """Choose who stands for a study or a series: of its images the middle one, and two in reserve.

    Of several series it is the first that has images (PS3.18 10.4.1.1.4 leaves it to us).
    """
    images = [each for each in instances if each.bits_allocated is not None]
    if not images:
        raise NotFound("there is no image to show", code="no-image")
    first = [each for each in images if each.series_uid == images[0].series_uid]
    chosen = (first[len(first) // 2], first[0], first[-1])
    return list({each.pk: each for each in chosen}.values())


def _refusal(error: DecodeError) -> LianzhenError:
    match error.code:
        case DecodeFault.NO_SUCH_FRAME:
            return NotFound("there is no such frame", code="no-such-frame")
        case DecodeFault.NO_SUCH_REGION:
            return InvalidInput("the region lies outside the image", code="bad-viewport")
        case DecodeFault.OVERRUN:
            return Unavailable("rendering took too long; try again", code="render-overrun")
        case code:
            return NotAcceptable(_TOO_DAMAGED, code=f"unrenderable-{code}")
