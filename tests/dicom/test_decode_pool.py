"""Decoding processes that crash, overrun or are killed, and their neighbours that go on."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Iterable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from dicom.codestream import DecodeError
from dicom.decode_pool import DecodePool
from dicom.render import Picture, PictureType, RenderOptions, Window
from tests.dicom.build import saved, wheel_file
from tests.dicom.test_pixels import grey

LIMIT = 1024 * 1024 * 1024
SLOW = RenderOptions(PictureType.PNG)


def slow_image(folder: Path) -> Path:
    """Write an image that takes a second or two to render as `SLOW`."""
    noise = np.random.default_rng(1).integers(0, 60_000, (6000, 6000), dtype="<u2")
    path = folder / "slow.dcm"
    path.write_bytes(saved(grey(noise)).getvalue())
    return path


async def test_a_frame_is_rendered_and_decoded_in_another_process() -> None:
    options = RenderOptions(PictureType.PNG, window=Window(100, 400), viewport=(64, 64))
    async with DecodePool(1, LIMIT, 10) as pool:
        picture = await pool.render(wheel_file("CT_small.dcm"), 0, options)
        assert (picture.width, picture.height) == (64, 64)
        assert imagecodecs.png_decode(picture.data).shape == (64, 64)
        native = await pool.native_frame(wheel_file("CT_small.dcm"), 0)
        assert (native.shape, native.dtype, len(native.data)) == ((128, 128), "<i2", 32768)
        (first,) = pool.process_ids
        assert first != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


async def test_a_refused_frame_leaves_its_process_alive() -> None:
    async with DecodePool(1, LIMIT, 10) as pool:
        with pytest.raises(DecodeError, match="no-such-frame"):
            await pool.render(wheel_file("CT_small.dcm"), 5)
        before = pool.process_ids
        with pytest.raises(DecodeError, match="bad-file"):
            await pool.render(Path("/nonexistent.dcm"), 0)
        assert (await pool.render(wheel_file("CT_small.dcm"), 0)).width == 128
        assert pool.process_ids == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
async def test_a_decoder_that_dies_at_work_fails_its_own_request_only(
    how: signal.Signals, tmp_path: Path
) -> None:
    path = slow_image(tmp_path)
    async with DecodePool(2, LIMIT, 30) as pool:
        await pool.render(wheel_file("CT_small.dcm"), 0)
        (victim,) = pool.process_ids
        doomed = asyncio.ensure_future(pool.render(path, 0, SLOW))
        await asyncio.sleep(0.2)
        honest = asyncio.ensure_future(pool.render(wheel_file("MR_small.dcm"), 0))
        os.kill(victim, how)
        with pytest.raises(DecodeError, match="crashed"):
            await doomed
        assert (await honest).width == 64
        assert (await pool.render(wheel_file("CT_small.dcm"), 0)).width == 128
        assert victim not in pool.process_ids


async def test_an_image_beyond_the_memory_limit_fails_alone(tmp_path: Path) -> None:
    path = slow_image(tmp_path)
    async with DecodePool(1, 100 * 1024 * 1024, 30) as pool:
        with pytest.raises(DecodeError) as caught:
            await pool.render(path, 0, SLOW)
        assert caught.value.code in ("overrun", "corrupt", "crashed")
        assert (await pool.render(wheel_file("CT_small.dcm"), 0)).width == 128


async def test_a_cancelled_request_does_not_answer_the_next(tmp_path: Path) -> None:
    path = slow_image(tmp_path)
    async with DecodePool(1, LIMIT, 30) as pool:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.8):
                await pool.render(path, 0, SLOW)
        assert (await pool.render(wheel_file("CT_small.dcm"), 0)).width == 128


async def test_a_decoder_that_takes_too_much_time_is_ended(tmp_path: Path) -> None:
    path = slow_image(tmp_path)
    async with DecodePool(1, LIMIT, 0) as pool:
        work = (pool.render(path, 0, SLOW) for _ in range(20))
        with pytest.raises(DecodeError, match="overrun"):
            await _one_after_the_other(work)


async def _one_after_the_other(work: Iterable[Awaitable[Picture]]) -> None:
    for one in work:
        await one
