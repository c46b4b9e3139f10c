"""C-STORE: how fast each receiver takes the same slices, in turns."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import ours
from benchmarks.corpus import Series, write_series
from benchmarks.peers import FOREIGN, Peer, is_present
from benchmarks.rows import in_turn
from benchmarks.senders import DcmSend, Sender, StoreScu

_WARM_UP_SLICES = 8


@dataclass(frozen=True)
class Workload:
    """Who sends how."""

    sender: Sender
    associations: int

    @property
    def name(self) -> str:
        """What the tables call it."""
        return f"{self.sender.program} x{self.associations}"


WORKLOADS = (Workload(DcmSend(), 1), Workload(DcmSend(), 4), Workload(StoreScu(), 1))


@dataclass
class Timing:
    """The rounds of one receiver under one workload on one file system."""

    medium: str
    workload: str
    peer: str
    instances: int
    size_bytes: int
    seconds: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    """Processor time of the receiver, what it does after its last answer included."""

    @property
    def megabytes_s(self) -> float:
        """Median rate in MB/s."""
        return self.size_bytes / 1e6 / median(self.seconds)

    @property
    def instances_s(self) -> float:
        """Median rate in objects a second."""
        return self.instances / median(self.seconds)

    @property
    def cpu_ms_each(self) -> float:
        """Median processor time an object costs, in milliseconds."""
        return 1000 * median(self.cpu_s) / self.instances

    def speed_of(self, own: "Timing") -> float:
        """Return how many times as fast as this one ``own`` is: the median over the rounds."""
        return median(theirs / mine for theirs, mine in zip(self.seconds, own.seconds, strict=True))


def measure(
    *, medium: str, root: Path, corpus: Path, rounds: int, slices: int, tell: Callable[[str], None]
) -> list[Timing]:
    """Send ``rounds`` of new slices to every receiver that is here, in turns, below ``root``."""
    workloads = [workload for workload in WORKLOADS if workload.sender.is_present()]
    timings: list[Timing] = []
    with ExitStack() as stack:
        peers = [stack.enter_context(each) for each in _receivers(root)]
        for peer in peers:
            # Everybody's first association pays for what is loaded late.
            warm_up = _batches(corpus / f"{medium}-warm-up", _WARM_UP_SLICES, 1, seed=0)
            workloads[0].sender.send(peer.port, warm_up)
            shutil.rmtree(corpus / f"{medium}-warm-up")
            peer.settle()
        for workload in workloads:
            own: dict[str, Timing] = {}
            for number in range(rounds):
                folder = corpus / f"{medium}-{number}"
                batches = _batches(folder, slices, workload.associations, seed=number)
                size_bytes = sum(batch.size_bytes for batch in batches)
                for peer in in_turn(peers, number):
                    timing = own.setdefault(
                        peer.name, Timing(medium, workload.name, peer.name, slices, size_bytes)
                    )
                    _time(timing, peer, workload, batches)
                shutil.rmtree(folder)
                tell(f"{medium}, {workload.name}: round {number + 1} of {rounds}")
            timings += (own[peer.name] for peer in peers)
    return timings


def absent() -> list[str]:
    """Return the peers and senders that this machine lacks."""
    peers = [name for name, program, _ in FOREIGN if not is_present(program)]
    return peers + sorted(
        {each.sender.program for each in WORKLOADS if not each.sender.is_present()}
    )


def _receivers(root: Path) -> Iterator[AbstractContextManager[Peer]]:
    yield ours.receiving(root / "ours")
    for name, program, run in FOREIGN:
        if is_present(program):
            yield run(root / name.replace(" ", "-"))


def _time(timing: Timing, peer: Peer, workload: Workload, batches: Sequence[Series]) -> None:
    used_s = peer.cpu_s()
    timing.seconds.append(workload.sender.send(peer.port, batches))
    peer.settle()
    timing.cpu_s.append(peer.cpu_s() - used_s)


def _batches(folder: Path, slices: int, associations: int, *, seed: int) -> list[Series]:
    return [
        write_series(folder / str(number), slices // associations, seed * 100 + number)
        for number in range(associations)
    ]
