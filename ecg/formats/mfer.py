"""MFER recordings (ISO 22077-1, and 22077-2 for standard 12-lead ECG).

Definitions are read in order; each frame of samples lies sequence by sequence, in it channel by
channel, in it block by block. The ECG channels of the rate that most of them share are taken;
blood pressure, respiration, status and dominant beats are not. Frames of one layout follow each
other without a gap. A standard 12-lead recording leaves III, aVR, aVL and aVF to arithmetic.

Only a null value that the file states and that is not 0 marks a gap: 0 is a voltage. A voltage
without a stated resolution is refused, a channel without a stated rate has MFER's 1000 Hz.
"""

import datetime as dt
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.channels import at_common_rate, ecg_channels, lead_names, within_voltage
from ecg.formats.cursor import Cursor
from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import with_limb_leads
from ecg.formats.mfer_definitions import (
    AHA,
    STATUS,
    TYPES,
    Definitions,
    Frame,
    Tag,
    Value,
    frames,
)
from ecg.signal import MAX_AGE_YEARS, EcgSignal, FilterInfo, Patient, Sex

PREAMBLE: Final = b"MFR "
DEFAULT_FS_HZ: Final = 1000.0
DAYS_A_YEAR: Final = 365.2425
STANDARD_12_LEAD: Final = 1
DOMINANT_BEAT: Final = 9
MAX_STEP: Final = 1e15  # of floating-point samples

_LEADS: Final = {
    1: "I",
    2: "II",
    3: "V1",
    4: "V2",
    5: "V3",
    6: "V4",
    7: "V5",
    8: "V6",
    9: "V7",
    11: "V3R",
    12: "V4R",
    13: "V5R",
    14: "V6R",
    15: "V7R",
    16: "X",
    17: "Y",
    18: "Z",
    19: "CC5",
    20: "CM5",
    31: "NASA",
    32: "CB4",
    33: "CB5",
    34: "CB6",
    61: "III",
    62: "aVR",
    63: "aVL",
    64: "aVF",
    65: "-aVR",
    66: "V8",
    67: "V9",
    68: "V8R",
    69: "V9R",
    70: "Nehb D",
    71: "Nehb A",
    72: "Nehb J",
    4166: "ECG CH1",
    4167: "ECG CH2",
    4168: "ECG CH3",
    4169: "ECG CH4",
}
_SEX: Final = {1: Sex.MALE, 2: Sex.FEMALE}


@dataclass(frozen=True)
class Channel:
    """What one channel's definitions come to.

    Attributes
    ----------
    lead
        Its name, None if it is no ECG.
    block, sequences
        Samples in a block; blocks in the frame, None for as many as it holds.
    """

    lead: str | None
    waveform: int
    kind: str
    block: int
    sequences: int | None
    fs_hz: float
    uv_per_step: float | None
    offset: float
    null: float | None


def looks_like_mfer(content: bytes) -> bool:
    """Return whether content begins with MFER's preamble, or byte order and a version after it."""
    if content[:1] == b"\x40":
        return content[2:6] == PREAMBLE
    return content[:2] == b"\x01\x01" and content[2:3] in {b"\0", b"\1"} and content[3:5] == b"\2\3"


def _lead(value: Value | None, position: int, n_channels: int) -> str | None:
    """Return the lead's name by its code; the text beside it names what has no code."""
    code = value.unsigned(0, 2) if value is not None else 0
    if code:
        return _LEADS.get(code)
    return "ECG" if n_channels == 1 else f"ECG CH{position + 1}"


def _channel(defined: dict[int, Value], position: int, n_channels: int) -> Channel:
    def unsigned(tag: Tag) -> int | None:
        return defined[tag].unsigned() if tag in defined else None

    kind_code = unsigned(Tag.DTP) or 0
    if kind_code == AHA:
        raise EcgFormatError("MFER: samples compressed by the AHA's method are not read")
    if kind_code not in TYPES:
        raise EcgFormatError(f"MFER: data type {kind_code} is not known")
    interval = defined[Tag.IVL].scaled() if Tag.IVL in defined else (0, DEFAULT_FS_HZ)
    if interval is None or interval[1] <= 0.0:
        raise EcgFormatError("MFER: a sampling interval is not one")
    # Unit 0 is hertz, 1 seconds; others are not of time, and such a channel is no ECG.
    fs_hz = {0: interval[1], 1: 1.0 / interval[1]}.get(interval[0], 0.0)
    resolution = defined[Tag.SEN].scaled() if Tag.SEN in defined else None
    waveform = defined[Tag.WFM].unsigned(0, 2) if Tag.WFM in defined else 0
    is_ecg = kind_code != STATUS and waveform != DOMINANT_BEAT
    null = defined[Tag.NUL].sample(TYPES[kind_code]) if Tag.NUL in defined else None
    offset = defined[Tag.OFF].sample(TYPES[kind_code]) if Tag.OFF in defined else None
    return Channel(
        lead=_lead(defined.get(Tag.LDN), position, n_channels) if is_ecg else None,
        waveform=waveform,
        kind=TYPES[kind_code],
        block=unsigned(Tag.BLK) or 1,
        sequences=unsigned(Tag.SEQ),
        # Rounded, or 1/0.004 and the like would not be whole.
        fs_hz=round(fs_hz, 6),
        uv_per_step=resolution[1] * 1e6 if resolution is not None and resolution[0] == 0 else None,
        offset=offset if offset is not None and math.isfinite(offset) else 0.0,
        null=null or None,
    )


def _samples(frame: Frame, channels: list[Channel]) -> list[NDArray[np.generic]]:
    """Return each channel's samples of one frame, as stored.

    A channel of fewer sequences than others ends earlier; the rest then stand closer together.
    """
    order = "<" if frame.order == "little" else ">"
    kinds = [np.dtype(order + channel.kind) for channel in channels]
    sizes = [channel.block * kind.itemsize for channel, kind in zip(channels, kinds, strict=True)]
    held = len(frame.raw) // sum(sizes)
    wanted = [held if channel.sequences is None else channel.sequences for channel in channels]
    pieces: list[list[bytes]] = [[] for _ in channels]
    at, done = 0, 0
    for until in sorted(set(wanted)):
        active = [n for n, count in enumerate(wanted) if count > done]
        if until == done or not active:
            continue
        width = sum(sizes[n] for n in active)
        end = at + width * (until - done)
        if end > len(frame.raw):
            raise EcgFormatError("MFER: a frame holds fewer samples than it states")
        rows = np.frombuffer(frame.raw[at:end], np.uint8).reshape(-1, width)
        begin = 0
        for n in active:
            pieces[n].append(rows[:, begin : begin + sizes[n]].tobytes())
            begin += sizes[n]
        at, done = end, until
    return [np.frombuffer(b"".join(p), kind) for p, kind in zip(pieces, kinds, strict=True)]


def _microvolts(stored: NDArray[np.generic], channel: Channel) -> NDArray[np.float64]:
    steps = stored.astype(np.float64)
    if max(abs(channel.offset), np.fmax.reduce(np.abs(steps), initial=0.0)) > MAX_STEP:
        raise EcgFormatError("MFER: samples are infinite, or beyond reason")
    samples: NDArray[np.float64] = (steps + channel.offset) * (channel.uv_per_step or 0.0)
    if channel.null is not None:
        samples[steps == channel.null] = np.nan
    return samples


def _acquired_at(value: Value | None) -> dt.datetime | None:
    """Return the time of TIM: year, month, day, hour, minute, second, milli-, microseconds."""
    if value is None or len(value.raw) < 7:
        return None
    year, (month, day, hour, minute, second) = value.unsigned(0, 2), value.raw[2:7]
    micros = value.unsigned(7, 9) * 1000 + value.unsigned(9, 11)
    try:
        time = dt.time(hour, minute, second, micros)
        return dt.datetime.combine(dt.date(year, month, day), time)
    except ValueError:
        return None


def _patient(found: Definitions) -> Patient:
    """Return the patient of PNM, PID, AGE (years, days, birth date) and SEX."""
    age: float | None = None
    born: dt.date | None = None
    stated = found.others.get(Tag.AGE)
    if stated is not None and stated.raw:
        days = stated.unsigned(1, 3)
        age = float(stated.raw[0]) or (days / DAYS_A_YEAR if 0 < days < 0xFFFF else None)
        if len(stated.raw) >= 7:
            try:
                born = dt.date(stated.unsigned(3, 5), stated.raw[5], stated.raw[6])
            except ValueError:
                born = None
    sex = found.others.get(Tag.SEX)
    # Family, its phonetic, given, its phonetic, middle, its phonetic name.
    names = [part.strip() for part in found.texts.get(Tag.PNM, "").split("^")][::2]
    return Patient(
        age_years=age if age is not None and age <= MAX_AGE_YEARS else None,
        sex=_SEX.get(sex.unsigned()) if sex is not None else None,
        id=found.texts.get(Tag.PID, "").partition("^")[0].strip() or None,
        name=" ".join(part for part in names if part) or None,
        birth_date=born,
    )


def _filters(texts: list[str]) -> FilterInfo:
    """Return the last of each kind: ``HPF=0.05``, ``LPF=150``, ``BEF=50^Hum filter``."""
    found: dict[str, float] = {}
    for text in texts:
        kind, _, rest = text.partition("=")
        try:
            edge_hz = float(rest.partition("^")[0].strip().removesuffix("Hz"))
        except ValueError:
            continue
        if 0.0 < edge_hz < 1e6:
            found[kind.strip().upper()] = edge_hz
    return FilterInfo(
        low_cut_hz=found.get("HPF"), high_cut_hz=found.get("LPF"), notch_hz=found.get("BEF")
    )


def _rhythm(content: bytes, found: Definitions) -> tuple[list[Channel], NDArray[np.float64]]:
    """Return the ECG channels and their samples over all frames of the first one's layout."""
    taken: list[Channel] = []
    layout: list[Channel] = []
    pieces: list[NDArray[np.float64]] = []
    for frame in frames(Cursor(content, "MFER"), found):
        count = len(frame.channels)
        channels = [_channel(defined, at, count) for at, defined in enumerate(frame.channels)]
        if all(channel.waveform == DOMINANT_BEAT for channel in channels):
            continue
        if layout and channels != layout:
            continue
        stored = _samples(frame, channels)
        if not layout:
            layout = channels
        labels = [channel.lead or "" for channel in channels]
        voltages = [bool(channel.lead and channel.uv_per_step) for channel in channels]
        kept = at_common_rate(
            ecg_channels(labels, voltages), [channel.fs_hz for channel in channels], "MFER"
        )
        rows = [_microvolts(stored[at], channels[at]) for at in kept]
        if len({row.size for row in rows}) > 1:
            raise EcgFormatError("MFER: leads of one rate differ in length")
        taken = [channels[at] for at in kept]
        pieces.append(np.stack(rows))
    if not pieces:
        raise EcgFormatError("MFER: there is no rhythm in the file")
    return taken, np.concatenate(pieces, axis=1)


def read_mfer(content: bytes) -> EcgSignal:
    """Read an MFER file.

    Parameters
    ----------
    content
        The whole file.

    Returns
    -------
    EcgSignal

    Raises
    ------
    EcgFormatError
        If the file is damaged, its samples are compressed, or it holds no ECG.
    """
    found = Definitions()
    try:
        channels, samples = _rhythm(content, found)
        used = [row for row in range(len(channels)) if within_voltage(samples[row])]
        names = lead_names([channels[row].lead or "" for row in used])
        samples = samples[used]
        if channels[0].waveform == STANDARD_12_LEAD:
            names, samples = with_limb_leads(names, samples)
        maker = found.texts.get(Tag.MAN, "").split("^")[:2]
        return EcgSignal(
            samples_uv=samples,
            fs_hz=channels[0].fs_hz,
            leads=names,
            acquired_at=_acquired_at(found.others.get(Tag.TIM)),
            patient=_patient(found),
            device=" ".join(part.strip() for part in maker if part.strip()) or None,
            filters=_filters(found.filters),
            source_format="mfer",
        )
    except EcgFormatError:
        raise
    except (ValueError, OverflowError) as error:
        raise EcgFormatError(f"MFER: {error}") from error
