"""A fault that cannot be made on a machine: skipped visibly there, and failed where CI=true."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.mounts import mounted
from tests.support.strace import injecting

NO_PROCESS = 1 << 30


def mount_what_no_kernel_knows(tmp_path: Path) -> None:
    with mounted(tmp_path / "at", "-t", "no-such-file-system", "none"):
        pytest.fail("it was mounted")


def trace_nobody(tmp_path: Path) -> None:
    with injecting(NO_PROCESS, "fsync", "signal=KILL"):
        pytest.fail("it was traced")


@pytest.mark.fault
@pytest.mark.parametrize("fault", [mount_what_no_kernel_knows, trace_nobody])
@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_a_fault_that_cannot_be_made(
    fault: Callable[[Path], None],
    ci: str,
    outcome: type[BaseException],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="here"):
        fault(tmp_path)
