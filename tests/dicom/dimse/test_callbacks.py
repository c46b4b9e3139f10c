"""Values a gate or a sink may answer with, and bounds that make no sense."""

import pytest

from dicom.dimse.callbacks import Rejection, StoreResult
from dicom.dimse.limits import DimseLimits


@pytest.mark.parametrize(
    "fields", [(0, 1, 3), (3, 1, 3), (1, 0, 3), (1, 4, 3), (1, 1, 0), (1, 1, 256)]
)
def test_rejection_the_pdu_cannot_say_is_refused(fields: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="Table 9-21"):
        Rejection(*fields)


@pytest.mark.parametrize("status", [-1, 0x10000])
def test_status_beyond_16_bits_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="16 bits"):
        StoreResult(status)


@pytest.mark.parametrize(
    ("status", "is_stored"),
    [(0x0000, True), (0xB000, True), (0xB007, True), (0xA700, False), (0xC000, False), (1, False)],
)
def test_success_and_warnings_are_stored(status: int, is_stored: bool) -> None:
    assert StoreResult(status).is_stored is is_stored


def test_bounds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="artim_s"):
        DimseLimits(artim_s=0)
    with pytest.raises(ValueError, match="4096"):
        DimseLimits(max_pdu_bytes=100)
