"""``lianzhen ecg``: what other programs rely on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from ecg import read, screen
from tests.support.dicom_files import sample

ECG = sample("waveform_ecg.dcm")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the commands as a program of their own."""
    return subprocess.run(
        [sys.executable, "-c", "from server.ecg_cli import app; app()", *map(str, arguments)],
        capture_output=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip


def test_json_is_one_line_a_file_in_argument_order_and_the_others_still_run(
    tmp_path: Path,
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not an ECG")
    result = run("screen", "--json", text, ECG, tmp_path / "absent", ECG)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert [line["file"] for line in lines] == [
        str(text), str(ECG), str(tmp_path / "absent"), str(ECG),
    ]  # fmt: skip
    assert [sorted(line) for line in lines if "error" in line] == [["error", "file"]] * 2
    assert len(result.stderr.splitlines()) == 2
    assert lines[1] == {"file": str(ECG), **screen(read(ECG)).to_dict()}


def test_json_holds_what_the_interface_says() -> None:
    result = run("screen", ECG, "--json")
    assert result.returncode == 0
    line = json.loads(result.stdout)
    assert set(line) == {
        "file", "format", "fs_hz", "duration_s", "leads", "patient", "acquired_at", "quality",
        "beats", "measurements", "st_j_mv", "leads_measured", "findings", "critical",
        "critical_values",
        "rules_version",
    }  # fmt: skip
    assert set(line["beats"][0]) == {
        "sample", "label", "p_on", "p_peak", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t_peak",
        "t_off",
    }  # fmt: skip
    assert set(line["quality"]) == set(line["leads"])
    assert {"code", "text_zh", "text_en", "severity", "evidence", "source"} <= set(
        line["findings"][0]
    )
    assert result.stderr == ""


def test_people_get_short_lines_in_both_languages_with_the_disclaimer() -> None:
    result = run("screen", ECG)
    assert result.returncode == 0
    assert str(ECG) in result.stdout
    assert "机器分析提示（仅供参考，未注册）" in result.stdout
    assert "bpm" in result.stdout


def test_a_folder_is_screened_by_name_with_progress_on_stderr(tmp_path: Path) -> None:
    folder = tmp_path / ".below-hidden" / "ecgs"
    folder.mkdir(parents=True)
    for name in ("b.dcm", "a.dcm"):
        shutil.copy(ECG, folder / name)
    (folder / ".hidden").write_bytes(b"")
    result = run("screen", "--json", folder)
    files = [json.loads(line)["file"] for line in result.stdout.splitlines()]
    assert result.returncode == 0
    assert files == [str(folder / "a.dcm"), str(folder / "b.dcm")]
    assert "2/2" in result.stderr


def test_a_hostile_name_cannot_drive_the_terminal(tmp_path: Path) -> None:
    hostile = tmp_path / "\x1b[31mred\n.dcm"
    hostile.write_bytes(b"")
    result = run("screen", hostile)
    assert result.returncode == 1
    assert "\x1b" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("suffix", "magic"), [(".svg", b"<svg"), (".pdf", b"%PDF-"), (".png", b"\x89PNG")]
)
def test_an_ecg_is_drawn_in_each_form(tmp_path: Path, suffix: str, magic: bytes) -> None:
    out = tmp_path / f"page{suffix}"
    result = run("render", ECG, out)
    assert (result.returncode, result.stderr) == (0, "")
    page = out.read_bytes()
    assert page.startswith(magic)
    if suffix == ".svg":
        assert ET.fromstring(page).tag.endswith("svg")  # noqa: S314 -- our own drawing


def test_what_cannot_be_drawn_is_refused_in_one_line(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(ECG.read_bytes()[:5000])
    result = run("render", damaged, tmp_path / "page.svg")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "page.svg").exists()


def test_an_unknown_form_is_wrong_usage(tmp_path: Path) -> None:
    assert run("render", ECG, tmp_path / "page.bmp").returncode == 2
    assert run("screen").returncode == 2


def test_an_ecg_is_written_in_each_format_and_read_again(tmp_path: Path) -> None:
    for name in ("copy.dcm", "copy.scp", "copy.hea", "copy.csv"):
        result = run("convert", ECG, tmp_path / name)
        assert (result.returncode, result.stderr) == (0, "")
        np.testing.assert_allclose(
            read(tmp_path / name).samples_uv, read(ECG).samples_uv, rtol=0, atol=1e-6
        )


@pytest.mark.parametrize(("command", "suffix"), [("convert", "scp"), ("render", ".svg")])
def test_a_folder_goes_into_a_folder_and_one_bad_file_stops_no_other(
    tmp_path: Path, command: str, suffix: str
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "deep").mkdir(parents=True)
    for name in ("a.dcm", "a.DCM", "deep/b.dcm"):
        shutil.copy(ECG, source / name)
    (source / "bad.dcm").write_bytes(ECG.read_bytes()[:5000])
    result = run(command, source, out, "--to", suffix)
    assert result.returncode == 1
    assert [line for line in result.stderr.splitlines() if "bad.dcm" in line]
    assert "4/4" in result.stderr
    dotted = f".{suffix.removeprefix('.')}"
    made = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert made == {f"a{dotted}", f"a-2{dotted}", f"deep/b{dotted}"}


def test_a_wfdb_record_in_a_folder_is_one_ecg(tmp_path: Path) -> None:
    assert run("convert", ECG, tmp_path / "r1.hea").returncode == 0
    result = run("screen", "--json", tmp_path)
    assert result.returncode == 0
    (line,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (line["file"], line["format"]) == (str(tmp_path / "r1.hea"), "wfdb")


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    result = run("convert", ECG, tmp_path / "file" / "x.dcm")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1


def test_an_unknown_format_to_write_is_wrong_usage(tmp_path: Path) -> None:
    assert run("convert", ECG, tmp_path / "x.pdf").returncode == 2
    assert run("convert", tmp_path, tmp_path / "out").returncode == 2


def test_a_recording_has_not_changed_since_itself() -> None:
    result = run("compare", ECG, ECG, "--json")
    found = json.loads(result.stdout)
    assert result.returncode == 0
    assert (found["previous"], found["current"]) == (str(ECG), str(ECG))
    assert found["changes"] == []
    assert {each["by"] for each in found["differences"]} == {0.0}
    spoken = run("compare", ECG, ECG)
    assert "较前无明显变化" in spoken.stdout
    assert "仅供参考" in spoken.stdout


def test_what_cannot_be_compared_is_exit_one(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not an ECG")
    result = run("compare", text, ECG, "--json")
    assert result.returncode == 1
    assert list(json.loads(result.stdout)) == ["file", "error"]
    assert len(result.stderr.splitlines()) == 1


def test_a_page_is_drawn_as_it_is_asked_for(tmp_path: Path) -> None:
    page = tmp_path / "page.svg"
    options = ("--layout", "strip", "--lead", "V2", "--speed", "50", "--gain", "5")
    assert run("render", ECG, page, *options).returncode == 0
    svg = page.read_text("utf-8")
    assert "50 mm/s" in svg
    assert "5 mm/mV" in svg
    assert ">V2 0 s<" in svg
    assert run("render", ECG, page, "--medians").returncode == 0
    assert "中位心搏" in page.read_text("utf-8")
    refused = run("render", ECG, page, "--speed", "24")
    assert refused.returncode == 1
    assert "speed is one of" in refused.stderr
