"""ECGs as DICOM waveform objects (PS3.3 A.34.3 to A.34.5)."""

import datetime as dt
import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicom.attributes import UNKNOWN_TIME
from dicom.leads import LEAD_NUMBERS
from dicom.uids import (
    AMBULATORY_ECG,
    GENERAL_32_BIT_ECG,
    GENERAL_ECG,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    TWELVE_LEAD_ECG,
)

MOST_CHANNELS: Final = 24
"""Of a multiplex group in the General ECG IODs (PS3.3 A.34.4.4.3)."""

_LARGEST: Final = {16: (1 << 15) - 1, 32: (1 << 31) - 1}
_INTERPRETATION: Final = {16: "SS", 32: "SL"}
_FINEST_UV: Final = 0.01
_LONGEST_DS: Final = 16
_LONGEST_SH: Final = 16
_LONGEST_ST: Final = 1024
_ALL_CHANNELS: Final = [1, 0]
"""Every channel of the first multiplex group (C.10.10.1.1)."""
_UNSPECIFIED_LEAD: Final = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement that the device made (Waveform Annotation, C.10.10).

    Parameters
    ----------
    code_value, meaning
        Of the scheme MDC.
    value
        In ``unit``.
    unit, unit_meaning
        UCUM.
    """

    code_value: str
    meaning: str
    value: float
    unit: str
    unit_meaning: str


@dataclass(frozen=True, slots=True)
class EcgObject:
    """An ECG and all that its DICOM object says.

    Parameters
    ----------
    sop_instance_uid, study_instance_uid, series_instance_uid
        Of the new object.
    samples_uv
        Shape (n_leads, n_samples), in microvolts; NaN where nothing was recorded.
    fs_hz
        Sampling frequency.
    leads
        One a row, names of `dicom.leads.LEAD_NUMBERS`; any other becomes the label of an
        unspecified lead, cut to 16 characters.
    acquired_at
        Begin of the recording; with a zone, that is written, too. `UNKNOWN_TIME` where unknown.
    quanta_uv
        Step of the stored samples, one a lead. None takes the finest of 1, 2 or 5 times a power
        of ten, from 0.01 µV, that 16 bits allow. The source's step gives its samples exactly.
    baselines_uv
        What a stored 0 stands for, one a lead; None for 0 µV.
    filter_low_hz, filter_high_hz, notch_hz
        Filters already applied; None where unknown.
    patient_name
        In the form of PN, groups parted by ``=``.
    patient_age
        In the form of AS.
    derivation
        What the object was made of, where no device wrote it.
    statements, measured
        The device's own conclusions and measurements.
    """

    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    samples_uv: NDArray[np.float64]
    fs_hz: float
    leads: tuple[str, ...]
    acquired_at: dt.datetime
    quanta_uv: tuple[float, ...] | None = None
    baselines_uv: tuple[float, ...] | None = None
    filter_low_hz: float | None = None
    filter_high_hz: float | None = None
    notch_hz: float | None = None
    patient_name: str = ""
    patient_id: str = ""
    issuer_of_patient_id: str = ""
    patient_birth_date: dt.date | None = None
    patient_sex: str = ""
    patient_age: str = ""
    study_id: str = ""
    accession_number: str = ""
    study_description: str = ""
    series_number: int = 1
    instance_number: int = 1
    referring_physician_name: str = ""
    institution_name: str = ""
    station_name: str = ""
    manufacturer: str = ""
    manufacturer_model_name: str = ""
    device_serial_number: str = ""
    software_versions: str = ""
    derivation: str = ""
    statements: tuple[str, ...] = ()
    measured: tuple[Measured, ...] = ()


def sop_class_of(n_leads: int, n_samples: int, fs_hz: float, bits: int = 16) -> str:
    """Choose the narrowest ECG storage class whose IOD allows such a recording.

    Parameters
    ----------
    n_leads, n_samples
        Shape of the samples.
    fs_hz
        Sampling frequency.
    bits
        Of a stored sample, 16 or 32.

    Returns
    -------
    str
        12-Lead, General, Ambulatory or General 32-bit ECG Waveform Storage (PS3.3 A.34.3.4, .4.4,
        .5.4; Supplement 237, whose object alone takes any rate and 32 bits).

    Raises
    ------
    ValueError
        If none of them does.
    """
    if bits == 16:
        if 200 <= fs_hz <= 1000:
            if n_leads <= 13 and n_samples <= 16384:
                return TWELVE_LEAD_ECG
            if n_leads <= MOST_CHANNELS:
                return GENERAL_ECG
        if 50 <= fs_hz <= 1000 and n_leads <= 12:
            return AMBULATORY_ECG
    if n_leads <= MOST_CHANNELS:
        return GENERAL_32_BIT_ECG
    raise ValueError(f"no ECG object holds {n_leads} leads, {MOST_CHANNELS} are the most")


def build_ecg(ecg: EcgObject) -> Dataset:
    """Build the data set of an ECG waveform object.

    Parameters
    ----------
    ecg
        What to write.

    Returns
    -------
    Dataset
        See `sop_class_of`; one multiplex group of 16-bit samples, or of 32 bits where the rate or
        the quanta need them. Gaps are the lowest value, which no sample takes, as padding value.

    Raises
    ------
    ValueError
        If the samples do not fit the leads, or a quantum is too fine for 32 bits.
    """
    n_leads, n_samples = _check(ecg)
    quanta, steps = _quantised(ecg)
    bits = _bits(ecg, steps)
    padding = -_LARGEST[bits] - 1
    stored = np.where(np.isfinite(steps), steps, padding)
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = sop_class_of(n_leads, n_samples, ecg.fs_hz, bits)
    ds.SOPInstanceUID = ecg.sop_instance_uid
    _describe(ds, ecg)
    group = Dataset()
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels = n_leads
    group.NumberOfWaveformSamples = n_samples
    group.SamplingFrequency = _decimal_text(ecg.fs_hz)
    group.MultiplexGroupLabel = "RHYTHM"
    group.ChannelDefinitionSequence = [
        _channel(lead, quantum, _decimal_text(baseline_uv), bits, ecg)
        for lead, quantum, baseline_uv in zip(ecg.leads, quanta, _baselines_uv(ecg), strict=True)
    ]
    group.WaveformBitsAllocated = bits
    group.WaveformSampleInterpretation = _INTERPRETATION[bits]
    # OW at 32 bits, too (PS3.6: OB or OW).
    group.add_new("WaveformPaddingValue", "OW", padding.to_bytes(bits // 8, "little", signed=True))
    group.add_new("WaveformData", "OW", stored.T.astype(f"<i{bits // 8}").tobytes())
    ds.WaveformSequence = [group]
    return ds


def write_ecg(ecg: EcgObject) -> bytes:
    """Return `build_ecg` as a Part 10 file, explicit VR little endian."""
    ds = build_ecg(ecg)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    out = io.BytesIO()
    FileDataset(out, ds, file_meta=meta, preamble=bytes(128)).save_as(out, enforce_file_format=True)
    return out.getvalue()


def _check(ecg: EcgObject) -> tuple[int, int]:
    if ecg.samples_uv.ndim != 2 or 0 in ecg.samples_uv.shape:
        raise ValueError(f"samples of shape (n_leads, n_samples) wanted, {ecg.samples_uv.shape}")
    n_leads, n_samples = ecg.samples_uv.shape
    if len(ecg.leads) != n_leads:
        raise ValueError(f"{len(ecg.leads)} lead names for {n_leads} rows")
    if ecg.quanta_uv is not None and len(ecg.quanta_uv) != n_leads:
        raise ValueError(f"{len(ecg.quanta_uv)} quanta for {n_leads} leads")
    return n_leads, n_samples


def _quantised(ecg: EcgObject) -> tuple[list[str], NDArray[np.float64]]:
    """Return each lead's quantum as it will be written, and the samples in its steps, NaN kept."""
    quanta_uv = ecg.quanta_uv
    if quanta_uv is None:
        highest_uv = float(np.fmax.reduce(np.abs(ecg.samples_uv), axis=None, initial=0.0))
        quanta_uv = (finest_quantum_uv(highest_uv),) * len(ecg.leads)
    texts = [_decimal_text(quantum_uv) for quantum_uv in quanta_uv]
    written_uv = np.array([[float(text)] for text in texts])
    if not np.all(written_uv > 0):
        raise ValueError("a quantum of 0 µV or less")
    baselines_uv = np.array([[float(_decimal_text(each))] for each in _baselines_uv(ecg)])
    return texts, np.rint((ecg.samples_uv - baselines_uv) / written_uv)


def _baselines_uv(ecg: EcgObject) -> tuple[float, ...]:
    return ecg.baselines_uv if ecg.baselines_uv is not None else (0.0,) * len(ecg.leads)


def finest_quantum_uv(highest_uv: float) -> float:
    """Return the finest round step, 0.01 µV or more, in which ``highest_uv`` takes 16 bits."""
    power = _FINEST_UV
    while True:
        for factor in (1.0, 2.0, 5.0):
            if highest_uv <= factor * power * _LARGEST[16]:
                return factor * power
        power *= 10.0


def _bits(ecg: EcgObject, steps: NDArray[np.float64]) -> int:
    """Return 16 or, where the steps or the object for such a rate need them, 32."""
    highest = float(np.fmax.reduce(np.abs(steps), axis=None, initial=0.0))
    if highest > _LARGEST[32]:
        raise ValueError("a quantum is so fine that the samples take more than 32 bits")
    n_leads, n_samples = ecg.samples_uv.shape
    if highest > _LARGEST[16]:
        return 32
    return 32 if sop_class_of(n_leads, n_samples, ecg.fs_hz) == GENERAL_32_BIT_ECG else 16


def _decimal_text(value: float) -> str:
    """Return a DS value, at most 16 characters (PS3.5 6.2)."""
    for digits in range(17, 0, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= _LONGEST_DS:
            return text
    raise ValueError(f"{value} has no decimal text")


def _describe(ds: Dataset, ecg: EcgObject) -> None:
    """Set the patient, study, series, equipment and acquisition modules."""
    day, clock = ecg.acquired_at.strftime("%Y%m%d"), ecg.acquired_at.strftime("%H%M%S.%f")
    ds.PatientName = ecg.patient_name
    ds.PatientID = ecg.patient_id
    if ecg.issuer_of_patient_id:
        ds.IssuerOfPatientID = ecg.issuer_of_patient_id
    ds.PatientBirthDate = (
        ""
        if ecg.patient_birth_date is None
        else ecg.patient_birth_date.isoformat().replace("-", "")
    )
    ds.PatientSex = ecg.patient_sex
    if ecg.patient_age:
        ds.PatientAge = ecg.patient_age
    ds.StudyInstanceUID = ecg.study_instance_uid
    ds.ContentDate, ds.ContentTime = day, clock
    # Of type 2 and 3: these may stay empty.
    known = ecg.acquired_at != UNKNOWN_TIME
    ds.StudyDate, ds.StudyTime = (day, clock) if known else ("", "")
    if known:
        ds.SeriesDate, ds.SeriesTime = day, clock
    ds.ReferringPhysicianName = ecg.referring_physician_name
    ds.StudyID = ecg.study_id
    ds.AccessionNumber = ecg.accession_number
    if ecg.study_description:
        ds.StudyDescription = ecg.study_description
    ds.Modality = "ECG"
    ds.SeriesInstanceUID = ecg.series_instance_uid
    ds.SeriesNumber = ecg.series_number
    ds.InstanceNumber = ecg.instance_number
    ds.AcquisitionDateTime = ecg.acquired_at.strftime("%Y%m%d%H%M%S.%f%z")
    if ecg.acquired_at.tzinfo is not None:
        ds.TimezoneOffsetFromUTC = ecg.acquired_at.strftime("%z")
    # Of the same type in the ECG IODs, 2 and 3; some readers want them all.
    ds.Manufacturer = ecg.manufacturer
    for keyword, value in (
        ("InstitutionName", ecg.institution_name),
        ("StationName", ecg.station_name),
        ("ManufacturerModelName", ecg.manufacturer_model_name),
        ("DeviceSerialNumber", ecg.device_serial_number),
        ("SoftwareVersions", ecg.software_versions),
        ("SeriesDescription", ecg.derivation),
    ):
        if value:
            setattr(ds, keyword, value)
    ds.AcquisitionContextSequence = []
    annotations = [_statement(text) for text in ecg.statements]
    annotations += [_measurement(each) for each in ecg.measured]
    if annotations:
        ds.WaveformAnnotationSequence = annotations


def _statement(text: str) -> Dataset:
    item = Dataset()
    item.ReferencedWaveformChannels = _ALL_CHANNELS
    item.UnformattedTextValue = text[:_LONGEST_ST]
    item.AnnotationGroupNumber = 0
    return item


def _measurement(measured: Measured) -> Dataset:
    item = Dataset()
    item.ReferencedWaveformChannels = _ALL_CHANNELS
    item.ConceptNameCodeSequence = [_code(measured.code_value, "MDC", measured.meaning)]
    item.NumericValue = _decimal_text(measured.value)
    item.MeasurementUnitsCodeSequence = [_code(measured.unit, "UCUM", measured.unit_meaning)]
    item.AnnotationGroupNumber = 1
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue = value
    code.CodingSchemeDesignator = scheme
    code.CodeMeaning = meaning
    return code


def _channel(
    lead: str, quantum_text: str, baseline_text: str, bits: int, ecg: EcgObject
) -> Dataset:
    channel = Dataset()
    channel.ChannelLabel = lead[:_LONGEST_SH]
    number = LEAD_NUMBERS.get(lead, _UNSPECIFIED_LEAD)
    meaning = f"Lead {lead}" if number else "Unspecified lead"
    channel.ChannelSourceSequence = [_code(f"2:{number}", "MDC", meaning)]
    channel.ChannelSensitivity = quantum_text
    channel.ChannelSensitivityUnitsSequence = [_code("uV", "UCUM", "microvolt")]
    channel.ChannelSensitivityCorrectionFactor = "1"
    channel.ChannelBaseline = baseline_text
    channel.ChannelSampleSkew = "0"
    channel.WaveformBitsStored = bits
    for keyword, value in (
        ("FilterLowFrequency", ecg.filter_low_hz),
        ("FilterHighFrequency", ecg.filter_high_hz),
        ("NotchFilterFrequency", ecg.notch_hz),
    ):
        if value is not None:
            setattr(channel, keyword, _decimal_text(value))
    return channel
