"""Writing by the name's suffix, and converting there and back."""

from pathlib import Path

import numpy as np
import pytest

from ecg.formats import EcgFormatError, read
from ecg.formats.writing import convert, files_of, write
from ecg.signal import STANDARD_LEADS, EcgSignal

STEPS = np.random.default_rng(4).integers(-500, 500, (12, 1000))
SIGNAL = EcgSignal(STEPS * 5.0, 500.0, STANDARD_LEADS)


@pytest.mark.parametrize("name", ["a.dcm", "A.DCM", "a.scp", "a.csv", "a.hea", "a.dat"])
def test_every_format_that_is_written_is_read_again(name: str, tmp_path: Path) -> None:
    written = write(SIGNAL, tmp_path / name)
    assert tmp_path / name in written
    header = next(path for path in written if path.suffix != ".dat")
    np.testing.assert_allclose(read(header).samples_uv, SIGNAL.samples_uv, rtol=1e-12)


def test_a_chain_of_conversions_loses_nothing(tmp_path: Path) -> None:
    (first,) = write(SIGNAL, tmp_path / "1.dcm")
    (second,) = convert(first, tmp_path / "2.scp")
    third, _ = convert(second, tmp_path / "3.hea")
    (last,) = convert(third, tmp_path / "4.dcm")
    np.testing.assert_allclose(read(last).samples_uv, SIGNAL.samples_uv, rtol=1e-12)


def test_an_unknown_suffix_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.dcm"):
        write(SIGNAL, tmp_path / "a.pdf")
    with pytest.raises(ValueError, match="name"):
        files_of(SIGNAL, "with blank.hea")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_read_is_not_converted(tmp_path: Path) -> None:
    source = tmp_path / "notes.txt"
    source.write_text("no ECG")
    with pytest.raises(EcgFormatError):
        convert(source, tmp_path / "a.dcm")
    assert not (tmp_path / "a.dcm").exists()
