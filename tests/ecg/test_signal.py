import dataclasses

import numpy as np
import pytest

from ecg import EcgSignal
from ecg.signal import Patient, Sex, normal_lead_name


def test_samples_rate_and_leads_suffice() -> None:
    signal = EcgSignal(samples_uv=np.zeros((2, 500)), fs_hz=500, leads=("I", "II"))
    assert (signal.n_leads, signal.n_samples, signal.duration_s) == (2, 500, 1.0)
    assert signal.patient == Patient()
    assert signal.acquired_at is None


def test_a_signal_cannot_be_changed_nor_through_its_source() -> None:
    source = np.zeros((1, 500))
    signal = EcgSignal(source, 500.0, ("II",))
    source[0, 0] = 99.0
    assert signal.samples_uv[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        signal.samples_uv[0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        signal.fs_hz = 1.0  # type: ignore[misc]  # that it fails is the point


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Lead AVF", "aVF"), ("avr", "aVR"), ("ECG Lead V1", "V1"), ("lead ii", "II"),
        ("v3r", "V3R"),
        (" MLII ", "MLII"), ("V 6", "V6"), ("ECG1", "1"), ("C-front", "C-front"), ("导联 I", "I"),
    ],
)  # fmt: skip
def test_lead_names_get_their_usual_spelling(written: str, meant: str) -> None:
    assert normal_lead_name(written) == meant


@pytest.mark.parametrize("name", ["", "   ", "Lead", "a\nb", "x" * 33])
def test_a_lead_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="lead name"):
        normal_lead_name(name)


@pytest.mark.parametrize(
    ("samples", "fs_hz", "leads", "said"),
    [
        (np.zeros(500), 500.0, ("I",), "shape"),
        (np.zeros((0, 500)), 500.0, (), "leads"),
        (np.zeros((1, 0)), 500.0, ("I",), "samples"),
        (np.zeros((65, 5)), 500.0, tuple(map(str, range(65))), "leads"),
        (np.zeros((2, 500)), 500.0, ("I",), "1 lead names"),
        (np.zeros((2, 500)), 500.0, ("I", "lead i"), "differ"),
        (np.zeros((1, 500)), 49.0, ("I",), "fs_hz"),
        (np.zeros((1, 500)), float("nan"), ("I",), "fs_hz"),
        (np.zeros((1, 500)), 20_001.0, ("I",), "fs_hz"),
        (np.full((1, 500), np.inf), 500.0, ("I",), "infinite"),
        (np.full((1, 500), 2e7), 500.0, ("I",), "gain"),
        (np.full((1, 500), "a"), 500.0, ("I",), "real numbers"),
        (np.zeros((1, 500), dtype=complex), 500.0, ("I",), "real numbers"),
    ],
)
def test_what_is_no_ecg_is_refused_with_a_reason(
    samples: np.ndarray, fs_hz: float, leads: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        EcgSignal(samples, fs_hz, leads)


def test_gaps_are_allowed() -> None:
    signal = EcgSignal(np.full((1, 500), np.nan), 500.0, ("I",))
    assert np.isnan(signal.samples_uv).all()


def test_an_excerpt_keeps_all_but_the_samples() -> None:
    signal = EcgSignal(np.arange(1000.0)[None], 500.0, ("I",), patient=Patient(sex=Sex.FEMALE))
    part = signal.excerpt(100, 200)
    assert part.samples_uv[0, 0] == 100.0
    assert part.n_samples == 100
    assert part.patient.sex is Sex.FEMALE


@pytest.mark.parametrize("age", [-1.0, 131.0, float("nan")])
def test_an_impossible_age_is_refused(age: float) -> None:
    with pytest.raises(ValueError, match="age"):
        Patient(age_years=age)


def test_texts_hold_no_control_characters_and_durations_of_nothing_are_none() -> None:
    signal = EcgSignal(
        np.zeros((1, 500)),
        500.0,
        ("I",),
        patient=Patient(id="\x00a\x1fb\ud800", name="张\u3000三"),
        device="\x01",
        device_statements=("\x02", "one\ntwo"),
        device_measurements={"pr_ms": 0.0, "q_ms V1": 0.0, "axis_p_deg": 0.0, "st_j_mv V1": -0.1},
    )
    assert (signal.patient.id, signal.patient.name, signal.device) == ("a b", "张\u3000三", None)
    assert signal.device_statements == ("one\ntwo",)
    assert signal.device_measurements == {"axis_p_deg": 0.0, "st_j_mv V1": -0.1}
