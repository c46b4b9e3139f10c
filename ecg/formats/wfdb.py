"""WFDB records: a header and its signal files, of one segment or many, in a folder or a zip.

After the WFDB Applications Guide, header(5) and signal(5). The ECG channels of the rate that most
of them share are taken, but for those whose stated gain makes over 10 V of them. Skewed signals
are aligned, what was not recorded is NaN, and each signal's checksum is proved. Annotations are no
part of the signal.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.channels import (
    at_common_rate,
    check_size,
    ecg_channels,
    lead_names,
    within_voltage,
)
from ecg.formats.companions import Companions, NoCompanions
from ecg.formats.errors import EcgFormatError
from ecg.formats.wfdb_header import (
    Header,
    SignalLine,
    looks_like_header,
    parse_header,
    patient_of,
)
from ecg.formats.wfdb_samples import (
    FLAC_BITS,
    INVALID,
    PACKED,
    Steps,
    samples_in,
    unpack,
    unpack_flac,
)
from ecg.signal import EcgSignal

REMEDY: Final = "a WFDB record is read by its header's path, or as one zip of its files"
MAX_SKEW_SHARE: Final = 0.5
MAX_JOINED_SAMPLES: Final = 1 << 26  # a day of three leads at 250 Hz

looks_like_wfdb = looks_like_header


@dataclass(frozen=True)
class Lead:
    """One ECG channel of a segment: microvolts, shape (n_samples,)."""

    label: str
    spf: int
    samples_uv: NDArray[np.float64]


def _refusal(reason: str) -> EcgFormatError:
    return EcgFormatError(f"WFDB: {reason}")


def _group(signals: tuple[SignalLine, ...], at: int) -> list[int]:
    """Return the positions of the signals that share signal ``at``'s file."""
    members = [n for n, each in enumerate(signals) if each.file == signals[at].file]
    if members != list(range(members[0], members[-1] + 1)):
        raise _refusal(f"the signals of {signals[at].file:.60} do not stand together")
    if len({(signals[n].format, signals[n].offset) for n in members}) > 1:
        raise _refusal(f"the signals of {signals[at].file:.60} differ in format")
    return members


def _file_steps(raw: bytes, members: list[SignalLine], frames: int | None) -> list[Steps]:
    """Return each signal's steps of one file, in frames of ``spf`` samples a signal."""
    code, offset = members[0].format, members[0].offset
    widths = [each.spf for each in members]
    a_frame = sum(widths)
    if offset > len(raw):
        raise _refusal("the signal file ends before its first sample")
    body = raw[offset:]
    if code in FLAC_BITS:
        if len(set(widths)) > 1:
            raise _refusal("the signals of a FLAC file differ in samples a frame")
        count = frames * widths[0] if frames is not None else None
        decoded = unpack_flac(body, code, len(members), count)
        return [decoded[:, n] for n in range(len(members))]
    if code not in PACKED:
        raise _refusal(f"storage format {code} is not known")
    n_frames = samples_in(code, len(body)) // a_frame if frames is None else frames
    check_size(n_frames * a_frame, len(raw), "WFDB")
    table = unpack(body, code, n_frames * a_frame).reshape(n_frames, a_frame)
    starts = np.cumsum([0, *widths])
    columns = [
        table[:, first : first + width].reshape(-1)
        for first, width in zip(starts[:-1].tolist(), widths, strict=True)
    ]
    if code == 8:
        return [line.initial + np.cumsum(each) for line, each in zip(members, columns, strict=True)]
    return columns


def _microvolts(line: SignalLine, steps: Steps) -> NDArray[np.float64]:
    """Return aligned microvolts, NaN where not recorded; prove the checksum."""
    if line.checksum is not None and (int(steps.sum()) - line.checksum) % 65536:
        raise _refusal(f"the checksum of signal {line.label:.30} differs: the file is damaged")
    samples = (steps - line.baseline) / line.gain * (line.uv_per_unit or 1.0)
    if line.format in INVALID:
        samples[steps == INVALID[line.format]] = np.nan
    if line.skew:
        if line.skew > MAX_SKEW_SHARE * len(samples):
            raise _refusal(f"the skew of signal {line.label:.30} is as long as the record")
        samples = np.concatenate([samples[line.skew :], np.full(line.skew, np.nan)])
    return samples


def _chosen(header: Header) -> list[int]:
    """Return the positions of the ECG signals that are taken."""
    signals = header.signals
    ecg = ecg_channels(
        [line.label for line in signals],
        [line.uv_per_unit is not None and line.format != 0 for line in signals],
    )
    return at_common_rate(ecg, [line.spf * header.fs_hz for line in signals], "WFDB")


def _leads(header: Header, chosen: list[int], companions: Companions) -> list[Lead]:
    """Read the chosen signals of a one-segment record."""
    signals = header.signals
    leads: list[Lead] = []
    files: dict[str, tuple[int, list[Steps]]] = {}
    for at in chosen:
        line = signals[at]
        if line.file not in files:
            members = _group(signals, at)
            raw = companions.content(line.file)
            group = [signals[n] for n in members]
            files[line.file] = (members[0], _file_steps(raw, group, header.frames))
        first, steps = files[line.file]
        leads.append(Lead(line.label, line.spf, _microvolts(line, steps[at - first])))
    return leads


def _segment_header(name: str, companions: Companions) -> Header:
    header = parse_header(companions.content(f"{name}.hea"))
    if header.segments:
        raise _refusal(f"segment {name:.60} is itself of several segments")
    return header


def _joined(header: Header, companions: Companions) -> tuple[list[Lead], Header]:
    """Read a record of several segments: leads over its whole length, and its layout."""
    begin, rows = 0, []
    for segment in header.segments:
        if segment.name is not None:
            rows.append((begin, segment.frames, _segment_header(segment.name, companions)))
        begin += segment.frames
    if not rows or begin == 0:
        raise _refusal("every segment is empty")
    # A first segment of no length lays out all signals; else every segment has the same.
    layout = rows[0][2]
    rates = [line.spf * header.fs_hz for line in layout.signals]
    ecg = ecg_channels(
        [line.label for line in layout.signals],
        [line.uv_per_unit is not None for line in layout.signals],
    )
    chosen = at_common_rate(ecg, rates, "WFDB")
    spf = layout.signals[chosen[0]].spf
    labels = [layout.signals[at].label for at in chosen]
    if len(set(labels)) < len(labels):
        raise _refusal("several signals of a segmented record bear one name")
    check_size(len(labels) * begin * spf, 0, "WFDB", free=MAX_JOINED_SAMPLES)
    table = np.full((len(labels), begin * spf), np.nan)
    for start, frames, part in rows:
        if frames == 0:
            continue
        if part.fs_hz != header.fs_hz or (part.frames or frames) < frames:
            raise _refusal(f"segment {part.name:.60} has another rate or length than stated")
        own = [
            at
            for at, line in enumerate(part.signals)
            if line.label in labels and line.spf == spf and line.uv_per_unit and line.format
        ]
        for lead in _leads(part, own, companions):
            if len(lead.samples_uv) < frames * spf:
                raise _refusal(f"segment {part.name:.60} is shorter than stated")
            where = slice(start * spf, (start + frames) * spf)
            table[labels.index(lead.label), where] = lead.samples_uv[: frames * spf]
    joined = [Lead(label, spf, row) for label, row in zip(labels, table, strict=True)]
    return joined, layout


def read_wfdb_record(content: bytes, companions: Companions) -> EcgSignal:
    """Read a WFDB record.

    Parameters
    ----------
    content
        Its header file's content.
    companions
        Where its signal files and segments are.

    Returns
    -------
    EcgSignal

    Raises
    ------
    EcgFormatError
        If a file is missing, damaged or of an unknown storage format, or none of its signals is an
        ECG that `EcgSignal` takes.
    """
    header = parse_header(content)
    if header.segments:
        leads, layout = _joined(header, companions)
    else:
        leads, layout = _leads(header, _chosen(header), companions), header
    leads = [lead for lead in leads if within_voltage(lead.samples_uv)]
    if not leads:
        raise _refusal("no signal keeps to voltages of an ECG: is the unit or gain right?")
    shortest = min(len(lead.samples_uv) for lead in leads)
    try:
        return EcgSignal(
            samples_uv=np.stack([lead.samples_uv[:shortest] for lead in leads]),
            fs_hz=header.fs_hz * leads[0].spf,
            leads=lead_names([lead.label for lead in leads]),
            acquired_at=header.acquired_at or layout.acquired_at,
            patient=patient_of(header.comments or layout.comments),
            source_format="wfdb",
        )
    except ValueError as error:
        raise _refusal(str(error)) from error


def read_wfdb(content: bytes) -> EcgSignal:
    """Refuse a WFDB header without its signal files, naming the first that is missing.

    Raises
    ------
    EcgFormatError
        Always: a header holds no samples.
    """
    return read_wfdb_record(content, NoCompanions(REMEDY))
