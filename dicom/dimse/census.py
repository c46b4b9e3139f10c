"""Who is connected to a server, and what happened on it so far."""

from collections import Counter
from dataclasses import dataclass

from dicom.dimse.limits import DimseLimits


@dataclass(frozen=True, slots=True)
class DimseStats:
    """A snapshot of a server's counters.

    Parameters
    ----------
    pending_connections, open_associations
        Now: connections without an association, those waiting for the peer's close among them, and
        associations open or being admitted.
    associations_accepted, associations_rejected, associations_over_limit
        Since start; those over a limit are among the rejected.
    associations_released, associations_broken
        Since start: accepted ones that ended with a release, and in any other way.
    echoes, queries, retrievals, operations, objects_stored, objects_failed, received_bytes
        Since start; operations are those of DIMSE-N, bytes those of datasets, when their message
        or their association ended.
    """

    pending_connections: int
    open_associations: int
    associations_accepted: int
    associations_rejected: int
    associations_over_limit: int
    associations_released: int
    associations_broken: int
    echoes: int
    queries: int
    retrievals: int
    operations: int
    objects_stored: int
    objects_failed: int
    received_bytes: int


class Census:
    """Counts of one server.

    Parameters
    ----------
    limits
        How many associations are allowed in all, from one address and of one AE title.
    """

    def __init__(self, limits: DimseLimits) -> None:
        self._limits = limits
        self._by_ip: Counter[str] = Counter()
        self._by_ae: Counter[str] = Counter()
        self._numbered = 0
        self.open_associations = 0
        self.accepted = 0
        self.rejected = 0
        self.over_limit = 0
        self.released = 0
        self.broken = 0
        self.echoes = 0
        self.queries = 0
        self.retrievals = 0
        self.operations = 0
        self.stored = 0
        self.failed = 0
        self.received_bytes = 0

    def next_number(self) -> int:
        """Return the number of a new association."""
        self._numbered += 1
        return self._numbered

    def enter(self, ip: str, ae_title: str) -> bool:
        """Count an association in, or return False where a limit is reached."""
        limits = self._limits
        if (
            self.open_associations >= limits.max_associations
            or self._by_ip[ip] >= limits.max_associations_per_ip
            or self._by_ae[ae_title] >= limits.max_associations_per_ae
        ):
            # Reading a Counter does not add a key, so strangers leave nothing behind.
            self.over_limit += 1
            return False
        self.open_associations += 1
        self._by_ip[ip] += 1
        self._by_ae[ae_title] += 1
        return True

    def leave(self, ip: str, ae_title: str) -> None:
        """Count an association out."""
        self.open_associations -= 1
        for counter, key in ((self._by_ip, ip), (self._by_ae, ae_title)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]

    def snapshot(self, pending_connections: int) -> DimseStats:
        """Return the counters as they are now."""
        return DimseStats(
            pending_connections=pending_connections,
            open_associations=self.open_associations,
            associations_accepted=self.accepted,
            associations_rejected=self.rejected,
            associations_over_limit=self.over_limit,
            associations_released=self.released,
            associations_broken=self.broken,
            echoes=self.echoes,
            queries=self.queries,
            retrievals=self.retrievals,
            operations=self.operations,
            objects_stored=self.stored,
            objects_failed=self.failed,
            received_bytes=self.received_bytes,
        )
