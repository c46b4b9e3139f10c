import re
import struct
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg import EcgSignal, read, screen
from ecg.display import DisplayFilter
from ecg.page import GRID_BOTTOM_MM, GRID_LEFT_MM, GRID_RIGHT_MM, GRID_TOP_MM
from ecg.render import render, render_pdf, render_png
from ecg.sheet import Layout
from ecg.signal import STANDARD_LEADS, Patient
from tests.dicom.build import wheel_file
from tests.ecg.samples import Samples, signal_of, twelve

SVG = "{http://www.w3.org/2000/svg}"
STEP = re.compile(r"-?\d+")


def parsed(svg: str) -> ET.Element:
    """Parse our own output, which no one else wrote."""
    return ET.fromstring(svg)  # noqa: S314  # not foreign


def traces(svg: str) -> list[Samples]:
    """Return each trace's points in millimetres, shape (n, 2)."""
    found: list[Samples] = []
    for path in parsed(svg).iter(f"{SVG}path"):
        if path.get("class") != "trace":
            continue
        assert path.get("transform") == "scale(.01)"
        data = path.get("d") or ""
        for piece in data.split("M")[1:]:
            start, steps = piece.split("l")
            x, y = (int(number) for number in start.split())
            moves = np.array([int(number) for number in STEP.findall(steps)]).reshape(-1, 2)
            found.append((np.array([x, y]) + np.vstack([[0, 0], np.cumsum(moves, axis=0)])) / 100.0)
    return found


def square(fs_hz: float = 500.0) -> EcgSignal:
    """Return a lead that rests at 0 and stands at 1 mV from second 2 to 3."""
    samples = np.zeros((1, int(10 * fs_hz)))
    samples[0, int(2 * fs_hz) : int(3 * fs_hz)] = 1000.0
    return EcgSignal(samples, fs_hz, ("II",))


def test_one_millivolt_is_ten_millimetres_and_one_second_twenty_five() -> None:
    (trace,) = traces(render(square()))
    assert np.ptp(trace[:, 1]) == pytest.approx(10.0, abs=0.005)
    high = trace[trace[:, 1] < trace[:, 1].min() + 0.02]
    assert np.ptp(high[:, 0]) == pytest.approx(25.0, abs=0.1)
    assert np.ptp(trace[:, 0]) == pytest.approx(250.0, abs=0.1)


@pytest.mark.parametrize("fs_hz", [125.0, 500.0, 1000.0, 8000.0])
@pytest.mark.parametrize(("speed", "gain"), [(25.0, 5.0), (25.0, 20.0), (50.0, 10.0), (12.5, 10.0)])
def test_the_scale_holds_at_every_speed_gain_and_rate(
    fs_hz: float, speed: float, gain: float
) -> None:
    (trace,) = traces(render(square(fs_hz), speed_mm_s=speed, gain_mm_mv=gain))
    assert np.ptp(trace[:, 1]) == pytest.approx(gain, abs=0.005)
    assert np.ptp(trace[:, 0]) <= 250.0
    high = trace[trace[:, 1] < trace[:, 1].min() + 0.02]
    assert np.ptp(high[:, 0]) == pytest.approx(speed - speed / fs_hz, abs=0.05)


@pytest.mark.parametrize(
    ("speed", "gain", "wide", "tall"),
    [(25.0, 10.0, 5.0, 10.0), (50.0, 20.0, 10.0, 20.0), (25.0, 5.0, 5.0, 5.0)],
)
def test_the_calibration_pulse_is_one_millivolt_for_a_fifth_of_a_second(
    speed: float, gain: float, wide: float, tall: float
) -> None:
    svg = render(signal_of(twelve(75.0)), speed_mm_s=speed, gain_mm_mv=gain)
    pulses = [p.get("d") or "" for p in parsed(svg).iter(f"{SVG}path") if p.get("class") == "pulse"]
    assert pulses
    for data in pulses:
        moves = re.findall(r"([hv])(-?[\d.]+)", data)
        assert moves[1:4] == [("v", f"{-tall:g}"), ("h", f"{wide:g}"), ("v", f"{tall:g}")]


@pytest.mark.parametrize(("seconds", "speed"), [(10.0, 12.5), (6.0, 25.0), (10.0, 25.0)])
def test_a_row_is_shared_by_its_leads_whatever_there_is_to_draw(
    seconds: float, speed: float
) -> None:
    svg = render(signal_of(twelve(duration_s=seconds)), speed_mm_s=speed)
    drawn = traces(svg)
    assert len(drawn) == 13
    for trace in drawn[:12]:
        assert np.ptp(trace[:, 0]) == pytest.approx(seconds * speed / 4, abs=0.1)


def test_a_page_begins_where_it_is_asked_to() -> None:
    signal = square()
    (trace,) = traces(render(signal, start_s=2.0))
    assert np.ptp(trace[:, 0]) == pytest.approx(200.0, abs=0.1)
    assert "第 2–10 秒" in render(signal, start_s=2.0)


def test_the_paper_says_what_is_filtered_and_draws_it_so() -> None:
    signal = signal_of(twelve())
    noisy = replace(
        signal,
        samples_uv=signal.samples_uv + 200.0 * np.sin(0.2 * np.pi * np.arange(signal.n_samples)),
    )
    plain, shown = render(noisy), render(noisy, display_filter=DisplayFilter.NOTCH_50)
    assert "显示滤波 无" in plain
    assert "显示滤波 陷波 50 Hz" in shown
    assert "显示滤波 无" not in shown
    rough, smooth = (float(np.abs(np.diff(traces(svg)[-1][:, 1])).mean()) for svg in (plain, shown))
    assert smooth < 0.5 * rough


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1.0, 2000.0))
def test_no_sample_lies_visibly_off_the_line_drawn(seed: int, scale: float) -> None:
    noise = np.random.default_rng(seed).normal(0.0, scale, 2500)
    lead = np.convolve(noise, np.ones(9) / 9.0, mode="same")
    (trace,) = traces(render(EcgSignal(lead[np.newaxis], 500.0, ("II",))))
    wanted = (lead - np.median(lead)) / 100.0
    drawn = np.interp(26.0 + np.arange(2500) * 0.05, trace[:, 0], -trace[:, 1])
    drawn -= np.median(drawn)
    assert np.abs(drawn - wanted).max() < 0.06 + 0.01 * np.abs(np.diff(wanted)).max() / 0.05


def test_peaks_survive_the_thinning_of_a_dense_recording() -> None:
    samples = np.zeros((1, 100_000))
    samples[0, 50_003] = 1000.0
    (trace,) = traces(render(EcgSignal(samples, 10_000.0, ("II",))))
    assert np.ptp(trace[:, 1]) == pytest.approx(10.0, abs=0.005)
    assert len(trace) < 100


def test_a_gap_is_not_drawn() -> None:
    samples = np.zeros((1, 5000))
    samples[0, 2000:3000] = np.nan
    pieces = traces(render(EcgSignal(samples, 500.0, ("II",))))
    assert len(pieces) == 2
    assert pieces[1][0, 0] - pieces[0][-1, 0] == pytest.approx(50.0, abs=0.2)
    nothing = EcgSignal(np.full((1, 5000), np.nan), 500.0, ("II",))
    assert traces(render(nothing)) == []


@pytest.mark.parametrize(
    ("layout", "count", "labels"),
    [
        (Layout.THREE_BY_FOUR, 13, [*STANDARD_LEADS, "II 长导联"]),
        (Layout.SIX_BY_TWO, 12, [*STANDARD_LEADS]),
        (Layout.TWELVE_BY_ONE, 12, [*STANDARD_LEADS]),
    ],
)
def test_each_layout_draws_and_names_every_lead(
    layout: Layout, count: int, labels: list[str]
) -> None:
    svg = render(signal_of(twelve(75.0)), layout=layout)
    assert len(traces(svg)) == count
    named = [t.text for t in parsed(svg).iter(f"{SVG}text") if t.get("class") == "lead"]
    assert sorted(map(str, named)) == sorted(labels)


def test_a_trace_that_leaves_the_paper_is_said_to() -> None:
    signal = signal_of(twelve(75.0) * 4.0)
    assert "超出纸面" in render(signal, gain_mm_mv=20.0)
    assert "超出纸面" not in render(signal_of(twelve(75.0)))


def test_columns_follow_each_other_in_time() -> None:
    svg = render(signal_of(twelve(75.0)), layout=Layout.THREE_BY_FOUR)
    starts = sorted({round(float(trace[0, 0]), 1) for trace in traces(svg)})
    assert np.diff(starts) == pytest.approx(62.5)


def test_a_lead_set_without_the_twelve_gets_rows_and_no_twelve_lead_layout() -> None:
    signal = EcgSignal(twelve(75.0)[:3], 500.0, ("I", "II", "III"))
    assert len(traces(render(signal))) == 3
    with pytest.raises(ValueError, match="missing: aVR"):
        render(signal, layout=Layout.SIX_BY_TWO)


def test_leads_beyond_the_twelve_are_said_to_be_left_out() -> None:
    samples = np.vstack([twelve(75.0), twelve(75.0, seed=3)[:1]])
    signal = EcgSignal(samples, 500.0, (*STANDARD_LEADS, "V7"))
    assert "未显示导联 V7" in render(signal)


@pytest.mark.parametrize("layout", list(Layout))
def test_names_stay_on_the_page_and_traces_on_the_paper(layout: Layout) -> None:
    svg = render(signal_of(twelve(75.0) * 3.0), layout=layout)
    for node in parsed(svg).iter(f"{SVG}text"):
        assert 0.0 < float(node.get("x", "-1")) < 290.0
        assert 3.0 < float(node.get("y", "-1")) < 207.0
    baselines = [float(np.median(trace[:, 1])) for trace in traces(svg)]
    assert min(baselines) > GRID_TOP_MM
    assert max(baselines) < GRID_BOTTOM_MM
    assert '<g clip-path="url(#paper)">' in svg


HOSTILE = "<script>alert(1)</script>&\"'\x00\x1b]]>\ud800"


def test_markup_in_names_is_inert() -> None:
    signal = EcgSignal(
        samples_uv=twelve(75.0)[:1],
        fs_hz=500.0,
        leads=("<b>&x",),
        patient=Patient(id=HOSTILE, name=HOSTILE),
        device=HOSTILE,
    )
    svg = render(signal, screen(signal))
    tags = {node.tag.removeprefix(SVG) for node in parsed(svg).iter()}
    assert tags == {"svg", "style", "clipPath", "path", "rect", "g", "text"}
    assert "<b>&x" in [node.text for node in parsed(svg).iter(f"{SVG}text")]
    assert render_pdf(signal).startswith(b"%PDF")


def test_the_header_says_who_what_and_that_a_machine_says_it() -> None:
    signal = read(wheel_file("waveform_ecg.dcm"))
    svg = render(signal, screen(signal))
    for words in (
        "Anonymous",
        "女",
        "42岁",
        "机器分析提示（仅供参考，未注册）",
        "窦性心律",
        "25 mm/s",
        "10 mm/mV",
    ):
        assert words in svg
    assert "机器分析提示" not in render(signal)


@pytest.mark.parametrize(
    "options", [{"speed_mm_s": 24.0}, {"gain_mm_mv": 0.0}, {"start_s": 10.0}, {"start_s": -1.0}]
)
def test_an_impossible_scale_or_start_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"one of|start_s"):
        render(
            signal_of(twelve(75.0)),
            speed_mm_s=options.get("speed_mm_s", 25.0),
            gain_mm_mv=options.get("gain_mm_mv", 10.0),
            start_s=options.get("start_s", 0.0),
        )


def test_the_pdf_is_one_a4_page_and_the_same_bytes_again() -> None:
    signal = signal_of(twelve(75.0))
    pdf = render_pdf(signal, screen(signal))
    boxes = re.findall(rb"/MediaBox\s*\[([^\]]+)\]", pdf)
    assert len(boxes) == 1
    width, height = (float(number) * 25.4 / 72.0 for number in boxes[0].split()[2:])
    assert width == pytest.approx(297.0, abs=0.1)
    assert height == pytest.approx(210.0, abs=0.1)
    assert pdf == render_pdf(signal, screen(signal))


def test_the_png_has_the_resolution_asked_for() -> None:
    png = render_png(signal_of(twelve(75.0)), dots_per_inch=100.0)
    width, height = struct.unpack(">II", png[16:24])
    assert abs(width - 297 / 25.4 * 100) <= 1
    assert abs(height - 210 / 25.4 * 100) <= 1


def test_without_its_heading_the_drawing_is_cut_to_the_paper_and_names_nobody() -> None:
    signal = replace(signal_of(twelve(75.0)), patient=Patient(name="张样本"))
    whole, cut = render(signal, screen(signal)), render(signal, screen(signal), heading=False)
    assert "张样本" in whole
    assert "张样本" not in cut
    assert [trace.tolist() for trace in traces(cut)] == [t.tolist() for t in traces(whole)]
    left, top, width, height = (float(n) for n in (parsed(cut).get("viewBox") or "").split())
    assert top < GRID_TOP_MM < GRID_BOTTOM_MM < top + height
    assert left < GRID_LEFT_MM < GRID_RIGHT_MM < left + width
    assert parsed(cut).get("height") == f"{height:g}mm"
