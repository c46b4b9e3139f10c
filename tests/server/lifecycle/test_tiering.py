"""Old studies move to a second store."""

from datetime import timedelta
from pathlib import Path

import pytest

from server.core.objects.errors import DigestMismatch, ObjectStoreUnavailable
from tests.server.core.objects.bodies import put
from tests.server.lifecycle.place import ONE, YEARS, Place


async def test_old_studies_move_to_the_cold_store_and_are_read_as_before(place: Place) -> None:
    study, data = await place.arrive()
    place.later(timedelta(days=701))
    fresh, _ = await place.arrive("B2", PatientName="Somebody^Much^Longer")
    assert await place.tiering.run() == 1
    assert await place.tiering.run() == 0
    assert len(await place.keys(place.store.cold)) == len(await place.keys(place.store.hot)) == 1
    assert await place.read(data) == data
    assert (await place.lifecycle.of_study(ONE, study)).cold_since == place.clock.now()
    assert (await place.lifecycle.of_study(ONE, fresh)).cold_since is None
    report = await place.scrub()
    assert (report.checked, report.damaged, report.orphans) == (2, 0, 0)
    place.later(timedelta(hours=1))
    await place.tiering.recall(ONE, study)
    assert await place.tiering.run() == 1
    assert await place.keys(place.store.cold) == []
    assert await place.read(data) == data
    assert await place.tiering.run() == 0


async def rot(place: Place, tmp_path: Path, data: bytes) -> str:
    """Let the last byte of the only object go bad, and return its key."""
    (key,) = await place.keys(place.store)
    path = tmp_path / "objects" / key
    path.chmod(0o640)
    path.write_bytes(data[:-1] + b"\xff")
    return key


@pytest.mark.fault
async def test_rotten_bytes_are_not_moved(place: Place, tmp_path: Path) -> None:
    _, data = await place.arrive()
    key = await rot(place, tmp_path, data)
    place.later(timedelta(days=701))
    with pytest.raises(Exception, match="sha256"):
        await place.tiering.run()
    assert await place.keys(place.store.cold) == []
    assert await place.keys(place.store.hot) == [key]


async def test_rotten_bytes_keep_no_other_study_from_being_moved(
    place: Place, tmp_path: Path
) -> None:
    rotten, data = await place.arrive()
    key = await rot(place, tmp_path, data)
    place.later(timedelta(hours=1))
    whole, other = await place.arrive("B2", PatientName="Somebody^Much^Longer")
    place.later(timedelta(days=701))
    with pytest.raises(DigestMismatch):
        await place.tiering.run()
    assert await place.keys(place.store.hot) == [key]
    assert len(await place.keys(place.store.cold)) == 1
    assert await place.read(other) == other
    cold = [(await place.lifecycle.of_study(ONE, each)).cold_since for each in (rotten, whole)]
    assert cold == [None, place.clock.now()]


@pytest.mark.fault
async def test_a_store_that_is_down_is_not_asked_for_every_study(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        await place.arrive(f"C{number}", PatientName=f"Somebody^{'x' * number}")
    place.later(timedelta(days=701))
    asked: list[str] = []

    async def down(key: str, **_: object) -> None:
        asked.append(key)
        raise ObjectStoreUnavailable("down")

    with monkeypatch.context() as broken:
        broken.setattr(place.store, "move", down)
        with pytest.raises(ObjectStoreUnavailable):
            await place.tiering.run()
    assert len(asked) == 5
    assert await place.tiering.run() == 7


@pytest.mark.fault
async def test_a_move_that_died_between_copy_and_removal_is_finished(place: Place) -> None:
    study, data = await place.arrive()
    (key,) = await place.keys(place.store)
    await put(place.store.cold, key, data)
    place.later(timedelta(days=701))
    assert await place.tiering.run() == 1
    assert await place.keys(place.store.hot) == []
    assert await place.read(data) == data
    assert (await place.lifecycle.of_study(ONE, study)).cold_since is not None


async def test_a_cold_study_is_purged_from_where_it_is(place: Place) -> None:
    study, _ = await place.arrive()
    place.later(31 * YEARS)
    assert await place.tiering.run() == 1
    await place.approved(study)
    place.later(timedelta(days=31))
    assert await place.purger.run() == 1
    assert await place.keys(place.store) == []
