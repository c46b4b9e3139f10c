"""Contec ECG90A recordings: the ``.ECG`` file of its memory card.

The maker publishes no specification. The layout is the one that N. Rigacci found out
(rigacci.org, "Contec ECG90A Electrocardiograph - ECG File Format"): 43 bytes of header, then eight
16-bit unsigned values a sample at 800 Hz, then 37 bytes. A value is 2048 at rest, 5 µV a step;
what exceeds 12 bits, in fact 0x6800, says that the electrode is off. III, aVR, aVL and aVF are
left out by definition.
"""

import datetime as dt
import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.cursor import Cursor
from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import with_limb_leads
from ecg.formats.text import decoded
from ecg.signal import CHEST_LEADS, EcgSignal, Patient, Sex

HEADER_BYTES: Final = 43
FOOTER_BYTES: Final = 37
STORED: Final = ("I", "II", *CHEST_LEADS)
FS_HZ: Final = 800.0
STEP_UV: Final = 5.0
REST: Final = 2048
MAX_VALUE: Final = 4095
DEVICE: Final = "Contec ECG90A"
MAX_AGE: Final = 130
MAX_BYTES: Final = 32 * 1024 * 1024  # 43 minutes

_CASE = re.compile(rb"[0-9A-Za-z]{1,7}\0+")
_STAMP = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\0")
_SEX: Final = {0: Sex.FEMALE, 1: Sex.MALE}  # 255 is blank


def looks_like_contec(content: bytes) -> bool:
    """Return whether content begins with a case number and, at byte 10, a time stamp."""
    return (
        _CASE.fullmatch(content[:10]) is not None and _STAMP.fullmatch(content[10:30]) is not None
    )


def _acquired_at(stamp: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(stamp)
    except ValueError:
        return None


def read_contec(content: bytes) -> EcgSignal:
    """Read a ``.ECG`` file of a Contec ECG90A.

    Parameters
    ----------
    content
        The whole file.

    Returns
    -------
    EcgSignal
        Of 12 leads; NaN where an electrode was off.

    Raises
    ------
    EcgFormatError
        If the file is damaged, no whole number of samples long, or far too large.
    """
    cursor = Cursor(content, "Contec")
    if len(content) > MAX_BYTES:
        raise cursor.refusal(f"the file is larger than {MAX_BYTES >> 20} MiB")
    case, stamp, name = (decoded(cursor.take(width)) for width in (10, 22, 8))
    sex, age, _weight = (cursor.unsigned(1) for _ in range(3))
    body = cursor.take(max(0, cursor.left - FOOTER_BYTES))
    if cursor.left != FOOTER_BYTES or not body or len(body) % (2 * len(STORED)):
        raise cursor.refusal("the file is not a whole number of samples long")
    values = np.frombuffer(body, "<u2").reshape(-1, len(STORED)).T.astype(np.float64)
    samples: NDArray[np.float64] = (values - REST) * STEP_UV
    samples[values > MAX_VALUE] = np.nan
    leads, samples = with_limb_leads(list(STORED), samples)
    try:
        return EcgSignal(
            samples_uv=samples,
            fs_hz=FS_HZ,
            leads=leads,
            acquired_at=_acquired_at(stamp),
            patient=Patient(
                age_years=float(age) if 0 < age <= MAX_AGE else None,
                sex=_SEX.get(sex),
                id=case or None,
                name=name or None,
            ),
            device=DEVICE,
            source_format="contec",
        )
    except ValueError as error:
        raise EcgFormatError(f"Contec: {error}") from error
