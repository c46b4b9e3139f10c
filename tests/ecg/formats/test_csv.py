from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg import EcgFormatError, EcgSignal, read
from ecg.formats import Format, sniff
from ecg.formats.csv_reader import CONTEC_DEVICE, read_csv
from ecg.formats.csv_writer import write_csv
from ecg.signal import STANDARD_LEADS, Patient, Sex
from tests.ecg.formats.hostile import (
    assert_no_prefix_breaks,
    damaged,
    edits,
    read_or_refused,
    without_hanging,
)
from tests.support.peers import shared_ecg_data

SMALL = b"# fs_hz=500\n# age=61\nsample,I (mV),II (uV)\n0,0.1,-20\n1,,30\n2,-1.5e-1,40\n"


def table(head: str, rows: int = 50, *, row: str = "{t:.3f},{v:.3f},{w:.3f}") -> str:
    """Return a header and rows of a time in seconds at 250 Hz and two values."""
    lines = (row.format(n=n, t=n / 250, ms=n * 4, v=n / 100, w=-n / 50) for n in range(rows))
    return "\n".join([head, *lines])


@pytest.mark.parametrize(
    "text",
    [
        table("time_s,I (mV),II (mV)"),
        table("time,I_mV,II_mV"),
        table("t (ms),I[mV],II[mV]", row="{ms},{v},{w}"),
        table("'Elapsed time','I','II'\n'hh:mm:ss.mmm','mV','mV'", row="'0:{t:06.3f}',{v},{w}"),
        table("timestamp;I (mV);II (mV)", row="2024-01-01 12:00:0{t:.3f};{v};{w}"),
        table("# unit=mV\ntime\tI\tII", row="{t}\t{v}\t{w}"),
        table("# fs_hz=250\n# unit: mV\nI,II", row="{v},{w}"),
        table("序号,导联I（毫伏）,导联II（毫伏）", row="{n},{v},{w}").join(
            ["# 采样率：250Hz\n", ""]
        ),
        table("%fs=250\nII (mV);foo (%);I (mV)", row="{w};7;{v}"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16", "utf-8-sig"])
def test_tables_are_read_as_programs_and_people_write_them(text: str, encoding: str) -> None:
    content = text.encode(encoding)
    signal = read(content)
    assert sniff(content) is Format.CSV
    assert sorted(signal.leads) == ["I", "II"]
    assert (signal.fs_hz, signal.n_samples, signal.source_format) == (250.0, 50, "csv")
    i, ii = signal.lead("I"), signal.lead("II")
    assert i is not None
    assert ii is not None
    assert np.allclose(i, np.arange(50) * 10.0)
    assert np.allclose(ii, np.arange(50) * -20.0)


def test_a_decimal_comma_stands_between_semicolons() -> None:
    text = table("Zeit (s);Time;I (mV);II (mV)", row="x;{t:.3f};{v:.2f};{w:.2f}").replace(".", ",")
    assert read(text.encode()).samples_uv[1, 49] == pytest.approx(-980.0)


def test_empty_cells_are_gaps() -> None:
    signal = read(SMALL)
    assert signal.leads == ("I", "II")
    expected = [[100.0, np.nan, -150.0], [-20.0, 30.0, 40.0]]
    assert np.allclose(signal.samples_uv, expected, equal_nan=True)
    assert signal.patient.age_years == 61.0


def test_a_rate_that_is_not_whole_is_told_by_times_exact_enough() -> None:
    exact = "\n".join(["time,I (mV)", *(f"{n / 249.89:.9f},0.1" for n in range(500))])
    assert read(exact.encode()).fs_hz == pytest.approx(249.89, abs=1e-5)
    rounded = "\n".join(["time,I (mV)", *(f"{n / 360:.3f},0.1" for n in range(500))])
    assert read(rounded.encode()).fs_hz == 360.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("# fs_hz=500\nI,II\n1,2\n3,4\n", "unit is not said"),
        ("I (mV),II (mV)\n1,2\n3,4\n", "rate is not said"),
        ("1,2,3\n4,5,6\n", "leads are not named"),
        ("time,I (mV)\n0,1\n0,2\n", "does not rise"),
        ("time,I (mV)\n0,1\n1,2\n1.1,3\n", "equally spaced"),
        ("time,I (mV)\n0,1\nx,2\n", "does not rise"),
        ("# fs_hz=500\nI (mV),II (mV)\n1,2\n3\n", "row 2 .* shorter"),
        ("# fs_hz=500\nI (mV),II (mV)\n1,2\n3,x\n", "row 2 .* numbers"),
        ("# fs_hz=500\nI (mV),II (mV)\n1,2\n3,inf\n", "infinite"),
        ("# fs_hz=500\nI (mV),II (mV)\n1,2\n3,1e307\n", "beyond reason"),
        ("# fs_hz=500\nI (V),II (V)\n100,200\n300,300\n", "unit right"),
        ("# fs_hz=500\nSpO2 (%),Temp (C)\n100,200\n300,300\n", "no column"),
        ("# fs_hz=5e5\nI (mV),II (mV)\n1,2\n3,4\n", "fs_hz"),
        ("# fs_hz=500\n" + "I (mV)," * 500 + "\n1,2\n1,2", "columns"),
        ("# fs_hz=500\n1,2,3,4,5,6,7,8,9,10,11,12\n", "leads are not named"),
    ],
)
def test_what_is_not_said_is_asked_for(text: str, reason: str) -> None:
    with pytest.raises(EcgFormatError, match=reason):
        read_csv(text.encode())


@pytest.mark.parametrize(
    "content",
    [b"just a line, and words\nmore, of them\n", b'{"a": [1, 2],\n"b": 3}', b"\x00\x01,2"],
)
def test_other_text_is_no_table(content: bytes) -> None:
    with pytest.raises(EcgFormatError, match="not known"):
        read(content)


def test_contecs_export_without_a_header_is_told_by_its_columns() -> None:
    i, ii = np.arange(60) * 3 - 50, np.arange(60) * -2 + 20
    half = [np.ceil(-(i + ii) / 2), np.ceil(i - ii / 2), np.ceil(ii - i / 2)]
    rows = np.stack([i, ii, ii - i, *half]).T.astype(int)
    text = "\n".join(",".join(map(str, row)) + ",,,,,," for row in rows)
    signal = read(text.encode())
    assert (signal.leads, signal.fs_hz, signal.device) == (STANDARD_LEADS, 800.0, CONTEC_DEVICE)
    assert np.array_equal(signal.samples_uv[0], i * 5.0)
    assert np.isnan(signal.samples_uv[6:]).all()
    with pytest.raises(EcgFormatError, match="not named"):
        read(text.replace(f"{i[9]},{ii[9]},", f"{i[9]},{ii[9] + 1},", 1).encode())


@given(
    st.integers(1, 12),
    st.lists(st.floats(-5e6, 5e6) | st.just(float("nan")), min_size=12, max_size=60),
    st.floats(50, 20_000),
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back_exactly(
    n_leads: int, values: list[float], fs_hz: float
) -> None:
    whole = len(values) // n_leads * n_leads
    samples = np.array(values[:whole]).reshape(n_leads, -1)
    signal = EcgSignal(samples_uv=samples, fs_hz=fs_hz, leads=STANDARD_LEADS[:n_leads])
    back = read(write_csv(signal))
    assert np.array_equal(back.samples_uv, signal.samples_uv, equal_nan=True)
    assert (back.fs_hz, back.leads) == (signal.fs_hz, signal.leads)


def test_patient_time_and_device_come_back_and_no_cell_is_a_formula() -> None:
    signal = EcgSignal(
        samples_uv=np.array([[1.0, 2.0], [3.0, 4.0]]),
        fs_hz=500,
        leads=("-aVR", "=1+1|A,B"),
        acquired_at=datetime(2024, 2, 29, 23, 59, 59, 1000, tzinfo=UTC),
        patient=Patient(61.5, Sex.FEMALE, "A\n17", "张三", date(1962, 1, 31)),
        device="NIHON KOHDEN",
    )
    content = write_csv(signal)
    assert not any(line.startswith(b"=") or b",=" in line for line in content.splitlines())
    back = read(content)
    assert back.patient == Patient(61.5, Sex.FEMALE, "A 17", "张三", date(1962, 1, 31))
    assert (back.acquired_at, back.device) == (signal.acquired_at, signal.device)
    assert back.leads[0] == "-aVR"


@given(edits(len(SMALL)))
@settings(max_examples=300, deadline=None)
def test_mutated_tables_are_read_or_refused(changes: list[tuple[int, bytes]]) -> None:
    read_or_refused(read, damaged(SMALL, changes))


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refused(read_csv, text.encode("utf-8", "replace"))


def test_truncated_tables_are_read_or_refused() -> None:
    assert_no_prefix_breaks(read, SMALL)


def test_the_shared_export_is_read() -> None:
    path = shared_ecg_data() / "formats" / "contec" / "0000050.ECG.csv"
    signal = read(path)
    assert (signal.fs_hz, signal.n_samples, signal.device) == (800.0, 37_855, CONTEC_DEVICE)
    assert signal.samples_uv[:6, 0].tolist() == [-100.0, -125.0, -25.0, 115.0, -35.0, -75.0]


@pytest.mark.parametrize(
    "head",
    [
        "# fs_hz=500\nI" + " " * 60_000 + "(,II (mV)",
        "# fs_hz=500\nmod." + " " * 60_000 + "x (mV),II (mV)",
        "#" + " " * 60_000 + "x\n# fs_hz=500\nI,II (mV)",
        "time,II (mV)\n" + "1" * 60_000 + ",1",
    ],
)
def test_a_long_head_comment_or_time_costs_no_more_than_its_length(head: str) -> None:
    with without_hanging():
        read_or_refused(read_csv, f"{head}\n1,2\n2,3\n".encode())


@pytest.mark.parametrize("line", [b"1,2\n", b"1,2\r\n", b"1,2\x0c"])
def test_more_lines_than_a_day_has_are_refused_before_they_fill_memory(line: bytes) -> None:
    few = b"# fs_hz=500\nI (mV),II (mV)\n" + b"1,2\n" * 3
    with pytest.raises(EcgFormatError, match="more than 4500000 lines"):
        read(few + line * 4_500_000)
