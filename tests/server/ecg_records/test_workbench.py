"""Worker processes: what hostile files do to them, their parent survives."""

import asyncio
import os
import signal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pydicom import dcmread

from ecg import read, screen
from ecg.critical import CriticalValues
from ecg.findings import FindingCode, Severity
from ecg.render import render
from ecg.sheet import Layout
from server.core.errors import Unavailable
from server.ecg_records.workbench import EcgWorkbench, PaperStyle, UnreadableEcg, WorkLimits
from tests.support.dicom_files import file_bytes, sample

ECG = sample("waveform_ecg.dcm")
LIMITS = WorkLimits(memory_bytes=1 << 30, cpu_s=20, wall_s=60)


def long_recording(path: Path) -> Path:
    """Write an ECG whose samples are 200 times as many: an hour of twelve leads."""
    dataset = dcmread(ECG)
    group = dataset.WaveformSequence[0]
    group.WaveformData = group.WaveformData * 200
    group.NumberOfWaveformSamples *= 200
    del dataset.WaveformSequence[1:]
    path.write_bytes(file_bytes(dataset))
    return path


async def test_a_worker_says_what_screening_in_this_process_says(bench: EcgWorkbench) -> None:
    expected = screen(read(ECG)).to_dict()
    assert await bench.screen(ECG) == expected


async def test_a_worker_judges_by_the_critical_values_of_its_community() -> None:
    critical = CriticalValues(severities={FindingCode.SINUS_RHYTHM: Severity.RED})
    bench = EcgWorkbench(workers=1, limits=LIMITS, critical=critical)
    await bench.open()
    try:
        screening = await bench.screen(ECG)
    finally:
        await bench.close()
    assert screening == screen(read(ECG), critical).to_dict()
    assert screening["critical"] == ["sinus_rhythm"]
    assert screening["critical_values"] == {"severities": {"sinus_rhythm": "red"}}


async def test_paper_is_svg_without_anything_that_runs(bench: EcgWorkbench) -> None:
    svg = await bench.paper(ECG, PaperStyle(layout=Layout.SIX_BY_TWO), findings=False)
    root = ET.fromstring(svg)  # noqa: S314 -- our own drawing
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [each for each in root.iter() if each.tag.endswith(("script", "foreignObject"))]


async def test_paper_for_a_page_with_its_own_heading_names_nobody(bench: EcgWorkbench) -> None:
    recording = read(ECG)
    alone = await bench.paper(ECG, PaperStyle(heading=False), findings=True)
    assert alone == render(recording, screen(recording), heading=False)


async def test_a_damaged_file_is_refused_in_one_line_and_the_worker_lives(
    bench: EcgWorkbench, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"\x00" * 128 + b"DICM" + os.urandom(400))
    with pytest.raises(UnreadableEcg) as caught:
        await bench.screen(damaged)
    assert caught.value.detail
    assert "\n" not in caught.value.detail
    assert "Traceback" not in caught.value.detail
    assert (await bench.screen(ECG))["format"] == "dicom"


async def test_a_recording_that_takes_more_memory_than_allowed_is_refused(tmp_path: Path) -> None:
    path = long_recording(tmp_path / "long")
    limits = WorkLimits(memory_bytes=64 << 20, cpu_s=20, wall_s=60)
    bench = EcgWorkbench(workers=1, limits=limits)
    try:
        with pytest.raises(UnreadableEcg, match="more"):
            await bench.screen(path)
    finally:
        await bench.close()


async def test_a_recording_that_takes_too_long_is_refused_and_the_next_is_served(
    tmp_path: Path,
) -> None:
    fifo = tmp_path / "never-ends"
    os.mkfifo(fifo)
    bench = EcgWorkbench(workers=1, limits=WorkLimits(1 << 30, cpu_s=20, wall_s=3))
    try:
        with pytest.raises(UnreadableEcg, match="longer"):
            await bench.screen(fifo)
    finally:
        await bench.close()


@pytest.mark.fault
async def test_a_worker_killed_at_rest_or_at_work_is_replaced_unseen(
    bench: EcgWorkbench, tmp_path: Path
) -> None:
    await bench.screen(ECG)
    (worker,) = bench._pool._all
    os.kill(worker.pid, signal.SIGKILL)
    expected = await bench.screen(ECG)
    fifo = tmp_path / "slow"
    os.mkfifo(fifo)
    (worker,) = bench._pool._all
    asking = asyncio.create_task(bench.screen(fifo))
    await asyncio.sleep(0.1)
    os.kill(worker.pid, signal.SIGKILL)
    await worker.wait()
    await asyncio.to_thread(fifo.write_bytes, ECG.read_bytes())
    assert await asking == expected


async def test_a_recording_that_kills_two_workers_is_refused(
    bench: EcgWorkbench, tmp_path: Path
) -> None:
    fifo = tmp_path / "deadly"
    os.mkfifo(fifo)
    asking = asyncio.create_task(bench.screen(fifo))
    killed: set[int] = set()
    while not asking.done():
        for worker in tuple(bench._pool._all):
            if worker.pid not in killed:
                killed.add(worker.pid)
                worker.kill()
        await asyncio.sleep(0.02)
    with pytest.raises(UnreadableEcg, match="more than is allowed"):
        await asking
    assert len(killed) == 2


async def test_closing_at_work_blames_nobody(bench: EcgWorkbench, tmp_path: Path) -> None:
    fifo = tmp_path / "waits"
    os.mkfifo(fifo)
    asking = asyncio.create_task(bench.screen(fifo))
    await asyncio.sleep(0.1)
    await bench.close()
    with pytest.raises(Unavailable):
        await asking


async def test_an_opened_workbench_has_its_workers_waiting(bench: EcgWorkbench) -> None:
    await bench.open()
    (waiting,) = bench._pool._all
    await bench.screen(ECG)
    assert bench._pool._all == {waiting}


async def test_a_closed_workbench_leaves_no_process(bench: EcgWorkbench) -> None:
    await bench.screen(ECG)
    (worker,) = bench._pool._all
    await bench.close()
    assert worker.returncode is not None
    with pytest.raises(Unavailable):
        await bench.screen(ECG)
