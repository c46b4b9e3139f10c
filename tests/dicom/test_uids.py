"""Unique identifiers."""

import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from dicom import uids


@pytest.mark.parametrize(
    "text", ["1", "1.2.840.10008.1.2", "2.25." + "9" * 39, "0.0", "1." * 31 + "11"]
)
def test_uids_are_accepted(text: str) -> None:
    assert uids.is_uid(text)
    assert uids.is_conforming_uid(text)


@pytest.mark.parametrize("text", ["1.02", "00.1", "1.2.000"])
def test_leading_zeros_are_accepted_but_not_conforming(text: str) -> None:
    assert uids.is_uid(text)
    assert not uids.is_conforming_uid(text)


@pytest.mark.parametrize(
    "text",
    ["", ".", "1.", ".1", "1..2", "1.a", "1 .2", "../1", "1\0", "1\n", "1" * 65, "١.٢", "-1"],
)
def test_what_is_no_uid_is_refused(text: str) -> None:
    assert not uids.is_uid(text)


@given(st.integers(0, 2**128 - 1))
def test_new_uids_are_random_uuids_below_2_25(bits: int) -> None:
    made = uids.new_uid(lambda wanted: bits if wanted == 128 else 0)
    assert UID(made).is_valid
    assert uuid.UUID(int=int(made.removeprefix("2.25."))).version == 4


def test_new_uids_differ() -> None:
    source = random.Random(1)  # noqa: S311 - repeatable
    assert len({uids.new_uid(source.getrandbits) for _ in range(100)}) == 100


def test_our_own_class_uid_is_a_random_uuid_and_our_version_name_is_short_enough() -> None:
    number = int(uids.IMPLEMENTATION_CLASS_UID.removeprefix("2.25."))
    assert uuid.UUID(int=number).version == 4
    assert len(uids.IMPLEMENTATION_VERSION_NAME) <= 16


def test_syntaxes_that_keep_pixels_in_fragments_are_told_from_the_others() -> None:
    assert uids.is_encapsulated("1.2.840.10008.1.2.4.90")
    assert not uids.is_encapsulated("1.2.840.10008.1.2")
    assert not uids.is_encapsulated("1.2.3")
