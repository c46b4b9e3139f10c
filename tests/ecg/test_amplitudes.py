import numpy as np
import pytest

from ecg import screen
from ecg.amplitudes import measure_leads
from ecg.delineate import BeatClass
from ecg.waves import Fiducials
from tests.ecg.samples import GAINS, Samples, bump, signal_of, twelve

FS_HZ = 1000.0
AT = np.arange(1060) / FS_HZ
MARKS = Fiducials(220, 260, 300, 380, 420, 470, 560, 680, 760)


def beat(*rows: Samples) -> BeatClass:
    return BeatClass(np.arange(1), np.stack(rows), MARKS)


def complex_of(*heights_uv: float) -> Samples:
    """Return half sines of 20 ms each from the begin of QRS on."""
    row = np.zeros(AT.size)
    for number, height in enumerate(heights_uv):
        start = 382 + 17 * number
        row[start : start + 17] = height * np.sin(np.pi * np.arange(17) / 17.0)
    return row


@pytest.mark.parametrize(
    ("heights_uv", "named"),
    [
        ((900.0,), {"r": 0.9}),
        ((-150.0, 900.0, -300.0), {"q": -0.15, "r": 0.9, "s": -0.3}),
        ((-800.0,), {"q": -0.8}),
        ((300.0, -900.0), {"r": 0.3, "s": -0.9}),
        ((300.0, -500.0, 700.0, -200.0), {"r": 0.3, "s": -0.5, "r2": 0.7, "s2": -0.2}),
        ((-12.0, 900.0), {"r": 0.9}),
    ],
)
def test_the_waves_of_qrs_have_their_names(
    heights_uv: tuple[float, ...], named: dict[str, float]
) -> None:
    found = measure_leads(beat(complex_of(*heights_uv)), ("V1",), FS_HZ)["V1"]
    for wave in ("q", "r", "s", "r2", "s2"):
        value = getattr(found, f"{wave}_mv")
        if wave in named:
            assert value == pytest.approx(named[wave], abs=0.01)
        else:
            assert value is None


def test_durations_and_times_are_those_of_the_lead() -> None:
    found = measure_leads(beat(complex_of(-150.0, 900.0)), ("II",), FS_HZ)["II"]
    assert found.q_ms == pytest.approx(17, abs=4)
    assert found.r_ms == pytest.approx(17, abs=4)
    assert found.qrs_peak_ms == pytest.approx(27.5, abs=2)
    assert found.qrs_on_ms == pytest.approx(2, abs=6)
    assert found.qrs_off_ms == pytest.approx(36, abs=8)


def test_p_and_t_are_measured_and_named_biphasic_where_they_are() -> None:
    p_wave = 150.0 * bump(AT, 0.26, 0.015)
    t_wave = 300.0 * bump(AT, 0.65, 0.025) - 180.0 * bump(AT, 0.73, 0.015)
    found = measure_leads(beat(complex_of(900.0) + p_wave + t_wave), ("V1",), FS_HZ)["V1"]
    assert found.p_mv == pytest.approx(0.15, abs=0.02)
    assert found.p2_mv is None
    assert found.t_mv == pytest.approx(0.29, abs=0.03)
    assert found.t2_mv == pytest.approx(-0.17, abs=0.04)
    assert found.p_peak_ms == pytest.approx(-120, abs=5)


def test_st_is_measured_at_j_and_forty_sixty_and_eighty_milliseconds_later() -> None:
    ramp = np.clip((AT - 0.470) * 1000.0, 0.0, None) * 2.0
    found = measure_leads(beat(complex_of(900.0) + ramp), ("II",), FS_HZ)["II"]
    levels = (found.st_j_mv, found.st_j40_mv, found.st_j60_mv, found.st_j80_mv)
    assert levels == pytest.approx((0.008, 0.088, 0.128, 0.168), abs=0.003)


def test_a_silent_lead_has_no_waves_but_levels() -> None:
    found = measure_leads(beat(np.zeros(AT.size)), ("II",), FS_HZ)["II"]
    assert {name for name, value in found.to_dict().items() if value is not None} == {
        "st_j_mv", "st_j40_mv", "st_j60_mv", "st_j80_mv",
    }  # fmt: skip


def test_every_lead_of_a_screened_ecg_is_measured() -> None:
    result = screen(signal_of(twelve(70.0, noise_uv=2.0)))
    assert list(result.leads_measured) == list(result.signal.leads)
    for gain, lead in zip(GAINS, result.leads_measured.values(), strict=True):
        main = lead.r_mv if gain > 0.0 else lead.q_mv
        assert main == pytest.approx(gain, rel=0.08, abs=0.02)
        if abs(gain) >= 0.4:
            assert lead.p_mv == pytest.approx(0.12 * gain, rel=0.25)
            assert lead.t_mv == pytest.approx(0.25 * gain, rel=0.15)
            assert lead.p_peak_ms == pytest.approx(-160 + 35, abs=25)
