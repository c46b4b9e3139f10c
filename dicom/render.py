"""From stored pixel values to an 8-bit picture (PS3.3 C.7.6.3, C.11.1, C.11.2, PS3.18 8.3.5)."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, cast

import imagecodecs
import numpy as np
import scipy
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.codestream import DecodeError, DecodeFault
from dicom.levels import Levels, percentiles, sampled
from dicom.overlays import overlay_mask
from dicom.palette import apply_palette
from dicom.pixels import Frame, Image, read_frame

_WHITE: Final = 255.0
_PERCENTILES: Final = (0.5, 99.5)
"""Shown range where the image names no window: metal and markers are left outside."""


class PictureType(StrEnum):
    """Rendered media types (PS3.18 Table 8.7.4-1)."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"


@dataclass(frozen=True, slots=True)
class Window:
    """A grey window (C.11.2.1.2).

    Parameters
    ----------
    center, width
        In units of the modality's output, for example Hounsfield units.
    function
        VOI LUT Function; the image's own where None.
    """

    center: float
    width: float
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a frame (PS3.18 8.3.5.1.3).

    Parameters
    ----------
    left, top, width, height
        In pixels of the image.
    mirrored, upside_down
        Flipped left to right, top to bottom.
    """

    left: int
    top: int
    width: int
    height: int
    mirrored: bool = False
    upside_down: bool = False


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What the picture shall be.

    Parameters
    ----------
    picture_type
        PNG, JPEG or GIF; colours of a GIF are those of a fixed palette of 256.
    quality
        Of a JPEG, 1 to 100.
    window
        Instead of the image's own.
    viewport
        (width, height) in pixels into which the picture is shrunk, keeping its proportions;
        it is never enlarged.
    region
        Only a part of the frame; what lies outside the image is left out.
    """

    picture_type: PictureType = PictureType.JPEG
    quality: int = 90
    window: Window | None = None
    viewport: tuple[int, int] | None = None
    region: Region | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture.

    Parameters
    ----------
    data
        A file of the type.
    width, height
        In pixels.
    shown_ms
        For how long it is shown where its frames follow each other, None where the object does
        not say.
    """

    data: bytes
    picture_type: PictureType
    width: int
    height: int
    shown_ms: float | None = None


def render_frame(image: Image, frame: int, options: RenderOptions) -> Picture:
    """Render one frame.

    Parameters
    ----------
    image
        From `dicom.pixels.open_image`.
    frame
        Index from 0.
    options
        See there.

    Raises
    ------
    DecodeError
        See `dicom.pixels.read_frame`.
    """
    whole = read_frame(image, frame)
    ds = image.header.dataset
    laid_over = overlay_mask(ds, image.layout, whole, frame)
    stored = replace(whole, values=_cut(whole.values, options.region))
    if stored.values.ndim == 2 and stored.photometric != "PALETTE COLOR":
        is_plain = options.viewport is None and laid_over is None
        levels = Levels.of(stored.values) if is_plain else None
        pixels = _grey(ds, stored, levels, frame, options)
        if levels is not None:
            return _encoded(levels.picture(_eight_bits(pixels)), options, _shown_ms(ds))
    else:
        pixels = _shrink(_colour(ds, stored, image.layout.bits_stored), options.viewport)
    if laid_over is not None:
        cover = _shrink(_cut(laid_over, options.region).astype(np.float32), options.viewport)
        pixels = pixels + (_WHITE - pixels) * (cover if pixels.ndim == 2 else cover[..., None])
    return _encoded(_eight_bits(pixels), options, _shown_ms(ds))


def _shown_ms(ds: Dataset) -> float | None:
    """Return for how long a frame is shown (PS3.3 C.7.6.5)."""
    told = access.decimal(ds, "FrameTime")
    if told is not None and told > 0:
        return told
    rates = (access.decimal(ds, each) for each in ("RecommendedDisplayFrameRate", "CineRate"))
    return next((1000 / rate for rate in rates if rate is not None and rate > 0), None)


def _eight_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.rint(np.clip(pixels, 0, _WHITE)).astype(np.uint8))


def _encoded(picture: NDArray[np.uint8], options: RenderOptions, shown_ms: float | None) -> Picture:
    height, width = picture.shape[:2]
    data = _encode(picture, options)
    return Picture(bytes(data), options.picture_type, width, height, shown_ms)


def _cut(values: NDArray[Any], region: Region | None) -> NDArray[Any]:
    if region is None:
        return values
    rows = slice(region.top, region.top + region.height)
    values = values[rows, region.left : region.left + region.width]
    if not values.size:
        raise DecodeError(DecodeFault.NO_SUCH_REGION, "the region lies outside the image")
    values = values[::-1] if region.upside_down else values
    return values[:, ::-1] if region.mirrored else values


def _encode(picture: NDArray[np.uint8], options: RenderOptions) -> bytes | bytearray:
    match options.picture_type:
        case PictureType.PNG:
            return imagecodecs.png_encode(picture, level=3)
        case PictureType.JPEG:
            return imagecodecs.jpeg8_encode(picture, level=options.quality)
        case PictureType.GIF if picture.ndim == 2:
            return imagecodecs.gif_encode(picture)
        case PictureType.GIF:
            # Three bits of red and green, two of blue.
            red, green, blue = (picture[..., at] for at in range(3))
            return imagecodecs.gif_encode(
                (red & 0xE0) | (green >> 5 << 2) | (blue >> 6), colormap=_gif_palette()
            )


def _gif_palette() -> NDArray[np.uint8]:
    index = np.arange(256)
    channels = (index >> 5) * 255 / 7, (index >> 2 & 7) * 255 / 7, (index & 3) * 255 / 3
    return np.stack([np.rint(each).astype(np.uint8) for each in channels], axis=-1)


def _grey(
    ds: Dataset, stored: Frame, levels: Levels | None, frame: int, options: RenderOptions
) -> NDArray[Any]:
    """Return how bright each pixel is, from 0 to 255, or each of the ``levels`` that occur."""
    groups = _functional_groups(ds, frame)
    values = _modality(groups, stored.values if levels is None else levels.values)
    values = _shrink(values, options.viewport)
    inverse = stored.photometric == "MONOCHROME1"
    if (access.text(ds, "PresentationLUTShape") or "") == "INVERSE" and not inverse:
        inverse = True
    window = options.window or _own_window(groups)
    function = access.text(groups[0], "VOILUTFunction") or "LINEAR"
    if options.window is not None and options.window.function is not None:
        function = options.window.function
    if window is None:
        table = next((t for g in groups for t in access.sequence(g, "VOILUTSequence")), None)
        if table is not None:
            shown = _through_table(table, values) * _WHITE
            return _WHITE - shown if inverse else shown
        window = _unnamed_window(ds, stored, levels, values)
        function = "LINEAR_EXACT"
    shown = _windowed(values, window, function) * _WHITE
    return _WHITE - shown if inverse else shown


def _functional_groups(ds: Dataset, frame: int) -> list[Dataset]:
    """Return the data sets that may hold a frame's transformations, the nearest first."""
    per_frame = access.sequence(ds, "PerFrameFunctionalGroupsSequence")
    found: list[Dataset] = []
    for item in (
        *per_frame[frame : frame + 1],
        *access.sequence(ds, "SharedFunctionalGroupsSequence"),
    ):
        for keyword in ("FrameVOILUTSequence", "PixelValueTransformationSequence"):
            found.extend(access.sequence(item, keyword)[:1])
    return [*found, ds]


def _modality(groups: list[Dataset], stored: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """Apply the modality LUT or rescale (C.11.1)."""
    table = next((t for g in groups for t in access.sequence(g, "ModalityLUTSequence")), None)
    if table is not None:
        looked_up = _look_up(table, stored.astype(np.float64))
        if looked_up is not None:
            return looked_up.astype(np.float32)
    # Single precision carries 24 bits, enough for every 16-bit image; 32-bit ones need more.
    wide = np.float64 if stored.dtype.itemsize > 2 else np.float32
    values = cast("NDArray[np.floating[Any]]", stored.astype(wide))
    slope = next((s for g in groups if (s := access.decimal(g, "RescaleSlope")) is not None), 1.0)
    intercept = next(
        (i for g in groups if (i := access.decimal(g, "RescaleIntercept")) is not None), 0.0
    )
    if slope not in (0, 1):
        values *= slope
    if intercept != 0:
        values += intercept
    return values


def _has_modality(ds: Dataset) -> bool:
    return any(
        access.element(ds, keyword) is not None
        for keyword in ("ModalityLUTSequence", "RescaleSlope", "SharedFunctionalGroupsSequence")
    )


def _own_window(groups: list[Dataset]) -> Window | None:
    for group in groups:
        center, width = access.decimal(group, "WindowCenter"), access.decimal(group, "WindowWidth")
        if center is not None and width is not None and width > 0:
            return Window(center, width)
    return None


def _unnamed_window(
    ds: Dataset, stored: Frame, levels: Levels | None, values: NDArray[Any]
) -> Window:
    """Choose a window where the image names none.

    Values of eight bits are what a device shows on its own screen (C.11.2: an absent VOI LUT is
    the identity). Wider ones would be black so, and are shown by those that occur, padding left
    out (C.7.5.1.1.2).
    """
    bits = access.integer(ds, "BitsStored") or 0
    if stored.values.dtype == np.uint8 and 0 < bits <= 8 and not _has_modality(ds):
        top = 2.0**bits - 1
        return Window(top / 2, top)
    padding = _padding(ds)
    if levels is not None:
        counts = levels.counts(padding)
        found = percentiles(values, counts, (*_PERCENTILES, 0, 100))
        return _window_of(*found) if found else Window(0.5, 1.0)
    shown = values
    if padding is not None and shown.shape == stored.values.shape:
        first, last = padding
        kept = shown[(stored.values < first) | (stored.values > last)]
        shown = kept if kept.size else shown
    finite = shown[np.isfinite(shown)]
    if finite.size == 0:
        return Window(0.5, 1.0)
    sample = sampled(finite)
    low, high = (float(one) for one in np.percentile(sample, _PERCENTILES))
    return _window_of(low, high, float(sample.min()), float(sample.max()))


def _padding(ds: Dataset) -> tuple[int, int] | None:
    value = access.integer(ds, "PixelPaddingValue")
    if value is None:
        return None
    limit = access.integer(ds, "PixelPaddingRangeLimit")
    first, last = sorted((value, value if limit is None else limit))
    return first, last


def _window_of(low: float, high: float, least: float, largest: float) -> Window:
    if high <= low:
        low, high = least, largest
    return Window((low + high) / 2, max(high - low, 1e-9))


def _windowed(values: NDArray[Any], window: Window, function: str) -> NDArray[Any]:
    """Map values to 0..1 (C.11.2.1.2 and C.11.2.1.3)."""
    center, width = window.center, max(window.width, 1e-9)
    match function:
        case "SIGMOID":
            exponent = np.clip(-4.0 * (values - center) / width, -80, 80)
            shown = 1.0 / (1.0 + np.exp(exponent))
        case "LINEAR_EXACT":
            shown = (values - center) / width + 0.5
        case _ if width <= 1:
            shown = (values > center - 0.5).astype(np.float32)
        case _:
            shown = (values - (center - 0.5)) / (width - 1) + 0.5
    return np.nan_to_num(np.clip(shown, 0, 1))


def _look_up(table: Dataset, values: NDArray[Any]) -> NDArray[Any] | None:
    """Apply a LUT (C.11.1.1.1); None where its descriptor and data do not agree."""
    descriptor = access.numbers_of(table, "LUTDescriptor")
    data = access.element(table, "LUTData")
    if len(descriptor) != 3 or data is None or None in descriptor:
        return None
    entries = int(descriptor[0] or 0) or 65536
    first = descriptor[1] or 0.0
    if first > 32767 and float(values.min()) < 0:
        first -= 65536
    raw = access.binary(table, "LUTData")
    if raw is not None:
        order = "<" if data.little_endian else ">"
        found = np.frombuffer(raw[: len(raw) // 2 * 2], dtype=f"{order}u2")
        if len(raw) == entries:
            found = np.frombuffer(raw, dtype=np.uint8)
    else:
        found = np.array([one or 0 for one in access.numbers_of(table, "LUTData")])
    if found.size < entries:
        return None
    index = np.clip(np.rint(values - first), 0, entries - 1).astype(np.int64)
    return found[index].astype(np.float64)


def _through_table(table: Dataset, values: NDArray[Any]) -> NDArray[Any]:
    looked_up = _look_up(table, values)
    if looked_up is None:
        raise DecodeError(DecodeFault.CORRUPT, "the VOI table is not what it claims")
    bits = access.numbers_of(table, "LUTDescriptor")[2] or 8
    return looked_up / (2.0**bits - 1)


def _colour(ds: Dataset, stored: Frame, bits_stored: int) -> NDArray[Any]:
    """Return RGB of 0 to 255."""
    match stored.photometric:
        case "PALETTE COLOR":
            return apply_palette(ds, stored.values)
        case "YBR_FULL" | "YBR_FULL_422":
            return _rgb_of_ybr(stored.values, bits_stored)
        case "YBR_PARTIAL_422" | "YBR_PARTIAL_420":
            return _rgb_of_video(stored.values, bits_stored)
        case _:
            return stored.values * (_WHITE / (2.0**bits_stored - 1))


def _rgb_of_ybr(values: NDArray[Any], bits_stored: int) -> NDArray[np.float32]:
    """Convert YCbCr of ITU-R BT.601 in full range (C.7.6.3.1.2)."""
    scale = np.float32(_WHITE / (2.0**bits_stored - 1))
    y, cb, cr = (values[..., at].astype(np.float32) * scale for at in range(3))
    cb -= 128
    cr -= 128
    return np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), axis=-1)


def _rgb_of_video(values: NDArray[Any], bits_stored: int) -> NDArray[np.float32]:
    """Convert YCbCr of ITU-R BT.601 in the range of video, 16 to 235 (C.7.6.3.1.2, retired)."""
    scale = np.float32(_WHITE / (2.0**bits_stored - 1))
    y, cb, cr = (values[..., at].astype(np.float32) * scale for at in range(3))
    y = 1.1644 * (y - 16)
    cb -= 128
    cr -= 128
    return np.stack((y + 1.5960 * cr, y - 0.3917 * cb - 0.8130 * cr, y + 2.0173 * cb), axis=-1)


def _shrink(values: NDArray[Any], viewport: tuple[int, int] | None) -> NDArray[Any]:
    """Shrink by averaging areas, so that thin structures pale but do not vanish."""
    if viewport is None:
        return values
    rows, columns = values.shape[:2]
    factor = min(viewport[0] / columns, viewport[1] / rows, 1.0)
    if factor >= 1:
        return values
    height, width = max(math.floor(rows * factor), 1), max(math.floor(columns * factor), 1)
    down, across = _averaging(rows, height), _averaging(columns, width)
    if values.ndim == 2:
        return cast("NDArray[Any]", (across @ (down @ values).T).T)
    planes = [(across @ (down @ values[..., at]).T).T for at in range(values.shape[2])]
    return np.stack(planes, axis=-1)


def _averaging(old: int, new: int) -> "scipy.sparse.csr_array":
    """Return the (new, old) matrix whose rows average the old pixels under each new one."""
    edges = np.linspace(0, old, new + 1)
    first = np.floor(edges[:-1]).astype(np.int64)
    last = np.minimum(np.ceil(edges[1:]).astype(np.int64), old)
    counts = last - first
    row = np.repeat(np.arange(new), counts)
    column = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    column += np.repeat(first, counts)
    overlap = np.minimum(edges[row + 1], column + 1) - np.maximum(edges[row], column)
    weights = (overlap / (edges[row + 1] - edges[row])).astype(np.float32)
    return scipy.sparse.csr_array((weights, (row, column)), shape=(new, old))
