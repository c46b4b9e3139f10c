"""C-ECHO and associations: how soon each receiver answers, alone and while four senders store."""

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from benchmarks import ours
from benchmarks.corpus import Series, write_series
from benchmarks.peers import FOREIGN, Peer
from benchmarks.rows import Row, in_turn
from benchmarks.senders import DcmSend
from benchmarks.wire import EchoAssociation, WireError, echoing

_ECHOES = 500
_ASSOCIATIONS = 100
_WARM_UP = 20
_SENDERS = 4
_PAUSE_S = 0.002
"""Between echoes under load: who asks without pause takes a core from the receiver."""
_FEWEST_UNDER_LOAD = 20


def measure(
    *, root: Path, corpus: Path, rounds: int, slices: int, tell: Callable[[str], None]
) -> list[Row]:
    """Ask every receiver that is here, in turns: alone, then while ``slices`` come from four."""
    rows: dict[tuple[str, str], Row] = {}

    def note(peer: Peer, what: str, unit: str, value: float) -> None:
        rows.setdefault((what, peer.name), Row(what, unit, peer.name)).rounds.append(value)

    with ExitStack() as stack:
        peers = [stack.enter_context(ours.receiving(root / "ours"))]
        peers += [
            stack.enter_context(each.running(root))
            for each in FOREIGN
            if each.is_present and each.keeps
        ]
        for peer in peers:
            _associate(peer.port, _WARM_UP)
            peer.settle()
        for number in range(rounds):
            for peer in in_turn(peers, number):
                note(peer, "C-ECHO round trip", "µs", 1e6 * _echo(peer.port))
                note(peer, "association, set-up and release", "µs",
                     1e6 * _associate(peer.port, _ASSOCIATIONS))  # fmt: skip
                peer.settle()
            tell(f"echo: round {number + 1} of {rounds}")
        if not DcmSend.is_present():
            return list(rows.values())
        for number in range(rounds):
            folder = corpus / f"echo-{number}"
            batches = [
                write_series(folder / str(each), slices // _SENDERS, seed=10 * number + each)
                for each in range(_SENDERS)
            ]
            for peer in in_turn(peers, number):
                took_s = _echo_under_load(peer, batches)
                note(peer, "C-ECHO while four store CT, p50", "ms", 1e3 * median(took_s))
                note(peer, "C-ECHO while four store CT, p99", "ms",
                     1e3 * quantiles(took_s, n=100, method="inclusive")[98])  # fmt: skip
                peer.settle()
            shutil.rmtree(folder)
            tell(f"echo under load: round {number + 1} of {rounds}")
    return list(rows.values())


def _echo(port: int) -> float:
    """Return the median seconds of an echo on an open association."""
    with echoing(port) as association:
        for _ in range(_WARM_UP):
            association.echo()
        return median(association.echo() for _ in range(_ECHOES))


def _associate(port: int, times: int) -> float:
    """Return the median seconds from connecting to the answered release."""
    took_s = []
    for _ in range(times):
        began_s = time.perf_counter()
        EchoAssociation(port).release()
        took_s.append(time.perf_counter() - began_s)
    return median(took_s)


def _echo_under_load(peer: Peer, batches: Sequence[Series]) -> list[float]:
    """Return the seconds of each echo from the senders' start to their end.

    Raises
    ------
    SendingFailedError
        If an object was not stored.
    WireError
        If an echo failed, or the senders ended before enough were asked.
    """
    failures: list[Exception] = []

    def send() -> None:
        try:
            DcmSend().send(peer.port, batches)
        except Exception as failure:  # noqa: BLE001 -- raised below, in the thread that asks
            failures.append(failure)

    took_s: list[float] = []
    with echoing(peer.port) as association:
        sending = threading.Thread(target=send)
        sending.start()
        try:
            while sending.is_alive():
                took_s.append(association.echo())
                time.sleep(_PAUSE_S)
        finally:
            sending.join()
    if failures:
        raise failures[0]
    if len(took_s) < _FEWEST_UNDER_LOAD:
        raise WireError(f"{peer.name} had stored all after {len(took_s)} echoes: send more slices")
    return took_s
