"""Derived data that rotted are made again, and a scrub takes away what nobody asks for."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError

from server.core.objects.errors import ObjectStoreUnavailable
from server.core.objects.port import BLOCK_BYTES
from server.dicomweb.derived import thumbnail_key
from server.dicomweb.derived_scrub import DerivedReport, DerivedScrub
from tests.server.core.objects.bodies import put
from tests.server.dicomweb.site import Site
from tests.server.dicomweb.test_retrieve import path_of, uids
from tests.support.dicom_files import ct_bytes, large_ct
from tests.support.fakes import ManualClock
from tests.support.senders import ORG

JPEG_LS = "1.2.840.10008.1.2.4.80"


def asked(data: bytes) -> dict[str, tuple[str, str]]:
    """Return path and Accept of one answer that is kept, by the letter of its kind."""
    study, series, _ = uids(data)
    return {
        "m": (f"/studies/{study}/series/{series}/metadata", "application/dicom+json"),
        "p": (f"{path_of(data)}/thumbnail", "image/jpeg"),
        "t": (path_of(data), f"application/dicom; transfer-syntax={JPEG_LS}"),
    }


async def answer(site: Site, path: str, accept: str) -> bytes:
    async with site.get(path, headers={"Accept": accept}) as response:
        assert response.status == 200
        return bytes(await response.read())


def kept(tmp_path: Path, kind: str) -> Path:
    (path,) = [each for each in (tmp_path / "derived" / ORG / kind).rglob("*") if each.is_file()]
    return path


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.chmod(0o640)
    path.write_bytes(content)


async def scrub(site: Site) -> DerivedReport:
    work = DerivedScrub(store=site.derived, database=site.parts.database, clock=ManualClock())
    return await work.run(gently=True)


@pytest.mark.parametrize("kind", ["m", "p", "t"])
@pytest.mark.parametrize("at", [0, -40, -1])
async def test_rot_costs_the_making_and_never_the_answer(
    site: Site, tmp_path: Path, kind: str, at: int
) -> None:
    data = ct_bytes()
    await site.send(data)
    path, accept = asked(data)[kind]
    first = await answer(site, path, accept)
    good = kept(tmp_path, kind).read_bytes()
    flip(kept(tmp_path, kind), at)
    assert await answer(site, path, accept) == first
    assert kept(tmp_path, kind).read_bytes() == good


async def test_a_large_one_breaks_off_and_is_right_when_asked_again(
    site: Site, tmp_path: Path
) -> None:
    data = large_ct(3 * BLOCK_BYTES)
    await site.send(data)
    path, accept = asked(data)["t"]
    await answer(site, path, accept)
    good = kept(tmp_path, "t").read_bytes()
    flip(kept(tmp_path, "t"), len(good) // 2)
    with pytest.raises(ClientError):
        await answer(site, path, accept)
    await answer(site, path, accept)
    assert kept(tmp_path, "t").read_bytes() == good


async def test_a_scrub_removes_what_rotted_and_nothing_else(site: Site, tmp_path: Path) -> None:
    data = ct_bytes()
    await site.send(data)
    for path, accept in asked(data).values():
        await answer(site, path, accept)
    (tmp_path / "derived" / "notes.txt").write_bytes(b"not ours")
    assert await scrub(site) == DerivedReport(checked=3)
    for kind in "mpt":
        flip(kept(tmp_path, kind), 3)
    assert await scrub(site) == DerivedReport(checked=3, rotten=3)
    assert await keys(site) == ["notes.txt"]


async def test_a_scrub_removes_what_belongs_to_nothing(site: Site, tmp_path: Path) -> None:
    data = ct_bytes()
    await site.send(data)
    for path, accept in asked(data).values():
        await answer(site, path, accept)
    await put(site.derived, thumbnail_key(ORG, "00" * 32), b"of a deleted object")
    await put(site.derived, f"{ORG}/m/{'0' * 32}/x", b"of a deleted series")
    assert await scrub(site) == DerivedReport(checked=5, ownerless=2)
    assert len(await keys(site)) == 3


async def test_one_that_cannot_be_read_does_not_end_a_scrub(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ct_bytes()
    await site.send(data)
    for path, accept in asked(data).values():
        await answer(site, path, accept)
    flip(kept(tmp_path, "t"), 3)
    get = site.derived.get

    async def failing(key: str, **given: Any) -> AsyncIterator[bytes]:
        if "/m/" in key:
            raise ObjectStoreUnavailable("[Errno 5] Input/output error")
        async for block in get(key, **given):
            yield block

    monkeypatch.setattr(site.derived, "get", failing)
    assert await scrub(site) == DerivedReport(checked=3, rotten=1, unreadable=1)


async def keys(site: Site) -> list[str]:
    async with aclosing(site.derived.keys()) as found:
        return [key async for key in found]
