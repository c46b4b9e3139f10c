"""Who sends: DCMTK's programs, one process an association, each answer counted."""

import os
import re
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks.corpus import Series

AE_TITLE = "BENCH"
_NO_DELAY = "TCP_NODELAY"


def tcp_environment(*, nagle: bool) -> dict[str, str]:
    """Return the environment of a DCMTK program with Nagle's algorithm on, its default, or off.

    With it each PDU, written in two pieces, waits for the peer's delayed acknowledgement.
    """
    inherited = {name: value for name, value in os.environ.items() if name != _NO_DELAY}
    return inherited if nagle else inherited | {_NO_DELAY: "1"}


class SendingFailedError(RuntimeError):
    """The peer did not answer every object with success: nothing was measured."""


class Sender(ABC):
    """A sending program."""

    program: ClassVar[str]

    @classmethod
    def is_present(cls) -> bool:
        """Tell whether the program is on this machine."""
        return shutil.which(cls.program) is not None

    @abstractmethod
    def command(self, port: int, folder: Path) -> list[str]:
        """Return the command that sends a folder."""

    @abstractmethod
    def count_stored(self, folder: Path, output: str) -> int:
        """Return how many objects were answered with success."""

    def send(self, port: int, batches: Sequence[Series], *, nagle: bool = False) -> float:
        """Send each batch on an association of its own, all at once; return the seconds it took.

        Raises
        ------
        SendingFailedError
            Unless every object was answered with success.
        """
        commands = [self.command(port, batch.folder) for batch in batches]
        environment = tcp_environment(nagle=nagle)
        began_s = time.perf_counter()
        running = [
            subprocess.Popen(
                command, env=environment, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for command in commands
        ]  # fmt: skip
        outputs = [process.communicate()[0] for process in running]
        took_s = time.perf_counter() - began_s
        for batch, output in zip(batches, outputs, strict=True):
            stored = self.count_stored(batch.folder, output)
            if stored != batch.count:
                raise SendingFailedError(
                    f"{self.program}: {stored} of {batch.count} stored: {output[-500:]}"
                )
        return took_s


class DcmSend(Sender):
    """DCMTK's dcmsend: sends the data set as it stands in the file."""

    program = "dcmsend"

    def command(self, port: int, folder: Path) -> list[str]:
        """Return the command that sends a folder and writes a report beside it."""
        _report(folder).unlink(missing_ok=True)
        return [
            self.program, "-aet", AE_TITLE, "+crf", str(_report(folder)), "+sd",
            "127.0.0.1", str(port), str(folder),
        ]  # fmt: skip

    def count_stored(self, folder: Path, output: str) -> int:
        """Return what the report counts; there is none after a failure."""
        del output
        try:
            report = _report(folder).read_text()
        except FileNotFoundError:
            return 0
        found = re.search(r"with status SUCCESS\s*: (\d+)", report)
        return int(found[1]) if found else 0


class StoreScu(Sender):
    """DCMTK's storescu: encodes each data set anew."""

    program = "storescu"

    def command(self, port: int, folder: Path) -> list[str]:
        """Return the command that sends a folder and prints each answer."""
        return [
            self.program, "-v", "-R", "-aet", AE_TITLE, "+sd",
            "127.0.0.1", str(port), str(folder),
        ]  # fmt: skip

    def count_stored(self, folder: Path, output: str) -> int:
        """Count the printed answers."""
        del folder
        return output.count("Received Store Response (Success)")


def _report(folder: Path) -> Path:
    return folder.with_suffix(".report")
