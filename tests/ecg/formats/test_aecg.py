"""HL7 annotated ECG: every variant of time, unit and series, and what damage does."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg import EcgFormatError, read, screen
from ecg.findings import FindingCode
from ecg.formats import Format, sniff
from ecg.signal import MAX_LEADS, FilterInfo, Sex
from tests.ecg.formats.hostile import without_hanging
from tests.ecg.formats.xml_samples import minimum_aecg, xml_sample
from tests.support.peers import shared_ecg_data

MINIMUM = minimum_aecg()
DIGITS = np.array([-2, -2, -2, -2, -3, -4, -3, -5, -5, -4, -6, -9, -9]) * 2.5


def changed(*swaps: tuple[str, str]) -> bytes:
    """Return the smallest file with texts exchanged, each of which must be there."""
    text = MINIMUM.decode()
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def sequence_set(head: str, leads: dict[str, str]) -> str:
    """Return a sequence set at 500 Hz."""
    sequences = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{lead}"/><value xsi:type="SLIST_PQ">'
        f'<origin value="0" unit="uV"/><scale value="1" unit="uV"/><digits>{digits}</digits>'
        "</value></sequence></component>"
        for lead, digits in leads.items()
    )
    return (
        '<component><sequenceSet><component><sequence><code code="TIME_ABSOLUTE"/>'
        f'<value xsi:type="GLIST_TS"><head value="{head}"/><increment value="2" unit="ms"/></value>'
        f"</sequence></component>{sequences}</sequenceSet></component>"
    )


def test_the_smallest_file_is_a_signal_that_cannot_be_interpreted() -> None:
    signal = read(MINIMUM)
    assert sniff(MINIMUM) is Format.AECG
    assert (signal.leads, signal.fs_hz, signal.source_format) == (("II",), 500.0, "aecg")
    assert np.array_equal(signal.samples_uv[0], DIGITS)
    assert str(signal.acquired_at) == "2002-11-22 09:10:00"
    assert signal.patient.id == "SBJ-123"
    codes = [finding.code for finding in screen(signal).findings]
    assert FindingCode.UNINTERPRETABLE in codes
    assert FindingCode.WITHIN_NORMAL_LIMITS not in codes


def test_a_whole_recording_is_read_with_all_that_the_file_says() -> None:
    signal = read(xml_sample("fda_subject1_0"))
    assert (signal.n_leads, signal.n_samples) == (12, 5000)
    assert (signal.patient.name, signal.patient.id) == ("Clark", "subject1")
    assert (signal.patient.age_years, signal.patient.sex) == (46.0, Sex.MALE)
    assert str(signal.patient.birth_date) == "1953-05-08"
    assert signal.device == "Mortara Instrument, Inc. ELI250"
    assert signal.filters == FilterInfo(None, 150.0, 60.0)
    assert signal.device_statements == ("Sinus Rhythm",)
    assert signal.device_measurements == {
        "pr_ms": 148.0,
        "qrs_ms": 120.0,
        "qt_ms": 420.0,
        "axis_p_deg": 44.0,
        "axis_qrs_deg": -61.0,
        "axis_t_deg": 86.0,
    }
    lead_i, lead_ii, lead_iii = (signal.lead(name) for name in ("I", "II", "III"))
    assert lead_i is not None
    assert lead_ii is not None
    assert lead_iii is not None
    assert list(lead_i[:9]) == [-5.0, -5.0, -5.0, -5.0, -7.5, -10.0, -7.5, -12.5, -12.5]
    assert np.abs(lead_i + lead_iii - lead_ii).max() <= 5.0
    assert screen(signal).measurements.heart_rate_bpm == pytest.approx(71.6, abs=1.0)


def test_statements_and_measurements_of_the_device_are_kept_apart_from_its_beats() -> None:
    signal = read(xml_sample("sierra_104_as_aecg"))
    assert signal.device_statements == (
        "(SB) SINUS BRADYCARDIA, V-rate<60",
        "(NPTA) NO PREVIOUS TRACING AVAILABLE FOR COMPARISON",
    )
    assert signal.device_measurements == {
        "heart_rate_bpm": 41.0,
        "pr_ms": 144.0,
        "qrs_ms": 102.0,
        "qt_ms": 564.0,
        "qtc_bazett_ms": 466.0,
    }
    assert (signal.patient.sex, signal.patient.age_years) == (Sex.FEMALE, 32.0)
    assert signal.filters == FilterInfo(0.05, 150.0, 60.0)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('unit="uV"', 'unit="mV"', DIGITS * 1000.0),
        ('unit="uV"', 'unit="nV"', DIGITS / 1000.0),
        ('unit="uV"', 'unit="µV"', DIGITS),
        ('unit="uV"', 'unit="μV"', DIGITS),
        (' unit="uV"', "", DIGITS),
        ('origin value="0"', 'origin value="100"', DIGITS + 100.0),
        ("SLIST_PQ", "SLIST_INT", DIGITS),
        ("-2 -2 -2", "-2.5\t-2\n-2", np.concatenate(([-6.25], DIGITS[1:]))),
        ("-2 -2 -2", "-2 NaN -2", np.concatenate((DIGITS[:1], [np.nan], DIGITS[2:]))),
    ],
)
def test_amplitudes_are_origin_and_scale_in_their_unit(
    old: str, new: str, expected: np.ndarray
) -> None:
    assert np.allclose(read(changed((old, new))).samples_uv[0], expected, equal_nan=True)


@pytest.mark.parametrize(
    ("axis", "fs_hz"),
    [
        ('<increment value="1" unit="ms"/>', 1000.0),
        ('<increment value="4000" unit="us"/>', 250.0),
        ('<increment value="0.00277777777" unit="s"/>', 360.0),
        ('<increment value="0.004"/>', 250.0),
    ],
)
def test_the_rate_is_that_of_the_increment(axis: str, fs_hz: float) -> None:
    content = changed(('<increment value="0.002" unit="s"/>', axis))
    assert read(content).fs_hz == pytest.approx(fs_hz, rel=1e-6)


@pytest.mark.parametrize(
    "value",
    [
        '<head value="0" unit="s"/><increment value="2" unit="ms"/>',
        '<origin value="0"/><scale value="2" unit="ms"/><digits>0 1 2 3 4 5 6 7</digits>',
    ],
)
def test_relative_time_takes_its_begin_from_the_series(value: str) -> None:
    text = re.sub(r"(?s)<head.*?/>\s*<increment.*?/>", value, MINIMUM.decode())
    signal = read(text.replace("TIME_ABSOLUTE", "TIME_RELATIVE").encode())
    assert (signal.fs_hz, str(signal.acquired_at)) == (500.0, "2002-11-22 09:10:00")


@pytest.mark.parametrize(
    ("interval", "begin"),
    [
        ('<low value="20021122091000.250"/>', "2002-11-22 09:10:00.250000"),
        ('<center value="200211220910"/>', "2002-11-22 09:10:00"),
        ('<high value="20021122091000"/>', "2002-11-22 09:09:59.974000"),
        ('<low value="20021122091000+0800"/><high value="x"/>', "2002-11-22 09:10:00+08:00"),
        ('<low value="20021399"/>', "2002-11-22 09:10:00"),
    ],
)
def test_every_form_of_effective_time_is_read(interval: str, begin: str) -> None:
    series = '<low value="20021122091000"/>\n\t\t\t\t<high value="20021122091010"/>'
    content = changed(('<head value="20021122091000"/>', ""), (series, interval))
    assert str(read(content).acquired_at) == begin


def test_sequence_sets_of_one_series_lie_at_their_own_times() -> None:
    first = sequence_set("20021122091000", {"I": "1 2 3", "II": "4 5 6"})
    second = sequence_set("20021122091000.010", {"I": "7 8", "V1": "9 10"})
    text = re.sub(
        r"(?s)<component>\s*<sequenceSet>.*?</sequenceSet>\s*</component>",
        first + second,
        MINIMUM.decode(),
    )
    signal = read(text.encode())
    assert signal.leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V1")
    assert np.array_equal(signal.samples_uv[0], [1, 2, 3, np.nan, np.nan, 7, 8], equal_nan=True)
    assert np.array_equal(
        signal.samples_uv[1], [4, 5, 6, np.nan, np.nan, np.nan, np.nan], equal_nan=True
    )
    assert np.array_equal(signal.samples_uv[2, :3], [3, 3, 3])
    assert np.array_equal(
        signal.samples_uv[6], [np.nan, np.nan, np.nan, np.nan, np.nan, 9, 10], equal_nan=True
    )


def test_rhythm_series_of_other_leads_join_and_beats_never_do() -> None:
    def series(code: str, lead: str, digits: str) -> str:
        held = sequence_set("20021122091000", {lead: digits})
        return f'<component><series><code code="{code}"/>{held}</series></component>'

    text = MINIMUM.decode()
    begin = text.index("<component>\n\t\t<series>")
    body = (
        series("REPRESENTATIVE_BEAT", "V6", "1 1 1 1 1 1 1 1")
        + series("RHYTHM", "V1", "5 6 7")
        + series("RHYTHM", "V2", "8 9")
    )
    signal = read((text[:begin] + body + "</AnnotatedECG>").encode())
    assert signal.leads == ("V1", "V2")
    assert np.allclose(signal.samples_uv[0], [5, 6, 7])
    assert np.array_equal(signal.samples_uv[1], [8, 9, np.nan], equal_nan=True)
    only = text[:begin] + series("REPRESENTATIVE_BEAT", "V6", "1 1 1") + "</AnnotatedECG>"
    with pytest.raises(EcgFormatError, match="no rhythm series"):
        read(only.encode())


def test_a_chinese_name_in_parts_is_one_word() -> None:
    person = (
        "<subjectDemographicPerson><name><given>三</given><family>张</family></name>"
        '<administrativeGenderCode code="F"/><birthTime value="19701123"/>'
        "</subjectDemographicPerson>"
    )
    content = changed(("</trialSubject>", person + "</trialSubject>"))
    patient = read(content.decode().encode("gb18030")).patient
    assert (patient.name, patient.sex, patient.age_years) == ("张三", Sex.FEMALE, 31.0)


def test_thousands_of_series_and_statements_cost_no_more_than_their_number() -> None:
    text = MINIMUM.decode()
    begin = text.index("<component>\n\t\t<series>")
    series = "".join(
        '<component><series><code code="RHYTHM"/>'
        + sequence_set("20021122091000", {f"L{number}": "1"})
        + "</series></component>"
        for number in range(6_000)
    )
    with without_hanging():
        assert read((text[:begin] + series + "</AnnotatedECG>").encode()).n_leads == MAX_LEADS
        annotation = (
            '<component><annotation><code code="MDC_ECG_INTERPRETATION"/><value>{}</value>'
            "</annotation></component>"
        )
        said = "".join(annotation.format(number) for number in range(30_000))
        held = f"<subjectOf><annotationSet>{said}</annotationSet></subjectOf></series>"
        assert len(read(changed(("</series>", held))).device_statements) == 64


@pytest.mark.parametrize(
    ("person", "further", "identity", "age"),
    [
        ("<patientID>P-9</patientID><age unit='岁'>63</age>", "", "P-9", 63.0),
        ("<PatientID>P-9</PatientID><age>63</age>", "", "P-9", None),
        ("<age unit='U'>0</age>", "<id root='1.2' extension='P-9'/>", "P-9", None),
        ("", "<id root='P-9'/>", "P-9", None),
        ("", "", None, None),
    ],
)
def test_the_ways_of_chinese_makers_with_the_patient_are_known(
    person: str, further: str, identity: str | None, age: float | None
) -> None:
    first = f"<code code='ENROLLED'/><subjectDemographicPerson>{person}</subjectDemographicPerson>"
    second = f"</trialSubject></subject><subject><trialSubject>{further}"
    stated = '<id root="2.16.840.1.113883.3.456" extension="SBJ-123"/>'
    patient = read(changed((stated, first + second))).patient
    assert (patient.id, patient.age_years) == (identity, age)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('increment value="0.002"', 'increment value="0"', "interval of 0 s"),
        ('increment value="0.002" unit="s"', 'increment value="1" unit="furlong"', "furlong"),
        ('scale value="2.5" unit="uV"', 'scale value="2.5" unit="kg"', "kg"),
        ('scale value="2.5"', 'scale value="1e30"', "unit or gain"),
        ("TIME_ABSOLUTE", "TIME_UNKNOWN", "no time sequence"),
        ("-2 -2 -2", "-2 x -2", "not numbers"),
        ("-2 -2 -2", "-2 1e999 -2", "infinite"),
        ("MDC_ECG_LEAD_II", "MDC_PULS_OXIM", "no rhythm series"),
        ('increment value="0.002"', 'increment value="0.5"', "interval of 0.5 s"),
    ],
)
def test_what_makes_no_signal_is_one_clear_line(old: str, new: str, message: str) -> None:
    with pytest.raises(EcgFormatError, match=message) as caught:
        read(changed((old, new)))
    assert str(caught.value).startswith("HL7 aECG: ")


def test_sets_that_lie_a_century_apart_do_not_fill_memory() -> None:
    sets = sequence_set("19021122091000", {"I": "1 2"}) + sequence_set("20021122", {"II": "1 2"})
    text = re.sub(
        r"(?s)<component>\s*<sequenceSet>.*?</sequenceSet>\s*</component>", sets, MINIMUM.decode()
    )
    with pytest.raises(EcgFormatError, match="too far apart"):
        read(text.encode())


def test_every_cut_file_is_refused() -> None:
    for length in range(MINIMUM.rindex(b">")):
        with pytest.raises(EcgFormatError):
            read(MINIMUM[:length])


@settings(deadline=None, max_examples=200)
@given(at=st.integers(0, len(MINIMUM) - 1), junk=st.binary(min_size=1, max_size=6))
def test_every_damaged_file_is_read_or_refused(at: int, junk: bytes) -> None:
    try:
        signal = read(MINIMUM[:at] + junk + MINIMUM[at + len(junk) :])
    except EcgFormatError:
        return
    assert signal.source_format == "aecg"


@settings(deadline=None, max_examples=150)
@given(
    which=st.integers(0, 200),
    value=st.text(alphabet="0123456789.-+eE naNif年", max_size=12)
    | st.sampled_from(["1e308", "-1", "0", "99999999999999999999", "20021122091000+9999"]),
)
def test_every_attribute_may_hold_anything(which: int, value: str) -> None:
    places = list(re.finditer(rb'value="([^"]*)"', MINIMUM))
    place = places[which % len(places)]
    try:
        read(MINIMUM[: place.start(1)] + value.encode() + MINIMUM[place.end(1) :])
    except EcgFormatError:
        return


def test_shared_files_are_read_or_refused() -> None:
    folder = shared_ecg_data() / "formats" / "hl7_aecg"
    for path in sorted(folder.glob("*.xml")):
        if path.name == "empty.xml":
            with pytest.raises(EcgFormatError, match="no rhythm series"):
                read(path)
        else:
            signal = read(path)
            assert (signal.n_leads, signal.n_samples) in {(12, 5000), (1, 13)}


def test_scp_and_aecg_of_one_recording_agree() -> None:
    folder = shared_ecg_data() / "formats"
    ours, theirs = (
        read(folder / "hl7_aecg" / "ecgtoolkit_Example.xml"),
        read(folder / "scp" / "ecgtoolkit_Example.scp"),
    )
    assert set(ours.leads) == set(theirs.leads)
    for lead in ours.leads:
        one, other = ours.lead(lead), theirs.lead(lead)
        assert one is not None
        assert other is not None
        assert np.abs(one - other).max() <= 2.5
