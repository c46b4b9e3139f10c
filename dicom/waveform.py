"""Waveforms in physical units, out of DICOM waveform objects (PS3.3 C.10.9)."""

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.attributes import IndexedAttributes, attributes
from dicom.faults import DicomFormatError, FormatFault
from dicom.leads import UNSPECIFIED_LEADS, lead_of_code, lead_of_text
from dicom.part10 import scan
from dicom.structure import ScanLimits

MICROVOLT: Final = "uV"
_MICROVOLTS: Final = {"nV": 1e-3, "uV": 1.0, "µV": 1.0, "μV": 1.0, "mV": 1e3, "V": 1e6}
"""UCUM codes and the two micro signs that devices write for ``u``."""
_SAMPLE_TYPES: Final = {
    ("SB", 8): "i1", ("UB", 8): "u1", ("SS", 16): "i2", ("US", 16): "u2", ("SL", 32): "i4",
    ("UL", 32): "u4", ("SV", 64): "i8", ("UV", 64): "u8",
}  # fmt: skip
"""Waveform Sample Interpretation and Bits Allocated (C.10.9.1.5). MB and AB are audio's."""
_LIMITS: Final = ScanLimits(inline_bytes=256 * 1024 * 1024)
_MOST_CHANNELS: Final = 512
_MOST_HZ: Final = 1e6
_SHORTEST_GAP_S: Final = 0.1
_SHORTEST_LONE_GAP_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a multiplex group.

    Parameters
    ----------
    lead
        ECG lead name (``I`` … ``aVF``, ``V1`` …), or None for what is no known lead.
    label
        As the device names it: channel label, else the meaning of the source code.
    unit
        ``uV`` for every voltage; any other UCUM code as stored; None where the device gives none.
    quantum
        One step of the stored samples, in ``unit``.
    filter_low_hz, filter_high_hz, notch_hz
        Filters that the device applied, None where not stated.
    skew_s
        Time by which the channel was sampled after the first.
    """

    lead: str | None
    label: str
    unit: str | None
    quantum: float
    filter_low_hz: float | None
    filter_high_hz: float | None
    notch_hz: float | None
    skew_s: float


@dataclass(frozen=True, slots=True)
class MultiplexGroup:
    """Channels that were sampled together.

    Parameters
    ----------
    samples
        Shape (n_channels, n_samples), each row in its channel's unit. NaN where nothing was
        recorded.
    fs_hz
        Sampling frequency.
    channels
        One a row.
    label
        For example ``RHYTHM`` or ``MEDIAN BEAT``; empty where absent.
    originality
        ``ORIGINAL`` or ``DERIVED``.
    time_offset_s
        From the acquisition time of the object.
    """

    samples: NDArray[np.float64]
    fs_hz: float
    channels: tuple[Channel, ...]
    label: str
    originality: str
    time_offset_s: float


@dataclass(frozen=True, slots=True)
class WaveformObject:
    """A whole waveform object.

    Parameters
    ----------
    groups
        In the order stored.
    attributes
        Patient, study, series and instance.
    acquired_at
        Begin of the acquisition, the device's wall clock unless it names its zone.
    """

    groups: tuple[MultiplexGroup, ...]
    attributes: IndexedAttributes
    acquired_at: dt.datetime | None


def read_waveform(source: Dataset | str | Path | BinaryIO) -> WaveformObject:
    """Read every multiplex group of a waveform object.

    Parameters
    ----------
    source
        A Part 10 file, or a data set that holds its waveform data.

    Returns
    -------
    WaveformObject

    Raises
    ------
    DicomFormatError
        ``bad-waveform`` where the object has no waveform, or describes one that its bytes are
        not; other codes as of `dicom.part10.scan`.

    References
    ----------
    PS3.3 C.10.9.1.4.1 to .5: physical value = sample x sensitivity x correction factor + baseline.
    """
    ds = source if isinstance(source, Dataset) else scan(source, _LIMITS).dataset
    items = access.sequence(ds, "WaveformSequence")
    if not items:
        raise _fault("there is no waveform sequence")
    found = attributes(ds)
    return WaveformObject(
        groups=tuple(_group(item) for item in items),
        attributes=found,
        acquired_at=found.acquisition_datetime,
    )


def _fault(message: str) -> DicomFormatError:
    return DicomFormatError(FormatFault.BAD_WAVEFORM, message)


def _group(item: Dataset) -> MultiplexGroup:
    raw = _samples(item)
    n_channels = raw.shape[0]
    fs_hz = access.decimal(item, "SamplingFrequency")
    if fs_hz is None or not 0 < fs_hz <= _MOST_HZ:
        raise _fault("the sampling frequency is none")
    definitions = access.sequence(item, "ChannelDefinitionSequence")
    if len(definitions) != n_channels:
        raise _fault(f"{len(definitions)} channel definitions for {n_channels} channels")
    gaps = _gaps(item, raw, fs_hz)
    described = [_channel(definition, fs_hz) for definition in definitions]
    quanta = np.array([channel.quantum for channel, _ in described])
    baselines = np.array([baseline for _, baseline in described])
    samples = raw * quanta[:, np.newaxis] + baselines[:, np.newaxis]
    samples[gaps] = np.nan
    offset_ms = access.decimal(item, "MultiplexGroupTimeOffset") or 0.0
    return MultiplexGroup(
        samples=samples,
        fs_hz=fs_hz,
        channels=tuple(channel for channel, _ in described),
        label=access.text(item, "MultiplexGroupLabel") or "",
        originality=access.text(item, "WaveformOriginality") or "",
        time_offset_s=offset_ms / 1000,
    )


def _samples(item: Dataset) -> NDArray[np.signedinteger | np.unsignedinteger]:
    """Return the stored integers, shape (n_channels, n_samples)."""
    kind = access.text(item, "WaveformSampleInterpretation") or ""
    bits = access.integer(item, "WaveformBitsAllocated") or 0
    code = _SAMPLE_TYPES.get((kind, bits))
    if code is None:
        raise _fault(f"samples of {bits} bits as {kind or 'nothing'} are not read")
    n_channels = access.integer(item, "NumberOfWaveformChannels") or 0
    n_samples = access.integer(item, "NumberOfWaveformSamples") or 0
    if not 0 < n_channels <= _MOST_CHANNELS or n_samples <= 0:
        raise _fault(f"{n_channels} channels of {n_samples} samples")
    stored = access.element(item, "WaveformData")
    data = access.binary(item, "WaveformData")
    if stored is None or data is None:
        raise _fault("the waveform data is absent or too long")
    needed = n_channels * n_samples * bits // 8
    # An odd number of bytes is padded to an even one (PS3.5 8.1.1).
    if len(data) not in (needed, needed + needed % 2):
        raise _fault(f"waveform data of {len(data)} bytes, {needed} are claimed")
    order = "<" if stored.little_endian else ">"
    flat = np.frombuffer(data, dtype=f"{order}{code}", count=n_channels * n_samples)
    return flat.reshape(n_samples, n_channels).T


def _channel(definition: Dataset, fs_hz: float) -> tuple[Channel, float]:
    """Return the channel and its baseline, both in the unit of the channel."""
    source = next(iter(access.sequence(definition, "ChannelSourceSequence")), Dataset())
    label = access.text(definition, "ChannelLabel") or access.text(source, "CodeMeaning") or ""
    code_value = access.text(source, "CodeValue") or ""
    lead = None
    if code_value not in UNSPECIFIED_LEADS:
        lead = (
            lead_of_code(code_value)
            or lead_of_text(access.text(source, "CodeMeaning") or "")
            or lead_of_text(label)
        )
    units = next(iter(access.sequence(definition, "ChannelSensitivityUnitsSequence")), Dataset())
    unit = access.text(units, "CodeValue")
    microvolts = _MICROVOLTS.get(unit or "")
    scale = 1.0 if microvolts is None else microvolts
    quantum = (
        _number(definition, "ChannelSensitivity", 1.0)
        * _number(definition, "ChannelSensitivityCorrectionFactor", 1.0)
        * scale
    )
    if quantum == 0 or not math.isfinite(quantum):
        raise _fault("a channel sensitivity is zero or beyond measure")
    skew_s = access.decimal(definition, "ChannelTimeSkew")
    if skew_s is None:
        skew_s = (access.decimal(definition, "ChannelSampleSkew") or 0.0) / fs_hz
    channel = Channel(
        lead=lead,
        label=label,
        unit=unit if microvolts is None else MICROVOLT,
        quantum=quantum,
        filter_low_hz=access.decimal(definition, "FilterLowFrequency"),
        filter_high_hz=access.decimal(definition, "FilterHighFrequency"),
        notch_hz=access.decimal(definition, "NotchFilterFrequency"),
        skew_s=skew_s,
    )
    return channel, _number(definition, "ChannelBaseline", 0.0) * scale


def _number(ds: Dataset, keyword: str, absent: float) -> float:
    """Return a number; one that is there but unreadable must not become a default."""
    if not access.texts_of(ds, keyword):
        return absent
    value = access.decimal(ds, keyword)
    if value is None:
        raise _fault(f"{keyword} is no number")
    return value


def _gaps(
    item: Dataset, raw: NDArray[np.signedinteger | np.unsignedinteger], fs_hz: float
) -> NDArray[np.bool_]:
    """Find samples that stand for nothing recorded (Waveform Padding Value, C.10.9.1.7).

    Notes
    -----
    A padding value at an end of the sample range is believed wherever it stands. Any other, such
    as the 0 that many devices declare, is an ordinary sample, too: it is believed only while
    every channel holds it for 100 ms (a lone channel: 1 s).
    """
    padding = _padding_value(item, raw.dtype)
    if padding is None:
        return np.zeros(raw.shape, dtype=np.bool_)
    found: NDArray[np.bool_] = raw == padding
    limits = np.iinfo(raw.dtype)
    if padding in (limits.min, limits.max):
        return found
    shortest_s = _SHORTEST_GAP_S if raw.shape[0] > 1 else _SHORTEST_LONE_GAP_S
    together = np.concatenate(([False], found.all(axis=0), [False]))
    edges = np.flatnonzero(np.diff(together.astype(np.int8)))
    gaps = np.zeros(raw.shape, dtype=np.bool_)
    for start, end in edges.reshape(-1, 2):
        if end - start >= max(shortest_s * fs_hz, 2):
            gaps[:, start:end] = True
    return gaps


def _padding_value(item: Dataset, dtype: "np.dtype[np.integer]") -> int | None:
    stored = access.binary(item, "WaveformPaddingValue")
    if not stored or len(stored) < dtype.itemsize:
        return None
    return int(np.frombuffer(stored, dtype=dtype, count=1)[0])
