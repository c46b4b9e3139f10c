"""SCP-ECG records (EN 1064:2005+A1, ISO 11073-91064) as `EcgSignal`.

Read are sections 0 to 8, 10 and 11: demographics, every way of compression, the device's own
measurements and statements. Manufacturers' sections are passed over.
"""

from ecg.formats.errors import EcgFormatError
from ecg.formats.leads import assembled, with_limb_leads
from ecg.formats.scp.header import read_header
from ecg.formats.scp.leads import read_beats, read_leads
from ecg.formats.scp.record import FORMAT_NAME, read_sections
from ecg.formats.scp.report import read_lead_measurements, read_measurements, read_statements
from ecg.formats.scp.tables import read_tables
from ecg.formats.scp.waveform import Streams, read_rhythm, read_streams
from ecg.signal import EcgSignal


def _reference_beat(section: bytes | None, n_leads: int, needed: bool) -> Streams | None:
    """Return section 5; where nothing was compressed by it, it may make no sense."""
    if section is None:
        return None
    try:
        return read_streams(section, n_leads)
    except EcgFormatError:
        if needed:
            raise
        return None


def _signal(content: bytes) -> EcgSignal:
    sections = read_sections(content)
    for number in (3, 6):
        if number not in sections:
            raise EcgFormatError(f"{FORMAT_NAME}: section {number} is missing")
    header = read_header(sections.get(1))
    definition = read_leads(sections[3])
    n_leads = len(definition.spans)
    rhythm = read_streams(sections[6], n_leads)
    needed = definition.uses_reference_beat or rhythm.is_thinned
    beat = _reference_beat(sections.get(5), n_leads, needed)
    beats = read_beats(sections[4]) if needed and 4 in sections else None
    pieces, fs_hz = read_rhythm(rhythm, beat, definition, beats, read_tables(sections.get(2)))
    names, samples_uv = with_limb_leads(*assembled(pieces))
    return EcgSignal(
        samples_uv=samples_uv,
        fs_hz=fs_hz,
        leads=names,
        acquired_at=header.acquired_at,
        patient=header.patient,
        device_statements=read_statements(sections.get(8), sections.get(11), header.language),
        device_measurements=read_measurements(sections.get(7))
        | read_lead_measurements(sections.get(10)),
        device=header.device,
        filters=header.filters,
        source_format="scp",
    )


def read_scp(content: bytes) -> EcgSignal:
    """Read one SCP-ECG record.

    Parameters
    ----------
    content
        The whole file; what follows the record's stated length is passed over.

    Returns
    -------
    EcgSignal
        Leads in the order of the file, III, aVR, aVL and aVF computed behind II where none of them
        was stored; stretches of one lead are joined. Rates are the whole number of hertz that the
        stored interval is rounded from.

    Raises
    ------
    EcgFormatError
        If the record is damaged or holds no ECG that `EcgSignal` takes.
    """
    try:
        return _signal(content)
    except EcgFormatError:
        raise
    except ValueError as error:
        raise EcgFormatError(f"{FORMAT_NAME}: {error}") from error
