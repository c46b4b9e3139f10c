import io
import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg import EcgFormatError, EcgSignal, read
from ecg.formats import Format, sniff, wfdb
from ecg.formats.wfdb import read_wfdb_record
from ecg.formats.wfdb_archive import read_wfdb_archive
from ecg.formats.wfdb_header import parse_header, patient_of
from ecg.formats.wfdb_samples import PACKED, bytes_of, samples_in
from ecg.formats.wfdb_writer import write_wfdb
from ecg.signal import STANDARD_LEADS, Patient, Sex
from tests.ecg.formats.hostile import assert_no_prefix_breaks, damaged, edits, read_or_refused
from tests.ecg.samples import DATA
from tests.support.peers import shared_ecg_data

WFDB = DATA / "wfdb"


class Files:
    """Companions held in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def content(self, name: str) -> bytes:
        if name not in self.files:
            raise EcgFormatError(f"{name!r:.60} is missing")
        return self.files[name]


def record(name: str) -> dict[str, bytes]:
    """Return the files of one sample record."""
    header = (WFDB / f"{name}.hea").read_bytes()
    names = {line.split()[0] for line in header.decode().splitlines()[1:] if line[0] != "#"}
    return {f"{name}.hea": header} | {each: (WFDB / each).read_bytes() for each in names}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def read_files(files: dict[str, bytes], header: str) -> EcgSignal:
    """Read a record held in memory."""
    return read_wfdb_record(files[header], Files(files))


# What the `wfdb` package 4.3.1 reads: first three, fourth from last and last sample, microvolts.
@pytest.mark.parametrize(
    ("name", "row", "values"),
    [
        ("binformats", 0, (-10235.0, -9600.0, -8965.0, 1195.0, 550.0)),
        ("binformats", 1, (-163830.0, -161210.0, -158590.0, 150045.0, 157905.0)),
        ("binformats", 2, (-163825.0, -161205.0, -158585.0, 150050.0, 157910.0)),
        ("binformats", 3, (-620.0, -550.0, -480.0, -395.0, -185.0)),
        ("binformats", 4, (-163815.0, -161195.0, -158575.0, 150060.0, 157920.0)),
        ("binformats", 5, (-10210.0, -8790.0, -7370.0, -3460.0, 800.0)),
        ("binformats", 6, (-2525.0, -790.0, 945.0, 2095.0, 2185.0)),
        ("binformats", 7, (-2520.0, -785.0, 950.0, 2100.0, 2190.0)),
        ("flacformats", 0, (-635.0, -565.0, -495.0, -410.0, -200.0)),
        ("flacformats", 1, (-163830.0, -161210.0, -158590.0, 150045.0, 157905.0)),
        ("310derive", 0, (-25.0, -25.0, -30.0, -40.0, -35.0)),
        ("310derive", 1, (0.0, 0.0, 0.0, 35.0, 30.0)),
        ("311derive", 0, (0.0, 0.0, 0.0, 35.0, 30.0)),
        ("311derive_3", 0, (-25.0, -25.0, -30.0, -45.0, -40.0)),
        ("3000003_0003", 1, (0.0, 0.0, 0.0, 7000 / 24, 250.0)),
        ("test01_00s_skew", 1, (-70.0, -70.0, -50.0, -180.0, np.nan)),
        ("test01_00s_skew", 2, (-570.0, -560.0, -550.0, 140.0, 120.0)),
    ],
)
def test_every_storage_format_is_read_as_wfdb_reads_it(
    name: str, row: int, values: tuple[float, ...]
) -> None:
    lead = read(WFDB / f"{name}.hea").samples_uv[row]
    found = lead[[0, 1, 2, -4, -1]]
    assert np.allclose(found, values, rtol=0, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("name", ["binformats", "flacformats"])
def test_formats_of_24_and_32_bits_are_read_at_a_gain_that_suits_them(name: str) -> None:
    # The samples' own gain makes 42 V and 10 kV of them: those signals are left out.
    files = record(name)
    assert read_files(files, f"{name}.hea").n_leads == {"binformats": 8, "flacformats": 2}[name]
    text = files[f"{name}.hea"].decode()
    for bits in ("24", "32", "524"):
        text = re.sub(rf"(\.d\d {bits}) 200/mV", r"\1 4e8/mV", text)
    files[f"{name}.hea"] = text.encode()
    whole = read_files(files, f"{name}.hea")
    assert whole.n_leads == {"binformats": 10, "flacformats": 3}[name]
    wide = whole.samples_uv[8 if name == "binformats" else 2]
    first = {"binformats": -41942995.0, "flacformats": -41943025.0}[name]
    assert wide[0] == pytest.approx(first * 200 / 4e8, abs=1e-9)
    if name == "binformats":
        assert whole.samples_uv[9][0] == pytest.approx(-10737418190.0 * 200 / 4e8, abs=1e-9)


def test_the_header_tells_rate_leads_and_patient() -> None:
    signal = read(WFDB / "test01_00s.hea")
    assert (signal.fs_hz, signal.n_samples, signal.source_format) == (500.0, 4000, "wfdb")
    assert (signal.patient.age_years, signal.patient.sex) == (25.0, Sex.MALE)
    assert sniff((WFDB / "test01_00s.hea").read_bytes()) is Format.WFDB


def test_of_differing_rates_the_one_of_most_leads_is_kept() -> None:
    signal = read(WFDB / "test01_00s_frame.hea")
    assert (signal.fs_hz, signal.leads) == (500.0, ("1", "3"))
    assert np.array_equal(signal.samples_uv[1], read(WFDB / "test01_00s.hea").samples_uv[3])


@pytest.mark.parametrize(
    ("comments", "patient"),
    [
        (("Age: 56", "Sex: Female", "Dx: 164889003"), Patient(age_years=56.0, sex=Sex.FEMALE)),
        (("<age>: 51", "<sex>: F"), Patient(age_years=51.0, sex=Sex.FEMALE)),
        (("<age>: 25  <sex>: M  <diagnoses>: (none)",), Patient(age_years=25.0, sex=Sex.MALE)),
        (("69 M 1085 1629 x1", "Aldomet, Inderal"), Patient(age_years=69.0, sex=Sex.MALE)),
        (("Age: NaN", "Sex: Unknown"), Patient()),
        (("Age: 999",), Patient()),
        (("-1 F",), Patient(sex=Sex.FEMALE)),
        ((), Patient()),
    ],
)
def test_comments_of_the_known_databases_tell_age_and_sex(
    comments: tuple[str, ...], patient: Patient
) -> None:
    assert patient_of(comments) == patient


def test_header_defaults_are_those_of_the_guide() -> None:
    header = parse_header(b"r 1\nr.dat 16\n")
    (line,) = header.signals
    assert (header.fs_hz, header.frames) == (250.0, None)
    assert (line.gain, line.baseline, line.uv_per_unit, line.spf) == (200.0, 0, 1000.0, 1)
    begun = parse_header(b"r 1 500 9 12-May-2020 12:33:59\nr.dat 16 100/uV 12 1024\n")
    assert begun.acquired_at == datetime(2020, 5, 12, 12, 33, 59)  # noqa: DTZ001 -- wall clock
    assert (begun.signals[0].baseline, begun.signals[0].uv_per_unit) == (1024, 1.0)


def test_a_flipped_bit_is_told_by_the_checksum() -> None:
    files = record("310derive")
    files["310derive.dat"] = damaged(files["310derive.dat"], [(100, b"\x55")])
    with pytest.raises(EcgFormatError, match="checksum"):
        read_files(files, "310derive.hea")
    flac = record("flacformats")
    flac["flacformats.d1"] = damaged(flac["flacformats.d1"], [(500, b"\x55")])
    with pytest.raises(EcgFormatError, match="FLAC"):
        read_files(flac, "flacformats.hea")


def segmented(layout: bool) -> dict[str, bytes]:
    """Return a record of two segments and a gap between, the second without lead V1."""
    seconds = np.arange(500) / 250.0
    first = EcgSignal(
        samples_uv=np.round([100 * seconds, -50 * seconds]), fs_hz=250, leads=("II", "V1")
    )
    second = EcgSignal(samples_uv=np.round([300 - 100 * seconds]), fs_hz=250, leads=("II",))
    if not layout:
        second = EcgSignal(samples_uv=first.samples_uv + 1, fs_hz=250, leads=("II", "V1"))
    files = write_wfdb(first, "s1") | write_wfdb(second, "s2")
    rows = ["m/4 2 250 1250 10:00:00 01/02/2020", "m_layout 0", "s1 500", "~ 250", "s2 500"]
    if layout:
        files["m_layout.hea"] = (
            b"m_layout 2 250 0\n~ 0 200/mV 0 0 0 0 0 II\n~ 0 200/mV 0 0 0 0 0 V1\n"
        )
    else:
        rows = ["m/3 2 250 1250 10:00:00 01/02/2020", *rows[2:]]
    files["m.hea"] = "\n".join(rows).encode()
    return files


@pytest.mark.parametrize("layout", [False, True], ids=["fixed", "variable"])
def test_segments_are_joined_with_their_gaps(layout: bool) -> None:
    signal = read_files(segmented(layout), "m.hea")
    assert (signal.leads, signal.n_samples) == (("II", "V1"), 1250)
    assert signal.acquired_at == datetime(2020, 2, 1, 10)  # noqa: DTZ001 -- wall clock
    missing = np.isnan(signal.samples_uv)
    assert missing[:, 500:750].all()
    assert not missing[:, :500].any()
    assert missing[1, 750:].all() == layout
    assert not missing[0, 750:].any()
    assert signal.samples_uv[0, 499] == round(100 * 499 / 250)
    assert read(zipped(segmented(layout))).n_samples == 1250


def test_segments_are_joined_up_to_a_day_whatever_their_files_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A monitor's record is mostly gaps; its header cannot say how large its segments are."""
    assert wfdb.MAX_JOINED_SAMPLES >= 3 * 250 * 86_400
    monkeypatch.setattr(wfdb, "MAX_JOINED_SAMPLES", 2 * 1250)
    assert read_files(segmented(True), "m.hea").n_samples == 1250
    monkeypatch.setattr(wfdb, "MAX_JOINED_SAMPLES", 2 * 1250 - 1)
    with pytest.raises(EcgFormatError, match="2500 samples are too many"):
        read_files(segmented(True), "m.hea")


@pytest.mark.parametrize(
    "header",
    [
        b"m/2 1 250 0\nm 100\nm 100\n",
        b"m/1 1 250\nmissing 10\n",
        b"m/1 1 250 99999999999\n~ 99999999999\n",
        b"m/2 1 250\n100 10\n~ 99999999999\n",
        b"r 1 500 10\n../../etc/passwd 16\n",
        b"r 1 500 10\n/etc/passwd 16\n",
        b"r 1 500 10\n.hidden 16\n",
        b"r 1 500 10\nr.dat 17\n",
        b"r 1 500 10\nr.dat 16 nan/mV\n",
        b"r 1 500 10\nr.dat 16 1e-300/mV\n",
        b"r 1 500 10\nr.dat 16 1e999/mV\n",
        b"r 1 500 10\nr.dat 16 200(99999999999999999999)/mV\n",
        b"r 1 500 10\nr.dat 16 200(" + b"9" * 5000 + b")/mV\n",
        b"r 1 500 10\nr.dat 16 200/mV 16 0 0 99999999999999999999\n",
        b"r 1 500 10\nr.dat 16 200/mV 16 x\n",
        b"r 1 500 10\nr.dat 16x9999999 200\n",
        b"r 1 500 99999999999999999999999\nr.dat 16\n",
        b"r 999999 500 10\nr.dat 16\n",
        b"r 2 500 10\nr.dat 16\nr.dat 212\n",
        b"r 1 500 10\nr.dat 16 200/mmHg 12 0 0 0 0 ABP\n",
        b"r 1 10 10\nr.dat 16\n",
        b"r 1 500 10\nr.dat 508\n",
        b"r 1 500\nr.dat 16+99999\n",
        b"r 1 500 10\nr.dat 16:9\n",
    ],
)
def test_headers_that_lie_are_refused(header: bytes) -> None:
    with pytest.raises(EcgFormatError):
        read_wfdb_record(header, Files({"r.dat": bytes(100), "m.hea": header}))


def test_a_header_alone_says_what_is_missing() -> None:
    with pytest.raises(EcgFormatError, match=r"310derive\.dat is missing: .*zip"):
        read((WFDB / "310derive.hea").read_bytes())


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    files = record("310derive")
    (tmp_path / "out.dat").write_bytes(files["310derive.dat"])
    header = inside / "310derive.hea"
    header.write_bytes(files["310derive.hea"])
    companion = inside / "310derive.dat"
    companion.symlink_to(tmp_path / "out.dat")
    with pytest.raises(EcgFormatError, match="leads out"):
        read(header)
    companion.unlink()
    os.mkfifo(companion)
    with pytest.raises(EcgFormatError, match="not a regular file"):
        read(header)
    companion.unlink()
    with pytest.raises(EcgFormatError, match="cannot be read"):
        read(header)
    companion.write_bytes(files["310derive.dat"])
    assert read(header).n_leads == 2
    with pytest.raises(EcgFormatError, match="zip of its files"):
        read(header, beside=False)
    with pytest.raises(EcgFormatError, match="larger than"):
        read("/dev/zero")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_record_is_read_from_a_zip_in_any_folder(method: int) -> None:
    content = zipped({f"p/{name}": raw for name, raw in record("310derive").items()}, method)
    assert sniff(content) is Format.WFDB
    expected = read(WFDB / "310derive.hea").samples_uv
    assert np.array_equal(read(content).samples_uv, expected)


@pytest.mark.parametrize(
    ("files", "method", "reason"),
    [
        ({}, zipfile.ZIP_DEFLATED, "one record"),
        (record("310derive") | record("311derive"), zipfile.ZIP_DEFLATED, "holds 2 records"),
        ({"a/310derive.hea": b"", "b/311derive.hea": b""}, zipfile.ZIP_STORED, "one record"),
        (record("310derive"), zipfile.ZIP_LZMA, "stored and deflated"),
        ({"r.hea": b"r 1 500\nr.dat 16\n", "r.dat": bytes(4 << 20)}, zipfile.ZIP_DEFLATED, "times"),
        ({"r.hea": b"r 1 500\nr.dat 16\n"}, zipfile.ZIP_DEFLATED, "missing in it"),
        ({f"{n}.hea": b"" for n in range(5000)}, zipfile.ZIP_STORED, "entries"),
    ],
)
def test_archives_of_another_kind_are_refused(
    files: dict[str, bytes], method: int, reason: str
) -> None:
    with pytest.raises(EcgFormatError, match=reason):
        read_wfdb_archive(zipped(files, method))


def test_an_entry_without_a_name_is_passed_over() -> None:
    content = bytearray(zipped({"x.txt": b"", **record("310derive")}))
    entry = content.index(b"PK\x01\x02")
    # The lengths of its name, its extras and its comment, which is what the name was.
    content[entry + 28 : entry + 34] = b"\x00\x00\x00\x00\x05\x00"
    assert read_wfdb_archive(bytes(content)).n_leads == 2


@given(st.sampled_from(["310derive", "3000003_0003", "binformats", "flacformats"]), st.data())
@settings(max_examples=300, deadline=None)
def test_mutated_records_are_read_or_refused(name: str, data: st.DataObject) -> None:
    files = record(name)
    target = data.draw(st.sampled_from(sorted(files)))
    files[target] = damaged(files[target], data.draw(edits(len(files[target]))))
    read_or_refused(lambda content: read_wfdb_record(content, Files(files)), files[f"{name}.hea"])


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_mutated_archives_are_read_or_refused(data: st.DataObject) -> None:
    content = zipped(record("310derive_2"))
    read_or_refused(read_wfdb_archive, damaged(content, data.draw(edits(len(content)))))


def test_truncated_files_are_read_or_refused() -> None:
    files = record("310derive_2")
    whole = files["310derive_2.dat"]
    assert_no_prefix_breaks(
        lambda content: read_wfdb_record(content, Files(files)), files["310derive_2.hea"]
    )
    for size in range(len(whole)):
        files["310derive_2.dat"] = whole[:size]
        with pytest.raises(EcgFormatError):
            read_files(files, "310derive_2.hea")
    flac = record("flacformats")
    for size in range(len(flac["flacformats.d0"])):
        cut = flac | {"flacformats.d0": flac["flacformats.d0"][:size]}
        with pytest.raises(EcgFormatError):
            read_files(cut, "flacformats.hea")
    archive = zipped({name: record("310derive_2")[name] for name in record("310derive_2")})
    assert_no_prefix_breaks(read_wfdb_archive, archive)


@given(st.sampled_from(sorted(PACKED)), st.integers(0, 200))
def test_sizes_of_packed_samples_agree(code: int, count: int) -> None:
    assert samples_in(code, bytes_of(code, count)) >= count
    assert count == 0 or samples_in(code, bytes_of(code, count) - 1) < count


@given(
    st.integers(1, 12),
    st.sampled_from([1.0, 5.0, 2.5, 4.88, 0.3814697265625, 1000 / 7247]),
    st.sampled_from([200, 40_000]),
    st.booleans(),
    st.integers(0, 2**31),
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back_exactly(
    n_leads: int, step_uv: float, most: int, gaps: bool, seed: int
) -> None:
    steps = np.random.default_rng(seed).integers(-most, most, (n_leads, 300)).astype(float)
    if gaps:
        steps[0, 10:20] = np.nan
    signal = EcgSignal(samples_uv=steps * step_uv, fs_hz=500, leads=STANDARD_LEADS[:n_leads])
    files = write_wfdb(signal, "r-1_a")
    back = read_files(files, "r-1_a.hea")
    assert back.leads == signal.leads
    assert np.allclose(back.samples_uv, signal.samples_uv, rtol=1e-12, atol=1e-9, equal_nan=True)


def test_samples_on_no_grid_come_back_within_half_a_step() -> None:
    samples = np.random.default_rng(1).normal(0, 400, (2, 5000))
    signal = EcgSignal(
        samples_uv=samples,
        fs_hz=360.5,
        leads=("II", "V 导联"),
        acquired_at=datetime(2024, 2, 29, 23, 59, 59, 250_000, tzinfo=UTC),
        patient=Patient(61.5, Sex.FEMALE, "A\n17", "张三", date(1962, 1, 31)),
    )
    back = read_files(write_wfdb(signal), "record.hea")
    assert np.abs(back.samples_uv - samples).max() <= 0.05 + 1e-9
    assert (back.fs_hz, back.leads) == (360.5, signal.leads)
    assert back.acquired_at == datetime(2024, 2, 29, 23, 59, 59, 250_000)  # noqa: DTZ001 -- wall clock
    assert back.patient == Patient(61.5, Sex.FEMALE, "A 17", "张三", date(1962, 1, 31))
    with pytest.raises(ValueError, match="name"):
        write_wfdb(signal, "../x")


def test_only_flac_asks_for_pyav() -> None:
    script = (
        "import sys, ecg; sys.modules['av'] = None\n"
        f"assert ecg.read({str(WFDB / '310derive.hea')!r}).n_leads == 2\n"
        "try:\n"
        f"    ecg.read({str(WFDB / 'flacformats.hea')!r})\n"
        "except ecg.EcgFormatError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "WFDB: FLAC: signal files need the package av"


def test_every_shared_record_is_read() -> None:
    folder = shared_ecg_data() / "formats" / "wfdb_misc"
    for header in sorted(folder.glob("*.hea")):
        signal = read(header)
        assert signal.n_leads >= 1, header.name
        assert np.isfinite(signal.samples_uv).mean() > 0.9, header.name
