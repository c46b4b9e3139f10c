"""What stands for identifying values: the same for the same value, under one secret key.

Objects that belong together stay together after they were de-identified, at different times and on
different machines, and nobody without the key can tell what an identifier was (PS3.15 E.1.1: plain
hashes would fall to trying every number).
"""

import datetime as dt
import hashlib
import hmac
from typing import Final

from dicom.dataset import parse_date
from dicom.uids import new_uid

_REGISTERED: Final = "1.2.840.10008."
_DUMMY_DATE: Final = "19000101"
_MOST_WEEKS: Final = 500
_DATE_LENGTH: Final = 8


class Pseudonyms:
    """Replaces identifiers.

    Parameters
    ----------
    key
        At least 32 secret bytes; objects under different keys cannot be brought together.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("the key for pseudonyms has at least 32 bytes")
        self._key = key

    def uid(self, original: str) -> str:
        """Return a UID below 2.25 for one that names an object; registered UIDs stay."""
        if not original or original.startswith(_REGISTERED):
            return original
        return new_uid(lambda bits: self._number("uid", original) >> (256 - bits))

    def patient(self, identity: str) -> str:
        """Return what stands for a patient's name and number."""
        return f"ANON-{self._number('patient', identity) >> 192:016X}"

    def date(self, original: str, identity: str) -> str:
        """Move a date back by the patient's whole weeks; a dummy for what is no date."""
        found = parse_date(original)
        if found is None:
            return _DUMMY_DATE
        weeks = 1 + self._number("weeks", identity) % _MOST_WEEKS
        try:
            return f"{found - dt.timedelta(weeks=weeks):%Y%m%d}".rjust(_DATE_LENGTH, "0")
        except OverflowError:
            return _DUMMY_DATE

    def moment(self, original: str, identity: str) -> str:
        """Move a DT value's date back, its time of day kept."""
        if parse_date(original[:_DATE_LENGTH]) is None:
            return _DUMMY_DATE
        return self.date(original[:_DATE_LENGTH], identity) + original[_DATE_LENGTH:]

    def _number(self, kind: str, value: str) -> int:
        message = f"{kind}\0{value}".encode()
        return int.from_bytes(hmac.new(self._key, message, hashlib.sha256).digest())
