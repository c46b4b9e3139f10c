"""C-STORE to one node process and to several behind one port, on each database, in turns."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import ours
from benchmarks.corpus import Series, write_series
from benchmarks.databases import serving
from benchmarks.ours import Installation
from benchmarks.peers import Peer
from benchmarks.rows import Row, in_turn
from benchmarks.senders import DcmSend

_ASSOCIATIONS: Final = 4
_WARM_UPS: Final = 4


def measure(
    *,
    root: Path,
    corpus: Path,
    databases: Sequence[str],
    processes: Sequence[int],
    rounds: int,
    slices: int,
    tell: Callable[[str], None],
) -> list[Row]:
    """Send four new studies a round, all at once, to every installation on every database."""
    rows: list[Row] = []
    if not DcmSend.is_present():
        return rows
    for database in databases:
        with ExitStack() as stack:
            peers = _receivers(stack, root / database, database, processes)
            rows += _measure(peers, database, corpus / database, rounds, slices, tell)
        shutil.rmtree(root / database)
    return rows


def _receivers(stack: ExitStack, root: Path, database: str, processes: Sequence[int]) -> list[Peer]:
    make = stack.enter_context(serving(root, database))
    peers = []
    for count in processes:
        installation = Installation(root / str(count), make(f"bench{count}"), node_processes=count)
        installation.set_up()
        peer = stack.enter_context(installation.role("node", installation.dicom_port))
        name = ours.NAME if count == 1 else f"{ours.NAME}, {count} processes"
        peers.append(replace(peer, name=name))
    return peers


def _measure(
    peers: Sequence[Peer],
    database: str,
    corpus: Path,
    rounds: int,
    slices: int,
    tell: Callable[[str], None],
) -> list[Row]:
    rows: dict[tuple[str, str], Row] = {}

    def note(peer: Peer, what: str, ms: float) -> None:
        what = f"{database}, CT x{_ASSOCIATIONS}: {what} an object"
        rows.setdefault((what, peer.name), Row(what, "ms", peer.name)).rounds.append(ms)

    for peer in peers:
        # The kernel deals associations out: with so many each process has met one.
        for seed in range(_WARM_UPS):
            _send(peer, corpus / "warm-up", _ASSOCIATIONS, seed)
        peer.settle()
    for number in range(rounds):
        batches = _studies(corpus / str(number), slices, seed=_WARM_UPS + number)
        objects = sum(batch.count for batch in batches)
        for peer in in_turn(peers, number):
            used_s = peer.cpu_s()
            note(peer, "time", 1000 * DcmSend().send(peer.port, batches) / objects)
            peer.settle()
            note(peer, "nodes' processor time", 1000 * (peer.cpu_s() - used_s) / objects)
        shutil.rmtree(corpus / str(number))
        tell(f"{database}: round {number + 1} of {rounds}")
    return list(rows.values())


def _studies(folder: Path, slices: int, seed: int) -> list[Series]:
    return [
        write_series(folder / str(each), slices // _ASSOCIATIONS, _ASSOCIATIONS * seed + each)
        for each in range(_ASSOCIATIONS)
    ]


def _send(peer: Peer, folder: Path, slices: int, seed: int) -> None:
    DcmSend().send(peer.port, _studies(folder, slices, seed))
    shutil.rmtree(folder)
