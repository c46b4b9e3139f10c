"""ECGs as DICOM waveform objects (PS3.3 A.34.3 to A.34.5)."""

import datetime as dt
import io
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicom.leads import LEAD_NUMBERS
from dicom.uids import (
    AMBULATORY_ECG,
    GENERAL_ECG,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    TWELVE_LEAD_ECG,
)

_PADDING: Final = -32768
_LARGEST: Final = 32767
_LONGEST_DS: Final = 16


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
        One a row, names of `dicom.leads.LEAD_NUMBERS`.
    acquired_at
        Begin of the recording; with a zone, that is written, too.
    quantum_uv
        Step of the stored samples. None takes 1 µV, or a coarser one where the ECG needs it.
        The step of the source gives back its samples exactly.
    filter_low_hz, filter_high_hz, notch_hz
        Filters already applied; None where unknown.
    patient_name
        In the form of PN, groups parted by ``=``.
    """

    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    samples_uv: NDArray[np.float64]
    fs_hz: float
    leads: tuple[str, ...]
    acquired_at: dt.datetime
    quantum_uv: float | None = None
    filter_low_hz: float | None = None
    filter_high_hz: float | None = None
    notch_hz: float | None = None
    patient_name: str = ""
    patient_id: str = ""
    issuer_of_patient_id: str = ""
    patient_birth_date: dt.date | None = None
    patient_sex: str = ""
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


def sop_class_of(n_leads: int, n_samples: int, fs_hz: float) -> str:
    """Choose the narrowest ECG storage class whose IOD allows such a recording.

    Parameters
    ----------
    n_leads, n_samples
        Shape of the samples.
    fs_hz
        Sampling frequency.

    Returns
    -------
    str
        12-Lead, General or Ambulatory ECG Waveform Storage (PS3.3 A.34.3.4, .4.4 and .5.4).

    Raises
    ------
    ValueError
        If none of them does.
    """
    if 200 <= fs_hz <= 1000:
        if n_leads <= 13 and n_samples <= 16384:
            return TWELVE_LEAD_ECG
        if n_leads <= 24:
            return GENERAL_ECG
    if 50 <= fs_hz <= 1000 and n_leads <= 12:
        return AMBULATORY_ECG
    raise ValueError(f"no ECG object holds {n_leads} leads at {fs_hz} Hz: resample to 50-1000 Hz")


def build_ecg(ecg: EcgObject) -> Dataset:
    """Build the data set of an ECG waveform object.

    Parameters
    ----------
    ecg
        What to write.

    Returns
    -------
    Dataset
        12-Lead, General or Ambulatory ECG, see `sop_class_of`; one multiplex group of 16-bit
        samples, gaps as the padding value -32768.

    Raises
    ------
    ValueError
        If the samples do not fit the leads, a lead is unknown, or the quantum is too fine for
        16 bits.
    """
    n_leads, n_samples = _check(ecg)
    quantum_text, stored = _quantise(ecg)
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = sop_class_of(n_leads, n_samples, ecg.fs_hz)
    ds.SOPInstanceUID = ecg.sop_instance_uid
    _describe(ds, ecg)
    group = Dataset()
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels = n_leads
    group.NumberOfWaveformSamples = n_samples
    group.SamplingFrequency = _decimal_text(ecg.fs_hz)
    group.MultiplexGroupLabel = "RHYTHM"
    group.ChannelDefinitionSequence = [_channel(lead, quantum_text, ecg) for lead in ecg.leads]
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    group.add_new("WaveformPaddingValue", "OW", _PADDING.to_bytes(2, "little", signed=True))
    group.add_new("WaveformData", "OW", stored.T.astype("<i2").tobytes())
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
    unknown = [lead for lead in ecg.leads if lead not in LEAD_NUMBERS]
    if unknown:
        raise ValueError(f"unknown leads {unknown}")
    return n_leads, n_samples


def _quantise(ecg: EcgObject) -> tuple[str, NDArray[np.int16]]:
    """Return the quantum as it will be written, and the samples in its steps."""
    present = np.isfinite(ecg.samples_uv)
    largest_uv = float(np.max(np.abs(ecg.samples_uv), where=present, initial=0.0))
    quantum_uv = ecg.quantum_uv
    if quantum_uv is None:
        quantum_uv = max(1.0, math.ceil(largest_uv / _LARGEST))
    text = _decimal_text(quantum_uv)
    written_uv = float(text)
    if not written_uv > 0 or largest_uv / written_uv > _LARGEST + 0.5:
        raise ValueError(f"a quantum of {text} µV does not hold {largest_uv} µV in 16 bits")
    steps = np.rint(np.where(present, ecg.samples_uv, 0.0) / written_uv)
    return text, np.where(present, steps, _PADDING).astype(np.int16)


def _decimal_text(value: float) -> str:
    """Return a DS value, at most 16 characters (PS3.5 6.2)."""
    for digits in range(17, 0, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= _LONGEST_DS and (float(text) == value or digits <= 11):
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
        "" if ecg.patient_birth_date is None else ecg.patient_birth_date.strftime("%Y%m%d")
    )
    ds.PatientSex = ecg.patient_sex
    ds.StudyInstanceUID = ecg.study_instance_uid
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = day
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = clock
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
    ):
        if value:
            setattr(ds, keyword, value)
    ds.AcquisitionContextSequence = []


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue = value
    code.CodingSchemeDesignator = scheme
    code.CodeMeaning = meaning
    return code


def _channel(lead: str, quantum_text: str, ecg: EcgObject) -> Dataset:
    channel = Dataset()
    channel.ChannelLabel = lead
    channel.ChannelSourceSequence = [_code(f"2:{LEAD_NUMBERS[lead]}", "MDC", f"Lead {lead}")]
    channel.ChannelSensitivity = quantum_text
    channel.ChannelSensitivityUnitsSequence = [_code("uV", "UCUM", "microvolt")]
    channel.ChannelSensitivityCorrectionFactor = "1"
    channel.ChannelBaseline = "0"
    channel.ChannelSampleSkew = "0"
    channel.WaveformBitsStored = 16
    for keyword, value in (
        ("FilterLowFrequency", ecg.filter_low_hz),
        ("FilterHighFrequency", ecg.filter_high_hz),
        ("NotchFilterFrequency", ecg.notch_hz),
    ):
        if value is not None:
            setattr(channel, keyword, _decimal_text(value))
    return channel
