"""Names of workitems: a request's own id as a UID, unless a client gave it another."""

from typing import Final

UPS_PUSH: Final = "1.2.840.10008.5.1.4.34.6.1"
GLOBAL_SUBSCRIPTION: Final = "1.2.840.10008.5.1.4.34.5"
"""UPS Global Subscription SOP Instance (PS3.4 CC.2.3.3, PS3.6 table A-1)."""
FILTERED_SUBSCRIPTION: Final = f"{GLOBAL_SUBSCRIPTION}.1"
"""UPS Filtered Global Subscription SOP Instance (PS3.4 CC.2.3.3.1)."""
_UUID_ROOT: Final = "2.25."


def uid_of(request_id: str) -> str:
    """Return the UID of a request that nobody named (PS3.5 B.2)."""
    return f"{_UUID_ROOT}{int(request_id, 16)}"


def request_id_of(uid: str) -> str | None:
    """Return the id that a UID is made of, None where it is made of none."""
    number = uid.removeprefix(_UUID_ROOT)
    if number == uid or not (number.isascii() and number.isdigit()) or len(number) > 39:
        return None
    found = f"{int(number):032x}"
    return found if len(found) == 32 and uid_of(found) == uid else None
