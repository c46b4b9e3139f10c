"""What tests need of this machine: there, or skipped visibly, or failed where CI=true."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SHARED_ECG_DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "ecg"


def missing(what: str) -> NoReturn:
    """Skip the test because ``what`` is absent; fail it instead where CI=true."""
    impossible(f"{what} is not on this machine")


def impossible(why: str) -> NoReturn:
    """Skip a test that cannot run here; fail it where CI=true, which must be able to (.ci/run)."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must be able to run this (see .ci/run): {why}", pytrace=False)
    pytest.skip(why)


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
