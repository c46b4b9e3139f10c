"""GE MUSE XML: gain, checksum, lines of the diagnosis, derived leads, and damage."""

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg import EcgFormatError, read, screen
from ecg.formats import Format, sniff
from ecg.signal import STANDARD_LEADS, FilterInfo, Sex
from tests.ecg.formats.hostile import without_hanging
from tests.ecg.formats.xml_samples import counts
from tests.support.peers import shared_ecg_data

EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
COUNTS = counts(8, 40)
DIAGNOSIS = """<OriginalDiagnosis><Modality>RESTING</Modality>
<DiagnosisStatement><StmtText>窦性心动过缓</StmtText></DiagnosisStatement>
<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>with 1st degree A-V block</StmtText>
</DiagnosisStatement>
<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>Otherwise normal ECG</StmtText>
</DiagnosisStatement>
<DiagnosisStatement><StmtFlag>USERINSERT</StmtFlag><StmtText>Confirmed by X</StmtText>
</DiagnosisStatement></OriginalDiagnosis>"""


def lead(name: str, samples: np.ndarray, *, gain: str = "4.88", extra: str = "") -> str:
    raw = samples.astype("<i2").tobytes()
    return (
        f"<LeadData><LeadSampleCountTotal>{samples.size}</LeadSampleCountTotal>"
        f"<LeadAmplitudeUnitsPerBit>{gain}</LeadAmplitudeUnitsPerBit>"
        f"<LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits><LeadID>{name}</LeadID>"
        f"<LeadSampleSize>2</LeadSampleSize><LeadDataCRC32>{zlib.crc32(raw)}</LeadDataCRC32>"
        f"<WaveFormData>\n{base64.encodebytes(raw).decode()}\n</WaveFormData>{extra}</LeadData>"
    )


def waveform(kind: str, leads: str) -> str:
    return (
        f"<Waveform><WaveformType>{kind}</WaveformType><SampleBase>50</SampleBase>"
        "<SampleExponent>1</SampleExponent><HighPassFilter>16</HighPassFilter>"
        f"<LowPassFilter>150</LowPassFilter><ACFilter>NONE</ACFilter>{leads}</Waveform>"
    )


def document(leads: str, *, begin: str = "", encoding: str = "ISO-8859-1") -> bytes:
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE RestingECG SYSTEM "restecg.dtd">
<RestingECG><PatientDemographics><PatientID>7</PatientID><PatientAge>18</PatientAge>
<AgeUnits>MONTHS</AgeUnits><DateofBirth>03-22-2019</DateofBirth><Gender>FEMALE</Gender>
<PatientLastName>张</PatientLastName><PatientFirstName>小三</PatientFirstName>
</PatientDemographics><TestDemographics><AcquisitionDevice>MAC55</AcquisitionDevice>
<AcquisitionTime>09:03:32</AcquisitionTime><AcquisitionDate>09-22-2020</AcquisitionDate>
</TestDemographics><RestingECGMeasurements><VentricularRate>99</VentricularRate>
</RestingECGMeasurements><OriginalRestingECGMeasurements><VentricularRate>56</VentricularRate>
<PRInterval>330</PRInterval><QTCorrected>418</QTCorrected><PAxis></PAxis><RAxis>-22</RAxis>
</OriginalRestingECGMeasurements><Diagnosis><DiagnosisStatement><StmtText>edited</StmtText>
</DiagnosisStatement></Diagnosis>{DIAGNOSIS}{begin}{waveform("Rhythm", leads)}</RestingECG>"""
    return text.encode("gb18030")


CONTENT = document("".join(lead(name, row) for name, row in zip(EIGHT, COUNTS, strict=True)))


def test_all_that_the_file_says_is_read() -> None:
    signal = read(CONTENT)
    assert sniff(CONTENT) is Format.MUSE
    assert (signal.fs_hz, signal.n_samples, signal.source_format) == (500.0, 40, "muse")
    assert (signal.patient.name, signal.patient.id) == ("张小三", "7")
    assert (signal.patient.age_years, signal.patient.sex) == (1.5, Sex.FEMALE)
    assert str(signal.patient.birth_date) == "2019-03-22"
    assert str(signal.acquired_at) == "2020-09-22 09:03:32"
    assert (signal.device, signal.filters) == ("GE MAC55", FilterInfo(0.16, 150.0, None))
    assert signal.device_statements == (
        "窦性心动过缓 with 1st degree A-V block",
        "Otherwise normal ECG",
    )
    assert signal.device_measurements == {
        "heart_rate_bpm": 56.0,
        "pr_ms": 330.0,
        "qtc_bazett_ms": 418.0,
        "axis_qrs_deg": -22.0,
    }


def test_four_limb_leads_follow_from_the_two_that_are_stored() -> None:
    signal = read(CONTENT)
    i, ii = COUNTS[0] * 4.88, COUNTS[1] * 4.88
    assert signal.leads == STANDARD_LEADS
    assert np.allclose(signal.samples_uv[:3], [i, ii, ii - i])
    assert np.allclose(signal.samples_uv[3:6], [-(i + ii) / 2, i - ii / 2, ii - i / 2])
    assert np.allclose(signal.samples_uv[6:], COUNTS[2:] * 4.88)


def test_stored_limb_leads_and_right_chest_leads_are_kept() -> None:
    names = ("I", "II", "III", "V1", "V3R", "V4R", "V7")
    content = document("".join(lead(n, r) for n, r in zip(names, counts(7, 9), strict=True)))
    assert read(content).leads == names


def test_the_median_is_never_taken_for_the_rhythm() -> None:
    median = waveform("Median", "".join(lead(name, COUNTS[0]) for name in EIGHT))
    content = document(lead("II", COUNTS[1]), begin=median)
    assert np.allclose(read(content).samples_uv, [COUNTS[1] * 4.88])
    with pytest.raises(EcgFormatError, match="no rhythm"):
        read(content.replace(b">Rhythm<", b">Median<"))


def test_the_checksum_may_be_absent_zero_or_signed() -> None:
    for stated in ("", "0", str(zlib.crc32(COUNTS[0].astype("<i2").tobytes()) - (1 << 32))):
        content = document(lead("V1", COUNTS[0])).decode("gb18030")
        start, stop = content.index("<LeadDataCRC32>") + 15, content.index("</LeadDataCRC32>")
        signal = read((content[:start] + stated + content[stop:]).encode())
        assert np.allclose(signal.samples_uv, [COUNTS[0] * 4.88])


def test_shorter_leads_end_in_a_gap() -> None:
    signal = read(document(lead("V1", COUNTS[0]) + lead("V2", COUNTS[1][:30])))
    assert np.isnan(signal.samples_uv[1, 30:]).all()
    assert np.isfinite(signal.samples_uv[0]).all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"<LeadDataCRC32>", b"<LeadDataCRC32>1", "checksum"),
        (b"<LeadSampleCountTotal>40", b"<LeadSampleCountTotal>41", "another number"),
        (b"MICROVOLTS", b"FURLONGS", "gain or unit"),
        (b">4.88<", b">0<", "gain or unit"),
        (b">4.88<", b">x<", "gain or unit"),
        (b">4.88<", b">1e300<", "unit or gain"),
        (b"<LeadSampleSize>2", b"<LeadSampleSize>3", "sample size"),
        (b"<WaveFormData>\n", b"<WaveFormData>!", "base64"),
        (b"<SampleExponent>1", b"<SampleExponent>999", "rate"),
        (b"<SampleBase>50", b"<SampleBase>", "rate"),
        (b"<SampleBase>50", b"<SampleBase>5e9", "fs_hz"),
        (b"<LeadID>I<", b"<LeadID><", "lead name"),
        (b"<LeadData>", b"<Lead>", "damaged"),
    ],
)
def test_what_is_damaged_is_one_clear_line(old: bytes, new: bytes, message: str) -> None:
    assert old in CONTENT
    with pytest.raises(EcgFormatError, match=message) as caught:
        read(CONTENT.replace(old, new))
    assert str(caught.value).startswith("MUSE XML: ")


@pytest.mark.parametrize(
    ("written", "acquired"),
    [
        (b"09-22-2020", "2020-09-22 09:03:32"),
        (b"2020-09-22", "2020-09-22 09:03:32"),
        (b"22-SEP-2020", "2020-09-22 09:03:32"),
        (b"22-22-2020", "None"),
        (b"", "None"),
    ],
)
def test_dates_are_american_unless_they_cannot_be(written: bytes, acquired: str) -> None:
    assert (
        str(read(CONTENT.replace(b">09-22-2020<", b">" + written + b"<")).acquired_at) == acquired
    )


def test_every_cut_file_is_refused_in_a_moment() -> None:
    with without_hanging():
        for length in range(len(CONTENT)):
            with pytest.raises(EcgFormatError):
                read(CONTENT[:length])


@settings(deadline=None, max_examples=200)
@given(at=st.integers(0, len(CONTENT) - 1), junk=st.binary(min_size=1, max_size=6))
def test_every_damaged_file_is_read_or_refused(at: int, junk: bytes) -> None:
    try:
        signal = read(CONTENT[:at] + junk + CONTENT[at + len(junk) :])
    except EcgFormatError:
        return
    assert signal.source_format == "muse"


def test_shared_files_give_the_rates_that_their_carts_measured() -> None:
    folder = shared_ecg_data() / "formats" / "muse_xml"
    refused = 0
    for path in sorted(folder.glob("*.xml")):
        try:
            signal = read(path)
        except EcgFormatError as error:
            assert "cut short" in str(error)  # noqa: PT017 -- which file it is varies
            refused += 1
            continue
        assert (signal.leads, signal.n_samples) == (STANDARD_LEADS, 5000)
        stated = signal.device_measurements["heart_rate_bpm"]
        assert screen(signal).measurements.heart_rate_bpm == pytest.approx(stated, abs=2.0)
    assert refused == 1
