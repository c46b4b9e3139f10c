"""Faults injected into a running process's system calls by strace."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.peers import impossible, require_program


@contextmanager
def injecting(pid: int, syscall: str, fault: str) -> Iterator[None]:
    """Let ``syscall`` fail or kill as strace's ``inject=`` says, in every thread of ``pid``."""
    command = [
        str(require_program("strace")), "-f", "-p", str(pid), "-o", "/dev/null",
        "-e", f"trace={syscall}", "-e", f"inject={syscall}:{fault}",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        if "attached" not in said:
            strace.wait()
            impossible(f"the kernel lets nobody be traced here: {said.strip()}")
        try:
            yield
        finally:
            strace.terminate()
