"""Which storage commitments are due, and how those of a device that is off are put off."""

from datetime import datetime
from typing import Final

from sqlalchemy import Select, Update, func, select, update

from server.dicom_node.models import Commitment

_OF_A_DEVICE: Final = 16
"""Looked up at a time."""


def due(now: datetime) -> Select[str, str]:
    """Return the query of the first devices' and commitments' ids that are due."""
    place = func.row_number().over(
        partition_by=Commitment.device_id,
        # Of those put off together, the one tried most often goes first and tells how long.
        order_by=(Commitment.next_try_at, Commitment.attempts.desc(), Commitment.id),
    )
    placed = (
        select(Commitment.device_id, Commitment.id, place.label("place"))
        .where(Commitment.next_try_at <= now)
        .subquery()
    )
    return (
        select(placed.c.device_id, placed.c.id)
        .where(placed.c.place <= _OF_A_DEVICE)
        .order_by(placed.c.place)
    )


def put_off(device_id: str, now: datetime, until: datetime, requested_after: datetime) -> Update:
    """Return the change that lets what is due to a device wait, but what was asked for long ago.

    That ends when it was tried once more. What is being worked on is not due, and stays.
    """
    return (
        update(Commitment)
        .where(
            Commitment.device_id == device_id,
            Commitment.next_try_at <= now,
            Commitment.requested_at > requested_after,
        )
        .values(next_try_at=until)
    )
