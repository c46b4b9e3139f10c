import numpy as np
import pytest

from ecg import EcgSignal, read, screen
from ecg.electrodes import LEADS, LIMB_EXCHANGES, load_model
from ecg.findings import FindingCode as Code
from tests.dicom.build import wheel_file
from tests.ecg.samples import ADULT, Samples, signal_of, twelve

REVERSED = {Code.ARM_LEADS_REVERSED, Code.LIMB_LEADS_REVERSED, Code.CHEST_LEADS_REVERSED}


def wired(right: str, left: str, foot: str) -> EcgSignal:
    """Return a real ECG as recorded with the three limb cables on other limbs.

    Potentials are against the terminal of the three; both legs have almost the same. Of all three
    exchanged in a ring the arms are named, or arm and leg: which, is a matter of degree.
    """
    record = read(wheel_file("waveform_ecg.dcm"))
    rows = dict(zip(record.leads, record.samples_uv, strict=True))
    limbs: dict[str, Samples] = {
        "RA": -(rows["I"] + rows["II"]) / 3.0,
        "LA": (2.0 * rows["I"] - rows["II"]) / 3.0,
        "LL": (2.0 * rows["II"] - rows["I"]) / 3.0,
    }
    if "RL" in (right, left, foot):
        limbs["RL"] = limbs["LL"] + 0.03 * limbs["LA"]
    one, two = limbs[left] - limbs[right], limbs[foot] - limbs[right]
    derived = [one, two, two - one, -(one + two) / 2.0, one - two / 2.0, two - one / 2.0]
    chest = [rows[f"V{number}"] for number in range(1, 7)]
    names = ("I", "II", "III", "aVR", "aVL", "aVF", *LEADS[2:])
    return EcgSignal(np.stack([*derived, *chest]), record.fs_hz, names, patient=ADULT)


def codes(signal: EcgSignal) -> set[Code]:
    return {each.code for each in screen(signal).findings} & REVERSED


@pytest.mark.parametrize(
    ("cables", "found"),
    [
        (("RA", "LA", "LL"), set()),
        (("LA", "RA", "LL"), {Code.ARM_LEADS_REVERSED}),
        (("LL", "LA", "RA"), {Code.LIMB_LEADS_REVERSED}),
        (("LA", "LL", "RA"), {Code.LIMB_LEADS_REVERSED}),
        (("LL", "RA", "LA"), {Code.ARM_LEADS_REVERSED}),
        (("RL", "LA", "LL"), {Code.LIMB_LEADS_REVERSED}),
        (("RA", "RL", "LL"), {Code.LIMB_LEADS_REVERSED}),
    ],
)
def test_exchanged_limb_cables_are_suspected(
    cables: tuple[str, str, str], found: set[Code]
) -> None:
    assert codes(wired(*cables)) == found


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (2, 3), (3, 4)])
def test_exchanged_chest_leads_are_suspected_and_named(pair: tuple[int, int]) -> None:
    signal = wired("RA", "LA", "LL")
    samples = signal.samples_uv.copy()
    first, second = (6 + number for number in pair)
    samples[[first, second]] = samples[[second, first]]
    result = screen(EcgSignal(samples, signal.fs_hz, signal.leads, patient=ADULT))
    (found,) = (each for each in result.findings if each.code in REVERSED)
    assert found.code is Code.CHEST_LEADS_REVERSED
    assert found.evidence.leads == (f"V{pair[0] + 1}", f"V{pair[1] + 1}")
    assert "重做" in found.text_zh


def test_noise_gain_and_rate_do_not_make_an_exchange() -> None:
    plain = wired("RA", "LA", "LL")
    noise = np.random.default_rng(4).normal(0.0, 15.0, plain.samples_uv.shape)
    noisy = EcgSignal(plain.samples_uv * 0.7 + noise, plain.fs_hz, plain.leads, patient=ADULT)
    slower = EcgSignal(plain.samples_uv[:, ::2], 250.0, plain.leads, patient=ADULT)
    assert codes(noisy) == codes(slower) == set()


def test_without_all_chest_leads_nothing_is_said_of_arms_and_legs() -> None:
    signal = wired("LL", "LA", "RA")
    part = EcgSignal(signal.samples_uv[:8], signal.fs_hz, signal.leads[:8], patient=ADULT)
    assert codes(part) == set()


def test_a_lead_that_fell_off_is_named_with_what_to_do() -> None:
    samples = twelve(75.0)
    samples[8] = 0.0
    result = screen(signal_of(samples))
    (off,) = (each for each in result.findings if each.code is Code.LEAD_OFF)
    assert off.evidence.leads == ("V3",)
    assert "重做" in off.text_zh
    assert Code.WITHIN_NORMAL_LIMITS not in {each.code for each in result.findings}


def test_the_model_holds_what_the_method_asks_for() -> None:
    model = load_model()
    assert {name: values.shape for name, values in model.limb.items()} == {
        "p": (2, 6), "qrs": (2, 6), "t": (2, 6),
    }  # fmt: skip
    assert {name: values.shape for name, values in model.chest.items()} == {
        "qrs": (6, 8), "t": (6, 8),
    }  # fmt: skip
    assert set(model.limb_odds) == set(LIMB_EXCHANGES)
