"""Which leads stand where on a page."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ecg.signal import STANDARD_LEADS, EcgSignal

RHYTHM_LEADS = ("II", "V1", "MLII", "I")


class Layout(StrEnum):
    """Arrangements of leads on paper."""

    THREE_BY_FOUR = "3x4+1"
    SIX_BY_TWO = "6x2"
    TWELVE_BY_ONE = "12x1"
    ROWS = "rows"


@dataclass(frozen=True)
class Row:
    """Leads drawn one after the other along one baseline, and how they are labelled."""

    leads: tuple[str, ...]
    labels: tuple[str, ...]


def _row(*leads: str) -> Row:
    return Row(leads, leads)


def rows_of(signal: EcgSignal, layout: Layout | None) -> tuple[Row, ...]:
    """Return the page's rows.

    Raises
    ------
    ValueError
        If a twelve-lead layout is asked for and a lead is missing.
    """
    twelve = set(STANDARD_LEADS) <= set(signal.leads)
    if layout is None:
        layout = Layout.THREE_BY_FOUR if twelve else Layout.ROWS
    if layout is Layout.ROWS:
        return tuple(_row(lead) for lead in signal.leads)
    if not twelve:
        missing = ", ".join(name for name in STANDARD_LEADS if name not in signal.leads)
        raise ValueError(f"layout {layout.value} needs the twelve leads; missing: {missing}")
    match layout:
        case Layout.THREE_BY_FOUR:
            rhythm = next(name for name in RHYTHM_LEADS if name in signal.leads)
            columns = [STANDARD_LEADS[k : k + 3] for k in range(0, 12, 3)]
            rows = tuple(_row(*(column[k] for column in columns)) for k in range(3))
            return (*rows, Row((rhythm,), (f"{rhythm} 长导联",)))
        case Layout.SIX_BY_TWO:
            return tuple(_row(STANDARD_LEADS[k], STANDARD_LEADS[k + 6]) for k in range(6))
        case Layout.TWELVE_BY_ONE:
            return tuple(_row(lead) for lead in STANDARD_LEADS)
        case _:
            assert_never(layout)
