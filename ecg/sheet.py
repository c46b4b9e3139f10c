"""Which leads stand where on a page."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ecg.signal import STANDARD_LEADS, EcgSignal

RHYTHM_LEADS = ("II", "V1", "MLII", "I")
MAX_STRIP_ROWS = 6


class Layout(StrEnum):
    """Arrangements of leads on paper."""

    THREE_BY_FOUR = "3x4+1"
    SIX_BY_TWO = "6x2"
    TWELVE_BY_ONE = "12x1"
    ROWS = "rows"
    STRIP = "strip"
    """One lead, row after row."""


@dataclass(frozen=True)
class Row:
    """Leads drawn one after the other along one baseline, and how they are labelled."""

    leads: tuple[str, ...]
    labels: tuple[str, ...]
    turn: int = 0
    """How many rows' time before this one is drawn."""


def _row(*leads: str) -> Row:
    return Row(leads, leads)


def _strip(signal: EcgSignal, lead: str | None, start_s: float, row_s: float) -> tuple[Row, ...]:
    """Return one lead's rows, each labelled with its first second."""
    chosen = lead or next((name for name in RHYTHM_LEADS if name in signal.leads), signal.leads[0])
    if chosen not in signal.leads:
        raise ValueError(f"there is no lead {chosen}, but {', '.join(signal.leads)}")
    count = min(MAX_STRIP_ROWS, math.ceil((signal.duration_s - start_s) / row_s - 1e-6))
    return tuple(
        Row((chosen,), (f"{chosen} {start_s + turn * row_s:g} s",), turn)
        for turn in range(max(1, count))
    )


def rows_of(
    signal: EcgSignal,
    layout: Layout | None,
    *,
    lead: str | None = None,
    start_s: float = 0.0,
    row_s: float = 10.0,
) -> tuple[Row, ...]:
    """Return the page's rows.

    Parameters
    ----------
    signal, layout
        As `ecg.render.render` takes them.
    lead, start_s, row_s
        For `Layout.STRIP`: its lead, where it begins, and what a row holds.

    Raises
    ------
    ValueError
        If a twelve-lead layout is asked for and a lead is missing, or the strip's lead is.
    """
    twelve = set(STANDARD_LEADS) <= set(signal.leads)
    if layout is None:
        layout = Layout.THREE_BY_FOUR if twelve else Layout.ROWS
    if layout is Layout.STRIP:
        return _strip(signal, lead, start_s, row_s)
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
