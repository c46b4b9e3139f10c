"""Values that stand elsewhere, written where they belong."""

from collections import UserDict
from collections.abc import Iterator
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dicom.writer import LongValue, raw_element, write_elements, write_opening

WAVEFORMS = 0x54000100
WAVEFORM_DATA = 0x54001010


class Watched(UserDict[tuple[int, ...], LongValue]):
    """Long values that know how often they were gone through."""

    passes = 0

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        self.passes += 1
        return super().__iter__()


def long_value(value: bytes) -> LongValue:
    return LongValue("OW", len(value), lambda: [value])


def test_the_values_of_all_items_are_gone_through_once() -> None:
    """Items times references is how a small message would keep a server busy for hours."""
    count = 200
    items = Sequence(
        [
            Dataset({BaseTag(0x003A0005): raw_element(0x003A0005, "US", bytes([at, 0]))})
            for at in range(count)
        ]
    )
    ds = Dataset(
        {BaseTag(WAVEFORMS): DataElement(BaseTag(WAVEFORMS), "SQ", items, already_converted=True)}
    )
    values = [bytes([at] * 2 * (at + 1)) for at in range(count)]
    long = Watched(
        {(WAVEFORMS, at, WAVEFORM_DATA): long_value(value) for at, value in enumerate(values)}
    )
    out = BytesIO()
    write_opening(out, ds, EXPLICIT_VR_LITTLE_ENDIAN)
    write_elements(out, ds, long)
    found = dcmread(BytesIO(out.getvalue()))
    assert [item[WAVEFORM_DATA].value for item in found[WAVEFORMS].value] == values
    assert long.passes == 1
