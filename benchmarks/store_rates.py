"""C-STORE: how fast each receiver takes the same objects, in turns."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import ours
from benchmarks.corpus import Kind, Series, write_series
from benchmarks.peers import FOREIGN, FOREIGN_NAGLE, Foreign, Peer
from benchmarks.rows import in_turn
from benchmarks.senders import DcmSend, Sender, StoreScu

_WARM_UP_SLICES = 8


@dataclass(frozen=True)
class Workload:
    """Who sends what, and how."""

    kind: Kind
    sender: Sender
    associations: int = 1
    nagle: bool = False
    """Whether sender and Orthanc leave Nagle's algorithm on."""

    @property
    def name(self) -> str:
        """What the tables call it."""
        nagle = ", Nagle" if self.nagle else ""
        return f"{self.kind.value}, {self.sender.program} x{self.associations}{nagle}"

    @property
    def foreign(self) -> tuple[Foreign, ...]:
        """Who receives it beside us."""
        return FOREIGN_NAGLE if self.nagle else FOREIGN


WORKLOADS = (
    Workload(Kind.CT, DcmSend()),
    Workload(Kind.CT, DcmSend(), associations=4),
    Workload(Kind.CT, StoreScu()),
    Workload(Kind.CT, DcmSend(), nagle=True),
    Workload(Kind.DR, DcmSend()),
    Workload(Kind.US, DcmSend()),
)


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
    *,
    medium: str,
    root: Path,
    corpus: Path,
    rounds: int,
    counts: Mapping[Kind, int],
    tell: Callable[[str], None],
) -> list[Timing]:
    """Send ``rounds`` of new objects to every receiver that is here, in turns, below ``root``.

    Each workload begins with receivers that are empty, and takes their files away at its end.
    """
    timings: list[Timing] = []
    for workload in WORKLOADS:
        count = counts[workload.kind]
        if count and workload.sender.is_present():
            timings += _measure(workload, medium, root, corpus, rounds, count, tell)
            shutil.rmtree(root)
    return timings


def needs_bytes(rounds: int, counts: Mapping[Kind, int]) -> int:
    """Return the room that the largest workload takes: each receiver keeps every round."""
    round_bytes = max(kind.size_bytes * count for kind, count in counts.items())
    keepers = 1 + sum(each.keeps for each in FOREIGN)
    # The files to be sent stand there too, and ours are in spool and store for a moment.
    return round_bytes * (rounds * keepers + 2)


def _measure(
    workload: Workload,
    medium: str,
    root: Path,
    corpus: Path,
    rounds: int,
    count: int,
    tell: Callable[[str], None],
) -> list[Timing]:
    own: dict[str, Timing] = {}
    with ExitStack() as stack:
        peers = [stack.enter_context(ours.receiving(root / "ours"))]
        peers += [
            stack.enter_context(each.running(root)) for each in workload.foreign if each.is_present
        ]
        for peer in peers:
            # Everybody's first association pays for what is loaded late.
            warm_up = write_series(corpus / "warm-up", _WARM_UP_SLICES, seed=0)
            workload.sender.send(peer.port, [warm_up])
            shutil.rmtree(warm_up.folder)
            peer.settle()
        for number in range(rounds):
            folder = corpus / f"{medium}-{number}"
            batches = [
                write_series(
                    folder / str(each),
                    count // workload.associations,
                    100 * number + each,
                    workload.kind,
                )
                for each in range(workload.associations)
            ]
            sent = sum(batch.count for batch in batches)
            size_bytes = sum(batch.size_bytes for batch in batches)
            for peer in in_turn(peers, number):
                timing = own.setdefault(
                    peer.name, Timing(medium, workload.name, peer.name, sent, size_bytes)
                )
                _time(timing, peer, workload, batches)
            shutil.rmtree(folder)
            tell(f"{medium}, {workload.name}: round {number + 1} of {rounds}")
    return [own[peer.name] for peer in peers]


def absent() -> list[str]:
    """Return the peers and senders that this machine lacks."""
    peers = [each.name for each in (*FOREIGN, *FOREIGN_NAGLE) if not each.is_present]
    senders = {each.sender.program for each in WORKLOADS if not each.sender.is_present()}
    return [*dict.fromkeys(peers), *sorted(senders)]


def _time(timing: Timing, peer: Peer, workload: Workload, batches: Sequence[Series]) -> None:
    used_s = peer.cpu_s()
    timing.seconds.append(workload.sender.send(peer.port, batches, nagle=workload.nagle))
    peer.settle()
    timing.cpu_s.append(peer.cpu_s() - used_s)
