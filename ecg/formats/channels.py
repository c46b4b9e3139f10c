"""Choosing the ECG among a recording's channels: voltages, leads, and the rate they share."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.errors import EcgFormatError
from ecg.signal import MAX_ABS_UV, MAX_LEADS, MIN_FS_HZ, normal_lead_name

# A recording may be larger than its file (constant blocks, gaps), but not without bound: this many
# samples in all, or this many for each byte of the file.
FREE_SAMPLES: Final = 1 << 25
SAMPLES_A_BYTE: Final = 4

UV_PER_UNIT: Final = {"nv": 1e-3, "uv": 1.0, "mv": 1e3, "v": 1e6}

_LEAD = re.compile(
    r"(?:mod\.?\s*)?(?:I{1,3}|D[123I]+|-?aV[RLF]|V\d{0,2}R?|MC?L\d|MCL\w?|MLI{1,3}|MV\d|CM\d|CC\d|"
    r"NASA|[XYZ]|V[XYZ])",
    re.IGNORECASE,
)
_SAYS_ECG = re.compile(r"\b(?:ecg|ekg)|心电|导联|\blead\b", re.IGNORECASE)
_OTHER = re.compile(
    r"eeg|eog|emg|resp|breath|thor|abdo|airflow|flow|snor|pleth|ppg|spo2|sao2|pulse|nibp|\babp\b|"
    r"\bart\b|\bcvp\b|\bpap\b|\bicp\b|\bbp\b|\bco2\b|temp|status|trigger|marker|event|annotation|"
    r"accel|\bacc[ _-]?[xyz]\b|gsr|\beda\b|light|posit|\bhr\b|"
    r"\b(?:fp[12z]|f[3478z]|c[34z]|p[34z]|o[12z]|t[3-8]|a[12]|m[12])(?:\b|-)",
    re.IGNORECASE,
)
_BRAIN_OR_MUSCLE = re.compile(
    r"eeg|eog|emg|\b(?:fp[12z]|f[3478z]|c[34z]|p[34z]|o[12z])(?:\b|-)", re.IGNORECASE
)


def uv_per_unit(unit: str) -> float | None:
    """Return the microvolts in one ``unit``, or None if it is no voltage."""
    return UV_PER_UNIT.get(unit.strip().replace("µ", "u").replace("μ", "u").lower())


def is_lead_name(label: str) -> bool:
    """Return whether a label names an ECG lead."""
    try:
        return _LEAD.fullmatch(normal_lead_name(label)) is not None
    except ValueError:
        return False


def ecg_channels(labels: Sequence[str], voltages: Sequence[bool]) -> list[int]:
    """Return the positions of the channels that are ECG, in file order.

    A voltage whose label is a lead's, or says ECG, is. One whose label says neither ("col 0") is
    too, unless it says what else it is, or the recording holds EEG, EOG or EMG beside it.
    """
    sure = {
        at
        for at, label in enumerate(labels)
        if voltages[at] and (is_lead_name(label) or _SAYS_ECG.search(label))
    }
    mixed = any(_BRAIN_OR_MUSCLE.search(label) for label in labels)
    return [
        at
        for at, label in enumerate(labels)
        if at in sure or (voltages[at] and not mixed and not _OTHER.search(label))
    ]


def at_common_rate(
    channels: Sequence[int], rates_hz: Sequence[float], format_name: str
) -> list[int]:
    """Keep the channels of the rate that most of them share, of two such rates the higher.

    Parameters
    ----------
    channels
        Positions, from `ecg_channels`.
    rates_hz
        The rate of every channel of the recording, by position.

    Raises
    ------
    EcgFormatError
        If none is fast enough for an ECG, or more are left than a signal takes.
    """
    counts = Counter(rates_hz[at] for at in channels if rates_hz[at] >= MIN_FS_HZ)
    if not counts:
        reason = (
            f"the ECG is sampled below {MIN_FS_HZ:g} Hz" if channels else "no channel is an ECG"
        )
        raise EcgFormatError(f"{format_name}: {reason}")
    _, rate_hz = max((count, rate) for rate, count in counts.items())
    kept = [at for at in channels if rates_hz[at] == rate_hz]
    if len(kept) > MAX_LEADS:
        raise EcgFormatError(f"{format_name}: {len(kept)} ECG channels are more than {MAX_LEADS}")
    return kept


def within_voltage(samples_uv: NDArray[np.float64]) -> bool:
    """Return whether no sample, shape (n_samples,), exceeds what `EcgSignal` takes for an ECG."""
    highest = np.fmax.reduce(np.abs(samples_uv), initial=0.0)
    return bool(highest <= MAX_ABS_UV)


def lead_names(labels: Sequence[str]) -> list[str]:
    """Return distinct lead names for labels: the usual spelling, numbered where it repeats."""
    names: list[str] = []
    for position, label in enumerate(labels):
        try:
            name = normal_lead_name(label[:32])
        except ValueError:
            name = f"ch{position + 1}"
        unique, number = name, 2
        while unique in names:
            # Not "V 2": that is another lead's name.
            unique, number = f"{name[:26]} #{number}", number + 1
        names.append(unique)
    return names


def check_size(samples: int, file_bytes: int, format_name: str, free: int = FREE_SAMPLES) -> None:
    """Refuse a recording that would fill more memory than its file can account for.

    So many ``free`` samples need no account.

    Raises
    ------
    EcgFormatError
        If ``samples``, over all channels, are too many for ``file_bytes``.
    """
    if samples > max(free, SAMPLES_A_BYTE * file_bytes):
        raise EcgFormatError(f"{format_name}: {samples} samples are too many for such a file")
