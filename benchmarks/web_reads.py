"""DICOMweb: how long frames, metadata, searches, pictures and storing take, in turns."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import numpy as np
from pydicom import Dataset, dcmread

from benchmarks import web_answers, web_services
from benchmarks.corpus import ct_slices, radiographs
from benchmarks.rows import Row, in_turn
from benchmarks.web_client import Ask, Service, Turn, take_turn
from benchmarks.web_services import Expected
from tests.support.dicom_files import sample

_AT_ONCE: Final = 8
_RADIOGRAPHS: Final = 4
_FEWEST_FOR_P95: Final = 10


@dataclass(frozen=True)
class Workload:
    """What one client does again and again."""

    what: str
    requests: int
    """In a round."""
    ask: Callable[[random.Random], Ask]
    at_once: int = 1


def measure(
    root: Path, studies: int, slices: int, rounds: int, tell: Callable[[str], None]
) -> list[Row]:
    """Ask every service that is here for the same, in turns, in an archive of ``studies``."""
    with web_services.running(root, studies, tell) as (services, expected):
        return asyncio.run(_measure(services, expected, slices, rounds, tell))


async def _measure(
    services: Sequence[Service],
    expected: Expected,
    slices: int,
    rounds: int,
    tell: Callable[[str], None],
) -> list[Row]:
    series = list(ct_slices(slices, seed=0))
    images = list(_radiographs())
    for service in services:
        for given in (series, images):
            await take_turn(service, [web_answers.store(given)])
        service.peer.settle()
    for first in (series[0], images[0]):
        day = datetime.strptime(first.StudyDate, "%Y%m%d").replace(tzinfo=UTC).date()
        expected.add(str(first.PatientID), day, str(first.StudyInstanceUID))
    stored = Workload(
        f"STOW-RS of {slices} CT slices",
        1,
        lambda chance: web_answers.store(list(ct_slices(slices, chance.randrange(1 << 30)))),
    )
    rows: list[Row] = []
    for workload in (*_workloads(series, images, expected), stored):
        rows += await _rounds(services, workload, rounds)
        tell(f"DICOMweb: {workload.what}")
    return rows


def _workloads(
    series: Sequence[Dataset], images: Sequence[Dataset], expected: Expected
) -> Iterator[Workload]:
    def a_slice(chance: random.Random) -> Ask:
        return web_answers.frame(chance.choice(series))

    yield Workload("CT frame, 525 KB", 40, a_slice)
    yield Workload(f"CT frame, {_AT_ONCE} at once, time a frame", 80, a_slice, _AT_ONCE)
    yield Workload("DR frame, 15 MB", 10, lambda chance: web_answers.frame(chance.choice(images)))
    yield Workload(
        f"metadata of a series of {len(series)}", 10, lambda _: web_answers.metadata(series)
    )
    for what, search in web_answers.SEARCHES.items():
        told = f"{what}, {len(expected.studies)} studies"
        yield Workload(told, 20, partial(search, expected))
    yield Workload("rendered CT", 20, lambda chance: web_answers.rendered(chance.choice(series)))
    yield Workload("rendered DR", 5, lambda chance: web_answers.rendered(chance.choice(images)))


async def _rounds(services: Sequence[Service], workload: Workload, rounds: int) -> list[Row]:
    """Let every service warm up, then take its turns with the same requests."""
    rows: dict[tuple[str, str], Row] = {}

    def note(what: str, service: Service, value_ms: float) -> None:
        peer = service.peer.name
        rows.setdefault((what, peer), Row(what, "ms", peer)).rounds.append(value_ms)

    for number in range(rounds + 1):
        chance = random.Random(number)  # noqa: S311 -- the same requests each time
        asks = [workload.ask(chance) for _ in range(workload.requests)]
        for service in in_turn(services, number):
            turn = await take_turn(service, asks, workload.at_once)
            service.peer.settle()
            if number == 0:
                # Everybody's first answers pay for what is loaded late.
                continue
            note(workload.what, service, _usual_ms(turn, workload))
            if workload.requests >= _FEWEST_FOR_P95:
                p95_ms = quantiles(turn.milliseconds, n=20, method="inclusive")[18]
                note(f"{workload.what}: p95 of a request", service, p95_ms)
    return list(rows.values())


def _usual_ms(turn: Turn, workload: Workload) -> float:
    if workload.at_once > 1:
        return 1000 * turn.seconds / workload.requests
    return median(turn.milliseconds)


def _radiographs() -> Iterator[Dataset]:
    """Yield images with structure in them: who draws noise is slower than with any patient."""
    rng = np.random.default_rng(0)
    slice_ = dcmread(sample("CT_small.dcm")).pixel_array
    for dataset in radiographs(_RADIOGRAPHS, seed=0):
        rows, columns = dataset.Rows, dataset.Columns
        times = -(-max(rows, columns) // min(slice_.shape))
        large = np.kron(slice_, np.ones((times, times), np.int16))[:rows, :columns]
        noise = rng.integers(-2, 2, large.shape, np.int16, endpoint=True)
        dataset.PixelData = (large + noise).astype("<i2").tobytes()
        yield dataset
