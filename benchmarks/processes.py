"""What the kernel knows of a running program: its processes, their memory."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_RESET_PEAK: Final = "5"
"""Written to ``clear_refs`` it sets the peak to what is resident now (proc(5))."""


@dataclass(frozen=True)
class Process:
    """A process of ours or of a peer."""

    pid: int

    @property
    def name(self) -> str:
        """Its name; a role of ours has set its own."""
        return (_PROC / str(self.pid) / "comm").read_text().strip()

    @property
    def ticks(self) -> int:
        """Clock ticks of processor time it used, with that of its ended children."""
        try:
            stat = (_PROC / str(self.pid) / "stat").read_text()
        except OSError:  # it ended meanwhile: its parent counts it
            return 0
        return sum(map(int, stat.rpartition(")")[2].split()[11:15]))

    @property
    def resident_mb(self) -> float:
        """Resident memory, all pages counted that it shares with others."""
        return self._megabytes("status", "VmRSS")

    @property
    def proportional_mb(self) -> float:
        """Resident memory, each shared page counted by its part."""
        return self._megabytes("smaps_rollup", "Pss")

    @property
    def peak_mb(self) -> float:
        """Largest resident memory since `reset_peak`."""
        return self._megabytes("status", "VmHWM")

    def reset_peak(self) -> None:
        """Let the peak begin anew."""
        (_PROC / str(self.pid) / "clear_refs").write_text(_RESET_PEAK)

    def family(self) -> list["Process"]:
        """Return it and every process it started, and they did."""
        parents: dict[int, int] = {}
        for stat in _PROC.glob("[0-9]*/stat"):
            with suppress(OSError):  # it ended meanwhile
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        found = [self.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return [Process(pid) for pid in found]

    def _megabytes(self, file: str, key: str) -> float:
        for line in (_PROC / str(self.pid) / file).read_text().splitlines():
            name, _, value = line.partition(":")
            if name == key:
                return int(value.split()[0]) * 1024 / 1e6
        raise LookupError(f"/proc/{self.pid}/{file} has no {key}")
