"""Electrodes on the wrong place: limb cables and chest leads exchanged.

Method
------
Chest leads foretell I and II, and each chest lead is foretold by the other five and I and II, by
linear regressions on P, QRS and ST-T of median beats (the idea is Kors and van Herpen's, J
Electrocardiol 34 Suppl:173, 2001; the regressions are ours, trained on PTB-XL and LUDB by
`benchmarks.ecg.train_electrodes`, in ``electrodes.json``). An exchange is suspected where undoing
it brings the leads much nearer to what is foretold. Right leg exchanges leave II or III nearly flat
(Haisty et al., J Electrocardiol 36 Suppl:193, 2003). An exchange of left arm and left leg changes
too little to be told.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ecg.delineate import BeatClass
from ecg.filters import Array
from ecg.findings import Evidence, Finding, FindingCode, Severity
from ecg.signal import CHEST_LEADS

LEADS = ("I", "II", *CHEST_LEADS)
SEGMENTS: Mapping[str, int] = MappingProxyType({"p": 12, "qrs": 24, "t": 24})
"""Points each segment is brought to."""
CHEST_SEGMENTS = ("qrs", "t")
MIN_SEGMENT_UV = 30.0
FLAT_LIMB_UV = 120.0
FLAT_SHARE = 0.12

LIMB_LIMIT = 2.0
LIMB_TRIANGLE = ("I", "II", "III")
RIGHT_LEG = MappingProxyType({"II": "RA/RL", "III": "LA/RL"})
SOURCE = "Kors & van Herpen, J Electrocardiol 34 Suppl:173, 2001; regressions ours"
RIGHT_LEG_SOURCE = "Haisty et al., J Electrocardiol 36 Suppl:193, 2003"

Undo = Callable[[Array, Array], tuple[Array, Array]]
LIMB_EXCHANGES: Mapping[str, Undo] = MappingProxyType(
    {
        "LA/RA": lambda one, two: (-one, two - one),
        "RA/LL": lambda one, two: (one - two, -two),
        "RA>LA>LL": lambda one, two: (two - one, -one),
        "RA>LL>LA": lambda one, two: (-two, one - two),
    }
)
"""What I and II become when the exchange is undone, by Einthoven's law."""

CHEST_EXCHANGES: Mapping[tuple[str, ...], tuple[tuple[int, ...], float]] = MappingProxyType(
    {
        ("V1", "V2"): ((1, 0, 2, 3, 4, 5), 1.5),
        ("V1", "V3"): ((2, 1, 0, 3, 4, 5), 1.5),
        ("V2", "V3"): ((0, 2, 1, 3, 4, 5), 5.0),
        ("V3", "V4"): ((0, 1, 3, 2, 4, 5), 4.0),
        ("V4", "V5"): ((0, 1, 2, 4, 3, 5), 2.5),
        ("V5", "V6"): ((0, 1, 2, 3, 5, 4), 5.0),
        CHEST_LEADS: ((5, 4, 3, 2, 1, 0), 3.2),
    }
)
"""Order that undoes an exchange of chest leads, and the log odds from which it is suspected."""


@dataclass(frozen=True)
class Model:
    """The regressions and the weights of their residuals.

    Attributes
    ----------
    limb
        For each segment the coefficients of I and II from V1 to V6, shape (2, 6).
    chest
        For each of QRS and ST-T the residual of V1 to V6 from (I, II, V1 ... V6), shape (6, 8).
    limb_odds
        For each exchange the intercept and the weights of P, QRS and ST-T.
    chest_odds
        Weights of QRS and ST-T.
    """

    limb: Mapping[str, Array]
    chest: Mapping[str, Array]
    limb_odds: Mapping[str, Array]
    chest_odds: Array


def load_model() -> Model:
    """Read the trained numbers."""
    raw = json.loads(Path(__file__).with_name("electrodes.json").read_text(encoding="utf-8"))
    tables = {
        name: {key: np.array(values) for key, values in raw[name].items()}
        for name in ("limb", "chest", "limb_odds")
    }
    return Model(tables["limb"], tables["chest"], tables["limb_odds"], np.array(raw["chest_odds"]))


_MODEL = load_model()


def segments_of(beat: BeatClass, leads: tuple[str, ...]) -> dict[str, Array]:
    """Cut P, QRS and ST-T out of a median beat, of `LEADS`, shape (8, `SEGMENTS`), RMS 1.

    A segment that is not seen, or lower than 30 uV, is left out.
    """
    marks = beat.fiducials
    rows = beat.median_uv[[leads.index(name) for name in LEADS]]
    cuts = {
        "p": (marks.p_on, marks.p_off),
        "qrs": (marks.qrs_on, marks.qrs_off),
        "t": (marks.qrs_off, marks.t_off),
    }
    found: dict[str, Array] = {}
    for name, (start, stop) in cuts.items():
        if start is None or stop is None or stop - start < 5:
            continue
        piece = rows[:, start : stop + 1]
        if name == "p":
            piece = piece - np.linspace(piece[:, 0], piece[:, -1], piece.shape[1], axis=-1)
        if float(np.abs(piece).max()) < MIN_SEGMENT_UV:
            continue
        places = np.linspace(0, piece.shape[1] - 1, SEGMENTS[name])
        low = places.astype(np.int64)
        high = np.minimum(low + 1, piece.shape[1] - 1)
        drawn = piece[:, low] + (piece[:, high] - piece[:, low]) * (places - low)
        found[name] = drawn / np.sqrt((drawn * drawn).mean())
    return found


def limb_gains(limb: Mapping[str, Array], segments: Mapping[str, Array], undo: Undo) -> Array:
    """Return how much nearer P, QRS and ST-T of I and II come by undoing, shape (3,)."""
    gains = np.zeros(len(SEGMENTS))
    for number, name in enumerate(SEGMENTS):
        if name not in segments:
            continue
        rows = segments[name]
        foretold = limb[name] @ rows[2:]
        power = float((foretold * foretold).sum())
        apart = [
            float(((seen - foretold) ** 2).sum()) / (float((seen * seen).sum()) + power + 1e-9)
            for seen in (rows[:2], np.stack(undo(rows[0], rows[1])))
        ]
        gains[number] = apart[0] - apart[1]
    return gains


def chest_gains(
    chest: Mapping[str, Array], segments: Mapping[str, Array], order: tuple[int, ...]
) -> Array:
    """Return the log ratios by which the residuals fall in another order, shape (2,)."""
    gains = np.zeros(len(CHEST_SEGMENTS))
    for number, name in enumerate(CHEST_SEGMENTS):
        if name in segments:
            rows = segments[name]
            moved = np.vstack([rows[:2], rows[2:][list(order)]])
            before, after = (((chest[name] @ each) ** 2).mean() for each in (rows, moved))
            gains[number] = np.log((before + 1e-3) / (after + 1e-3))
    return gains


def _limb(segments: Mapping[str, Array]) -> list[Finding]:
    best, name = LIMB_LIMIT, ""
    for exchange, undo in LIMB_EXCHANGES.items():
        odds = _MODEL.limb_odds[exchange]
        value = float(odds[0] + odds[1:] @ limb_gains(_MODEL.limb, segments, undo))
        if value >= best:
            best, name = value, exchange
    if not name:
        return []
    arms = name == "LA/RA"
    code = FindingCode.ARM_LEADS_REVERSED if arms else FindingCode.LIMB_LEADS_REVERSED
    evidence = Evidence(f"log_odds_{name}", round(best, 1), None, f">= {LIMB_LIMIT:g}", ("I", "II"))
    return [Finding(code, Severity.ORANGE, evidence, SOURCE)]


def _chest(segments: Mapping[str, Array]) -> list[Finding]:
    found: list[tuple[float, tuple[str, ...], float, float]] = []
    for leads, (order, limit) in CHEST_EXCHANGES.items():
        value = float(_MODEL.chest_odds @ chest_gains(_MODEL.chest, segments, order))
        found.append((value - limit, leads, value, limit))
    over, leads, value, limit = max(found, key=lambda each: each[0])
    if over < 0.0:
        return []
    evidence = Evidence("log_odds_exchanged", round(value, 1), None, f">= {limit:g}", leads)
    return [Finding(FindingCode.CHEST_LEADS_REVERSED, Severity.ORANGE, evidence, SOURCE)]


def _right_leg(beat: BeatClass, leads: tuple[str, ...]) -> list[Finding]:
    """Report II or III nearly flat while the other limb leads are not.

    One of them may be missing, as too flat to be usable: it follows from the others.
    """
    rows = {name: beat.median_uv[leads.index(name)] for name in LIMB_TRIANGLE if name in leads}
    if len(rows) < len(LIMB_TRIANGLE) - 1:
        return []
    if "I" not in rows:
        rows["I"] = rows["II"] - rows["III"]
    if "II" not in rows:
        rows["II"] = rows["I"] + rows["III"]
    if "III" not in rows:
        rows["III"] = rows["II"] - rows["I"]
    swing = {name: float(np.ptp(row)) for name, row in rows.items()}
    for flat, exchange in RIGHT_LEG.items():
        others = min(value for name, value in swing.items() if name != flat)
        if swing[flat] < FLAT_LIMB_UV and swing[flat] < FLAT_SHARE * others:
            evidence = Evidence(
                f"swing_{exchange}", round(swing[flat]), "uV", f"< {FLAT_LIMB_UV:g}", (flat,)
            )
            code = FindingCode.LIMB_LEADS_REVERSED
            return [Finding(code, Severity.ORANGE, evidence, RIGHT_LEG_SOURCE)]
    return []


def electrode_findings(
    beat: BeatClass, leads: tuple[str, ...], good: frozenset[str]
) -> list[Finding]:
    """Suspect exchanged electrodes from a median beat.

    Parameters
    ----------
    beat, leads
        A median beat and the names of its rows.
    good
        Those leads that are good enough to be judged; all of `LEADS` must be, but for right leg
        exchanges, which I and II show.
    """
    leg = _right_leg(beat, leads)
    if not good.issuperset(LEADS):
        return leg
    segments = segments_of(beat, leads)
    if not {"qrs", "t"} <= set(segments):
        return leg
    # The chest leads are foretold from I and II as well: wrong limbs would tell on them.
    return leg or _limb(segments) or _chest(segments)
