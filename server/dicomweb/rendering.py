"""Pictures of frames, drawn by decoders in processes that may die."""

from pathlib import Path
from typing import Final, Protocol

from dicom.codestream import DecodeError, DecodeFault
from dicom.render import Picture, RenderOptions
from server.core.errors import LianzhenError, NotAcceptable, NotFound, Unavailable
from server.dicomweb.access import StoredInstance
from server.intake.public import Originals

_TOO_DAMAGED: Final = "the image cannot be rendered; retrieve it as it is"


class Renderer(Protocol):
    """Draws a frame of a local file; `dicom.decode_pool.DecodePool` does."""

    async def render(self, path: Path, frame: int, options: RenderOptions | None = None) -> Picture:
        """Return the picture, or raise `DecodeError`."""
        ...


class RenderingService:
    """Renders what `access` has found."""

    def __init__(self, *, originals: Originals, renderer: Renderer) -> None:
        self._originals = originals
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
        async with self._originals.as_file(instance.object_id) as path:
            try:
                return await self._renderer.render(path, number - 1, options)
            except DecodeError as error:
                raise _refusal(error) from error


def _refusal(error: DecodeError) -> LianzhenError:
    match error.code:
        case DecodeFault.NO_SUCH_FRAME:
            return NotFound("there is no such frame", code="no-such-frame")
        case DecodeFault.OVERRUN:
            return Unavailable("rendering took too long; try again", code="render-overrun")
        case code:
            return NotAcceptable(_TOO_DAMAGED, code=f"unrenderable-{code}")
