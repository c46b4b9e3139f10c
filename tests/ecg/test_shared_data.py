"""Accuracy on the development data, where they lie beside the checkout."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.ecg.accuracy_qrs import score, without_flutter
from benchmarks.ecg.accuracy_statements import Screened, screened
from benchmarks.ecg.accuracy_waves import agreement
from benchmarks.ecg.wfdb_lite import VF_OFF, VF_ON, read_annotations, read_record
from ecg import EcgFormatError, EcgSignal, read, screen
from ecg.beats import detect_beats
from ecg.findings import FindingCode
from tests.support.peers import shared_ecg_data


@pytest.fixture(scope="module")
def mitdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the unpacked MIT-BIH records."""
    target = tmp_path_factory.mktemp("mitdb")
    with tarfile.open(shared_ecg_data() / "mitdb_dev.tar.xz") as archive:
        archive.extractall(target, filter="data")
    return target / "mitdb"


def test_fused_detection_on_mit_bih_stays_as_good_as_measured(mitdb: Path) -> None:
    total = np.zeros(3, dtype=np.int64)
    for header in sorted(mitdb.glob("*.hea")):
        record = read_record(header.with_suffix(""))
        notes = read_annotations(header.with_suffix(".atr"))
        on, off = notes.sample[notes.code == VF_ON], notes.sample[notes.code == VF_OFF]
        found = without_flutter(detect_beats(record.samples_uv, record.fs_hz), on, off)
        truth = without_flutter(notes.beats(), on, off)
        total += score(found, truth, 0.15 * record.fs_hz)
    hits, false, missed = (int(number) for number in total)
    assert hits + missed == 55_437
    assert false <= 79
    assert missed <= 42


@pytest.fixture(scope="module")
def ludb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with LUDB in it."""
    target = tmp_path_factory.mktemp("ludb")
    with tarfile.open(shared_ecg_data() / "twelve_lead_and_short.tar.xz") as archive:
        wanted = [each for each in archive.getmembers() if "ludb" in each.name.split("/")]
        archive.extractall(target, wanted, filter="data")
    return target


@pytest.mark.parametrize(("only_lead_ii", "least"), [(True, 0.970), (False, 0.964)])
def test_boundaries_on_ludb_stay_as_good_as_measured(
    ludb: Path, only_lead_ii: bool, least: float
) -> None:
    compared = agreement(ludb, only_lead_ii)
    assert np.mean([each.f1 for each in compared.values()]) >= least
    most_ms = {"p_on": 10.5, "p_off": 11, "qrs_on": 10, "qrs_off": 12.5, "t_on": 21, "t_off": 23}
    for name, each in compared.items():
        assert abs(np.mean(each.errors_ms)) <= 3.0
        assert np.std(each.errors_ms) <= most_ms[name]


def test_half_an_hour_of_two_leads_is_screened_whole(mitdb: Path) -> None:
    record = read_record(mitdb / "119")
    result = screen(EcgSignal(record.samples_uv, record.fs_hz, record.leads))
    truth = read_annotations(mitdb / "119.atr")
    ventricular = truth.sample[truth.code == 5]
    marked = np.array([beat.sample for beat in result.beats if beat.label == "V"])
    hits, false, missed = score(marked, ventricular, 0.15 * record.fs_hz)
    assert hits >= 0.98 * ventricular.size
    assert false <= 0.02 * ventricular.size
    assert missed <= 0.02 * ventricular.size


def rhythm_counts(done: list[Screened]) -> dict[str, tuple[int, int]]:
    """Return how many of a rhythm's records were named, and how many there are."""
    counts: dict[str, tuple[int, int]] = {}
    for name, statement, code in (
        ("fibrillating", "AFIB", FindingCode.SUSPECTED_ATRIAL_FIBRILLATION),
        ("fluttering", "AFLT", FindingCode.SUSPECTED_ATRIAL_FLUTTER),
        ("paced", "PACE", FindingCode.PACED_RHYTHM),
    ):
        having = [each for each in done if statement in each.codes]
        named = [each for each in having if code in {one.code for one in each.result.findings}]
        counts[name] = (len(named), len(having))
    return counts


def test_normals_hypertrophy_and_bundle_branch_blocks_do_not_alarm(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    target = tmp_path_factory.mktemp("ptbxl")
    with tarfile.open(shared_ecg_data() / "ptbxl_dev.tar.xz") as archive:
        archive.extractall(target, filter="data")
    done = screened(target)
    alarmed = [each for each in done if FindingCode.SUSPECTED_STEMI in each.result.critical]
    assert len(done) == 278
    assert rhythm_counts(done) == {"fibrillating": (5, 6), "fluttering": (5, 5), "paced": (4, 4)}
    harmless = {"NORM", "LVH", "CLBBB", "CRBBB", "PACE"}
    assert [each.stem for each in alarmed if each.codes & harmless] == []
    assert [each.stem for each in alarmed if each.row["infarction_stadium1"] != "Stadium I"] == [
        "00234_hr"
    ]


def test_every_sample_file_is_read_or_refused_in_one_line() -> None:
    seen = 0
    for path in sorted((shared_ecg_data() / "formats").rglob("*")):
        if path.is_file():
            seen += 1
            try:
                read(path)
            except EcgFormatError as error:
                line = str(error)
            else:
                continue
            assert line
            assert "\n" not in line
    assert seen > 50
