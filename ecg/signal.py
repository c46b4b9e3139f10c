"""`EcgSignal`: what every reader produces and everything else takes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MIN_FS_HZ = 50.0
MAX_FS_HZ = 20_000.0
MAX_LEADS = 64
MAX_SAMPLES = 1 << 30
MAX_ABS_UV = 10_000_000.0
MAX_AGE_YEARS = 130.0

LIMB_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF")
CHEST_LEADS = ("V1", "V2", "V3", "V4", "V5", "V6")
STANDARD_LEADS = LIMB_LEADS + CHEST_LEADS
FURTHER_LEADS = (
    "V7",
    "V8",
    "V9",
    "V2R",
    "V3R",
    "V4R",
    "V5R",
    "V6R",
    "MLI",
    "MLII",
    "MLIII",
    "X",
    "Y",
    "Z",
    "-aVR",
)

_BY_UPPER = {name.upper(): name for name in STANDARD_LEADS + FURTHER_LEADS}
_PREFIX = re.compile(r"^(?:(?:lead|ecg|ekg|导联)[\s:_-]*)+", re.IGNORECASE)
_LEAD_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,32}")
# What no text may hold: control characters but for blanks and line breaks, halves of a character.
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]+")


def _text(stated: str | None) -> str | None:
    """Return a text without what is none; None where nothing is left."""
    return _NO_TEXT.sub(" ", stated).strip() or None if stated else stated


def _measured(stated: Mapping[str, float]) -> dict[str, float]:
    """Return measurements without durations and rates of 0, by which devices say "none"."""
    return {
        name: value
        for name, value in stated.items()
        if value > 0.0 or not name.partition(" ")[0].endswith(("_ms", "_bpm"))
    }


class Sex(StrEnum):
    """Administrative sex, where stated."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True)
class Patient:
    """What the recording says of the patient; every field may be unknown.

    Attributes
    ----------
    age_years
        Age at acquisition, 0-130.
    sex
        `Sex` or None.
    id, name
        As the device wrote them, without control characters.
    birth_date
        Where stated.

    Raises
    ------
    ValueError
        If the age is not a number from 0 to 130.
    """

    age_years: float | None = None
    sex: Sex | None = None
    id: str | None = None
    name: str | None = None
    birth_date: date | None = None

    def __post_init__(self) -> None:
        """Check the age, give ``sex`` its type and clean the texts."""
        if self.age_years is not None and not 0.0 <= self.age_years <= MAX_AGE_YEARS:
            raise ValueError(f"age_years must lie in 0-{MAX_AGE_YEARS:g}, not {self.age_years!r}")
        if self.sex is not None:
            object.__setattr__(self, "sex", Sex(self.sex))
        object.__setattr__(self, "id", _text(self.id))
        object.__setattr__(self, "name", _text(self.name))


@dataclass(frozen=True)
class FilterInfo:
    """Filters the file says were applied before it was written; None where it says nothing.

    Attributes
    ----------
    low_cut_hz, high_cut_hz
        The pass band's edges.
    notch_hz
        Mains filter frequency.
    """

    low_cut_hz: float | None = None
    high_cut_hz: float | None = None
    notch_hz: float | None = None


def normal_lead_name(name: str) -> str:
    """Return the usual spelling of a lead name: ``"Lead AVF"`` becomes ``"aVF"``.

    Names that are no known lead keep their own spelling without surrounding blanks.

    Raises
    ------
    ValueError
        If nothing printable, or more than 32 characters, is left.
    """
    text = _PREFIX.sub("", str(name).strip()).strip()
    if _LEAD_NAME.fullmatch(text) is None:
        raise ValueError(f"a lead name has 1-32 printable characters, not {name!r:.60}")
    return _BY_UPPER.get(text.upper().replace(" ", ""), text)


def _checked_samples(samples_uv: ArrayLike) -> NDArray[np.floating[Any]]:
    raw = np.asarray(samples_uv)
    if raw.dtype.kind not in "iuf":
        raise ValueError(f"samples_uv must be real numbers, not {raw.dtype}")
    if raw.ndim != 2:
        raise ValueError(f"samples_uv must have shape (n_leads, n_samples), not {raw.shape}")
    if not 1 <= raw.shape[0] <= MAX_LEADS:
        raise ValueError(f"samples_uv must have 1-{MAX_LEADS} leads, not {raw.shape[0]}")
    if not 1 <= raw.size <= MAX_SAMPLES:
        raise ValueError(f"samples_uv must hold 1-{MAX_SAMPLES} samples, not {raw.size}")
    samples: NDArray[np.floating[Any]] = (
        np.array(raw, dtype=np.float32, order="C")
        if raw.dtype == np.float32
        else np.array(raw, dtype=np.float64, order="C")
    )
    lowest, highest = np.fmin.reduce(samples, axis=None), np.fmax.reduce(samples, axis=None)
    if np.isinf(lowest) or np.isinf(highest):
        raise ValueError("samples_uv holds infinite values; a gap is NaN")
    if lowest < -MAX_ABS_UV or highest > MAX_ABS_UV:
        raise ValueError(
            f"samples_uv exceeds {MAX_ABS_UV:g} microvolts: is the unit or gain right?"
        )
    samples.flags.writeable = False
    return samples


@dataclass(frozen=True, eq=False)
class EcgSignal:
    """One recorded ECG, valid by construction and immutable.

    Attributes
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples), float64 (float32 is kept as such), read-only. NaN
        marks samples that were not recorded; infinite values are refused.
    fs_hz
        Sampling rate, 50-20,000 Hz.
    leads
        One distinct name a row, in the usual spelling (`normal_lead_name`).
    acquired_at
        When the first sample was taken.
    patient, filters
        What the file says of them.
    device_statements
        The machine's own conclusions, in its order; never ours.
    device_measurements
        What the machine measured, by the names of `ecg.intervals.Measurements`: ``"qrs_ms": 92.0``;
        a duration or rate of 0 is none.
    device
        Maker and model.
    source_format
        The format it was read from, such as ``"dicom"``; None for an array.

    Raises
    ------
    ValueError
        If a value breaks the rules above; the message names it and the shape found.
    """

    samples_uv: NDArray[np.floating[Any]]
    fs_hz: float
    leads: Sequence[str]
    acquired_at: datetime | None = None
    patient: Patient = field(default_factory=Patient)
    device_statements: Sequence[str] = ()
    device_measurements: Mapping[str, float] = field(default_factory=dict)
    device: str | None = None
    filters: FilterInfo = field(default_factory=FilterInfo)
    source_format: str | None = None

    def __post_init__(self) -> None:
        """Copy, check and freeze."""
        samples = _checked_samples(self.samples_uv)
        fs_hz = float(self.fs_hz)
        if not MIN_FS_HZ <= fs_hz <= MAX_FS_HZ:
            raise ValueError(f"fs_hz must lie in {MIN_FS_HZ:g}-{MAX_FS_HZ:g}, not {self.fs_hz!r}")
        named = (self.leads,) if isinstance(self.leads, str) else self.leads
        leads = tuple(normal_lead_name(name) for name in named)
        if len(leads) != samples.shape[0]:
            raise ValueError(f"{len(leads)} lead names for samples of shape {samples.shape}")
        if len(set(leads)) != len(leads):
            raise ValueError(f"lead names must differ: {', '.join(leads)}")
        object.__setattr__(self, "samples_uv", samples)
        object.__setattr__(self, "fs_hz", fs_hz)
        object.__setattr__(self, "leads", leads)
        said = (_text(each) for each in self.device_statements)
        object.__setattr__(self, "device_statements", tuple(each for each in said if each))
        object.__setattr__(self, "device_measurements", _measured(self.device_measurements))
        object.__setattr__(self, "device", _text(self.device))

    @property
    def n_leads(self) -> int:
        """Number of leads."""
        return int(self.samples_uv.shape[0])

    @property
    def n_samples(self) -> int:
        """Samples a lead."""
        return int(self.samples_uv.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds: samples over rate."""
        return self.n_samples / self.fs_hz

    def lead(self, name: str) -> NDArray[np.floating[Any]] | None:
        """Return one lead's samples in microvolts, shape (n_samples,), or None where absent."""
        return self.samples_uv[self.leads.index(name)] if name in self.leads else None

    def excerpt(self, start: int, stop: int) -> "EcgSignal":
        """Return samples ``start`` to ``stop`` (exclusive) of every lead, all else unchanged."""
        return replace(self, samples_uv=self.samples_uv[:, start:stop])
