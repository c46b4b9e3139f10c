"""Foreign programs that tests talk to: found, or skipped visibly, or failed where CI=true."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SHARED_ECG_DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "ecg"


def missing(what: str) -> NoReturn:
    """Skip the test because ``what`` is absent; fail it instead where CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must have it (see .ci/run)", pytrace=False)
    pytest.skip(f"{what} is not on this machine")


def require_program(name: str, *more_places: str) -> Path:
    """Return the path of a program on PATH or in ``more_places``, else skip or fail."""
    for candidate in (name, *more_places):
        found = shutil.which(candidate)
        if found is not None:
            return Path(found)
    missing(name)


def shared_ecg_data() -> Path:
    """Return the development ECG data, which a stranger's clone does not have: else skip."""
    if not SHARED_ECG_DATA.is_dir():
        pytest.skip("the development ECG data are not beside this checkout")
    return SHARED_ECG_DATA
