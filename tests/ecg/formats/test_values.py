"""Numbers and patients as text files spell them."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg.formats.demographics import age_at, age_years, full_name, moment, sex_of, written
from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import Piece, assembled, with_limb_leads, without_calibration
from ecg.formats.values import CHARACTERS_AT_ONCE, from_base64, number, numbers
from ecg.signal import Sex


@given(st.lists(st.integers(-32768, 32767), max_size=50), st.sampled_from([" ", ",", "\n", ", "]))
def test_whole_numbers_are_read_whatever_parts_them(values: list[int], separator: str) -> None:
    assert np.array_equal(numbers(separator.join(map(str, values))), values)


@given(st.lists(st.floats(-1e6, 1e6), max_size=50))
def test_other_numbers_are_read_exactly(values: list[float]) -> None:
    assert np.array_equal(numbers("\t".join(map(repr, values))), values)


def test_long_texts_are_read_whole() -> None:
    text = " ".join(["1.5", "-22.25"] * (CHARACTERS_AT_ONCE // 8))
    values = numbers(text)
    assert values.size == 2 * (CHARACTERS_AT_ONCE // 8)
    assert set(values) == {1.5, -22.25}


@pytest.mark.parametrize("text", ["1 x", "1 2-3", "0x1", "1;2", "1" * 5000 + "x", "--1", "1 2 3 ."])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(EcgFormatError):
        numbers(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [(" 1.5 ", 1.5), ("-3", -3.0), ("nan", None), ("inf", None), ("Failed", None), (None, None)],
)
def test_a_number_is_finite_or_none(text: str | None, value: float | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["AAA", "A===", "AAAA!", "年"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(EcgFormatError):
        from_base64(text)


def test_base64_may_be_broken_into_lines() -> None:
    assert from_base64(" AA\nEC\r\n ") == b"\x00\x01\x02"


@pytest.mark.parametrize(
    ("value", "unit", "years"),
    [
        ("40", "YEARS", 40.0),
        ("40", None, 40.0),
        ("18", "mo", 1.5),
        ("6", "月", 0.5),
        ("52", "WEEKS", 1.0),
        ("3", "d", 0.01),
        ("40", "furlong", None),
        ("200", "Y", None),
        ("-1", "Y", None),
        ("", "Y", None),
    ],
)
def test_ages_have_their_units(value: str, unit: str | None, years: float | None) -> None:
    assert age_years(value, unit) == years


def test_an_age_by_birth_date_counts_whole_years() -> None:
    birth = dt.date(1980, 2, 29)
    for day, years in (
        (dt.datetime(2020, 2, 28, tzinfo=dt.UTC), 39.0),
        (dt.datetime(2020, 3, 1, tzinfo=dt.UTC), 40.0),
    ):
        assert age_at(birth, day) == years
    assert age_at(birth, dt.datetime(1979, 1, 1, tzinfo=dt.UTC)) is None
    assert age_at(None, dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) is None


def test_names_sexes_and_times() -> None:
    assert full_name("张", "三丰") == "张三丰"
    assert full_name("Doe", " Ann ") == "Doe Ann"
    assert full_name("---", "") is None
    assert [sex_of(each) for each in ("男", "f", "Male", "U", None)] == [
        Sex.MALE,
        Sex.FEMALE,
        Sex.MALE,
        None,
        None,
    ]
    assert written(" -- ") is None
    assert moment("31-02-2020", "%d-%m-%Y") is None


def test_limb_leads_are_computed_only_where_none_of_them_is_stored() -> None:
    two = np.array([[4.0, 2.0], [10.0, 6.0]])
    names, samples = with_limb_leads(["I", "II"], two)
    assert names == ["I", "II", "III", "aVR", "aVL", "aVF"]
    assert np.array_equal(samples[2:, 0], [6.0, -7.0, -1.0, 8.0])
    assert with_limb_leads(["I", "aVF"], two)[0] == ["I", "aVF"]
    assert with_limb_leads(["II", "V1"], two)[0] == ["II", "V1"]


def test_pieces_of_a_lead_join_and_the_first_holds_where_they_overlap() -> None:
    names, samples = assembled(
        [
            Piece("v1", np.array([1.0, 2.0])),
            Piece("V1", np.array([9.0, 3.0]), 1),
            Piece("V2", np.empty(0)),
        ]
    )
    assert (names, samples.tolist()) == (["V1"], [[1.0, 2.0, 3.0]])


def test_one_long_lead_does_not_make_the_others_fill_memory() -> None:
    short = [Piece(f"V{number}", np.zeros(2)) for number in range(1, 7)]
    with pytest.raises(EcgFormatError, match="too far apart"):
        assembled([Piece("I", np.zeros(1 << 22)), *short])


def test_only_a_pulse_in_every_lead_is_a_calibration() -> None:
    rng = np.random.default_rng(3)
    ecg = rng.normal(0.0, 200.0, (3, 400))
    pulse = np.concatenate((np.zeros(50), np.full(100, 1000.0), np.zeros(50)))
    with_pulse = np.concatenate((ecg, np.tile(pulse, (3, 1))), axis=1)
    assert np.array_equal(without_calibration(with_pulse, 500.0), ecg)
    assert without_calibration(ecg, 500.0).shape == ecg.shape
    quiet = np.concatenate((ecg, np.zeros((3, 200))), axis=1)
    assert without_calibration(quiet, 500.0).shape == quiet.shape
    one_lead = with_pulse.copy()
    one_lead[1, 400:] = 0.0
    assert without_calibration(one_lead, 500.0).shape == one_lead.shape
