"""SCP-ECG records as devices write them, and what they must not do to the reader."""

import datetime as dt
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg import EcgFormatError, EcgSignal, read
from ecg.formats import Format, sniff
from ecg.formats.scp import Coding, ScpOptions, read_scp, write_scp
from ecg.formats.scp.leads import lead_name, read_beats, read_leads
from ecg.formats.scp.record import read_sections
from ecg.formats.scp.tables import read_tables
from ecg.formats.scp.waveform import read_samples, read_streams
from ecg.signal import LIMB_LEADS, Sex
from tests.ecg.formats.hostile import without_hanging
from tests.ecg.formats.scp_records import SAMPLE, changed, resealed, section_1
from tests.support.peers import shared_ecg_data

CONTENT = SAMPLE.read_bytes()


def small(coding: Coding = Coding.HUFFMAN) -> bytes:
    """Return a record of under 800 bytes with every kind of section."""
    rows = np.round(100.0 * np.sin(np.arange(120) / 9.0)) * np.array([[1.0], [-2.0]])
    signal = EcgSignal(
        samples_uv=rows,
        fs_hz=250.0,
        leads=("I", "II"),
        device_statements=("sinus rhythm",),
        device_measurements={"qrs_ms": 92.0},
    )
    return write_scp(signal, ScpOptions(coding, reference_beat=True, thinning=2))


def test_a_real_record_is_read_with_all_that_it_says() -> None:
    signal = read(SAMPLE)
    assert sniff(CONTENT) is Format.SCP
    assert (signal.fs_hz, signal.samples_uv.shape, signal.source_format) == (
        600.0,
        (12, 6000),
        "scp",
    )
    assert signal.leads == (*LIMB_LEADS, "V3R", "V1", "V2", "V4", "V6", "V7")
    assert signal.device == "Welch Allyn Cardio Control MDW14"
    assert (signal.filters.high_cut_hz, signal.filters.notch_hz) == (35.0, 50.0)
    assert signal.filters.low_cut_hz is None
    assert (signal.patient.id, signal.patient.age_years) == ("ANON000007", 36.0)
    assert (signal.patient.sex, signal.patient.birth_date) == (None, None)
    assert signal.acquired_at is None, "its anonymiser wrote the date in the wrong byte order"
    assert signal.device_statements[0].startswith("Analyserad med pedriatriska kriterier med hjälp")
    assert signal.device_statements[2:4] == ("sinusrytm", "AV-block I (begränsad)")


def test_what_the_device_measured_is_kept_by_our_names() -> None:
    said = read(SAMPLE).device_measurements
    assert (said["heart_rate_bpm"], said["rr_mean_ms"]) == (82.0, 731.0)
    assert (said["p_ms"], said["pr_ms"], said["qrs_ms"], said["qt_ms"]) == (102, 177, 100, 343)
    assert said["qtc_bazett_ms"] == pytest.approx(343.0 / np.sqrt(0.731), abs=1.0)
    assert (said["axis_p_deg"], said["axis_qrs_deg"], said["axis_t_deg"]) == (64, 49, 25)
    assert said["r_mv V4"] == 1.927
    assert (said["s_mv V2"], said["st_j_mv V2"]) == (-2.360, 0.080)


def test_the_reference_beat_has_the_amplitudes_that_the_device_measured() -> None:
    # Its rhythm is low-passed at 35 Hz, its reference beat, stored as first differences, is not.
    sections = read_sections(CONTENT)
    spans = read_leads(sections[3]).spans
    beat, beats = read_streams(sections[5], len(spans)), read_beats(sections[4])
    length = beats.length_ms * 1000 // beat.interval_us
    waves = read_samples(beat, [length] * len(spans), read_tables(sections[2]))
    said = read(SAMPLE).device_measurements
    for span, wave in zip(spans, waves, strict=True):
        height_mv = (wave.max() - np.median(wave[:50])) * beat.quantum_uv / 1000.0
        assert height_mv == pytest.approx(said[f"r_mv {lead_name(span.code)}"], rel=0.07)


def test_limb_leads_that_are_not_stored_are_computed() -> None:
    signal = read(SAMPLE)
    i, ii, iii, avr, avl, avf = signal.samples_uv[:6]
    assert np.array_equal(iii, ii - i)
    assert np.array_equal(avr, -(i + ii) / 2.0)
    assert np.array_equal(avl, i - ii / 2.0)
    assert np.array_equal(avf, ii - i / 2.0)


def test_ecg_toolkits_record_and_its_aecg_hold_the_same_digits() -> None:
    folder = shared_ecg_data() / "formats"
    signal = read(folder / "scp" / "ecgtoolkit_Example.scp")
    text = (folder / "hl7_aecg" / "ecgtoolkit_Example.xml").read_text("utf-8", "ignore")
    found = re.findall(
        r'MDC_ECG_LEAD_(\w+)".*?<scale value="([\d.]+)".*?<digits>([^<]*)</digits>', text, re.DOTALL
    )
    assert len(found) >= 12
    for lead, scale, digits in found[:12]:
        row = next(signal.lead(name) for name in signal.leads if name.upper() == lead)
        values = np.array(digits.split(), dtype=np.float64) * float(scale)
        assert row is not None
        assert np.array_equal(row, values)
    assert (signal.patient.name, signal.patient.sex) == ("Clark", Sex.MALE)
    assert (signal.patient.id, signal.patient.birth_date) == ("SBJ-123", dt.date(1953, 5, 8))
    assert signal.acquired_at is not None
    assert signal.acquired_at.isoformat() == "2002-11-22T09:10:00"
    assert signal.device_measurements["qt_ms"] == 420.0


def test_every_record_of_the_development_data_is_read() -> None:
    files = sorted((shared_ecg_data() / "formats" / "scp").iterdir())
    assert len(files) == 13
    assert {read(path).samples_uv.shape for path in files} == {(12, 6000), (12, 5000)}


@pytest.mark.parametrize(
    ("raw", "language", "text"),
    [
        ("张三".encode("gb2312"), 0x27, "张三"),
        ("欧阳娜娜".encode("gbk"), 0x00, "欧阳娜娜"),
        ("王小明".encode("gbk"), 0x01, "王小明"),
        ("喆𠮷".encode("gb18030"), 0x27, "喆𠮷"),
        ("李雷".encode(), 0x00, "李雷"),
        ("Åsa Öberg".encode("latin-1"), 0x00, "Åsa Öberg"),
        ("Müller".encode("latin-1"), 0x01, "Müller"),
        ("Größe".encode("latin-1"), 0x01, "Größe"),
        ("Łukasz".encode("iso8859-2"), 0x03, "Łukasz"),
        ("Иванов".encode("iso8859-5"), 0x13, "Иванов"),
        ("Ｗ李".encode("utf-16-le"), 0x07, "Ｗ李"),
        ("김".encode("cp949"), 0x2F, "김"),
    ],
)
def test_names_are_read_by_the_declared_language_or_what_they_are(
    raw: bytes, language: int, text: str
) -> None:
    record = changed(CONTENT, {1: section_1({0: raw + b"\0\0"}, language)})
    assert read(record).patient.name == text


def test_a_chinese_name_in_two_fields_is_one_word() -> None:
    fields = {0: "欧阳".encode("gbk"), 1: "修".encode("gbk")}
    assert read(changed(CONTENT, {1: section_1(fields)})).patient.name == "欧阳修"
    both = {0: b"Smith\0", 1: b"Ann\0", 3: b"Lee\0"}
    assert read(changed(CONTENT, {1: section_1(both)})).patient.name == "Smith Lee Ann"


@pytest.mark.parametrize(
    ("field", "years"),
    [
        (b"\x24\x00\x01", 36.0),
        (b"\x06\x00\x02", 0.5),
        (b"\x1a\x00\x03", 0.5),
        (b"\x0a\x00\x04", 0.03),
        (b"\x18\x00\x05", 0.0),
        (b"\x24\x00\x00", None),
        (b"\xff\xff\x01", None),
        (b"\x24", None),
    ],
)
def test_ages_are_read_in_every_unit(field: bytes, years: float | None) -> None:
    assert read(changed(CONTENT, {1: section_1({4: field})})).patient.age_years == years


def test_times_bear_the_zone_they_state() -> None:
    fields = {25: b"\xea\x07\x0b\x19", 26: b"\x12\x1e\x05", 34: b"\xe0\x01\0\0\0"}
    fields[5] = b"\xce\x07\x0c\x01"
    signal = read(changed(CONTENT, {1: section_1(fields)}))
    assert signal.acquired_at is not None
    assert signal.acquired_at.isoformat() == "2026-11-25T18:30:05+08:00"
    assert signal.patient.age_years == 27.0, "by birth date, the day before the birthday"
    fields[34] = b"\xff\x7f\x05\0EST5\0"
    unknown = read(changed(CONTENT, {1: section_1(fields)})).acquired_at
    assert unknown is not None
    assert unknown.isoformat() == "2026-11-25T18:30:05"
    fields[26] = b"\x63\0\0"
    day = read(changed(CONTENT, {1: section_1(fields)})).acquired_at
    assert day is not None
    assert day.isoformat() == "2026-11-25T00:00:00"


def test_universal_statements_stand_behind_the_texts() -> None:
    coded = bytes(8) + b"\x04"
    coded += b"\x01\x0a\x00\x01AMI\0PR\0\0\0" + b"\x02\x0b\x00\x02sinusrytm\0"
    coded += b"\x03\x04\x00\x031&2" + b"\x04\x06\x00\x01LVH\0\0"
    statements = read(changed(CONTENT, {11: coded})).device_statements
    assert statements[-2:] == ("AMI PR", "LVH")
    assert statements.count("sinusrytm") == 1


def test_a_broken_report_costs_only_itself() -> None:
    good, record = read_sections(CONTENT), small()
    for number in (7, 8, 10):
        for size in range(len(good[number])):
            signal = read(changed(record, {number: good[number][:size]}))
            assert signal.n_samples == 120
    assert read(changed(CONTENT, {1: None, 7: None, 8: None, 10: None})).patient.id is None


def test_one_changed_byte_is_damage() -> None:
    for at in (30, 400, 3000, 24_500):
        content = bytearray(CONTENT)
        content[at] ^= 1
        with pytest.raises(EcgFormatError, match=r"checksum|pointer|bytes"):
            read(bytes(content))


def test_a_section_is_believed_for_its_own_checksum_or_the_records() -> None:
    wrong_record = b"\x12\x34" + CONTENT[2:]
    assert read(wrong_record).n_samples == 6000
    swapped = CONTENT[1::-1] + CONTENT[2:]
    assert read(swapped).n_samples == 6000
    wrong_section = bytearray(CONTENT)
    wrong_section[142:144] = b"\x12\x34"
    assert read(resealed(bytes(wrong_section))).n_samples == 6000
    with pytest.raises(EcgFormatError, match="checksum of section 1 does not fit"):
        read(bytes(wrong_section))
    # An anonymiser in use counts a section's number up and seals it anew.
    wrong_section[142:144], wrong_section[144:146] = CONTENT[142:144], b"\x74\x00"
    assert read(resealed(bytes(wrong_section))).n_samples == 6000


def test_a_pointers_wrong_length_is_told_by_the_checksum() -> None:
    content = bytearray(CONTENT)
    size = int.from_bytes(content[34:38], "little")
    for wrong in (size + 2, size - 2, 0x7FFFFFFF):
        content[34:38] = wrong.to_bytes(4, "little")
        assert read(resealed(bytes(content))).patient.id == "ANON000007"
        with pytest.raises(EcgFormatError, match="checksum of section 0"):
            read(bytes(content))


def test_a_record_without_any_checksum_is_read() -> None:
    content = bytearray(CONTENT)
    places = [0, 6]
    for pointer in range(32, 142, 10):
        index = int.from_bytes(content[pointer + 6 : pointer + 10], "little")
        places += [index - 1] if index else []
    for place in places:
        content[place : place + 2] = b"\0\0"
    assert read(bytes(content)).n_samples == 6000
    content[144] ^= 0x40
    with pytest.raises(EcgFormatError, match="leads to something else"):
        read(bytes(content))


def test_bytes_behind_the_record_are_passed_over() -> None:
    assert read(CONTENT + b"\0" * 100).n_samples == 6000


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ({3: None}, "section 3 is missing"),
        ({6: None}, "section 6 is missing"),
        ({3: b"\0\0"}, "0 leads"),
        ({3: b"\xff\0" + bytes(9) * 255}, "255 leads"),
        ({3: b"\x01\x00\x05\0\0\0\x01\0\0\0\x01"}, "ends before it starts"),
        ({3: b"\x01\x00\x01\0\0\0\xff\xff\xff\xff\x01"}, "of its 4294967295 samples"),
        ({3: b"\x01\x00\x01\0\0\0\x00\x00\x10\x00\x01"}, "of its 1048576 samples"),
        ({6: bytes(400)}, "0 nV"),
        ({6: b"\x88\x13\xd0\x07\x03\0" + bytes(400)}, "differences 3"),
        ({6: b"\x88\x13\x0a\x00\x02\0" + bytes(400)}, "samples"),
        ({6: b"\x88\x13\xd0\x07\x02\0" + b"\xff\xff" * 8}, "ends within"),
        ({2: b"\x41\x00"}, "65 Huffman tables"),
        ({2: b"\x02\x00\xff\xff"}, "ends within"),
        ({2: b"\x01\x00\x02\x00" + b"\x00\x10\x01\0\0\0\0\0\0" * 2}, "makes no sense"),
        ({4: None, 3: None}, "section 3 is missing"),
    ],
)
def test_lying_sections_are_refused(sections: dict[int, bytes | None], reason: str) -> None:
    with pytest.raises(EcgFormatError, match=reason):
        read(changed(CONTENT, sections))


def test_a_reference_beat_that_is_needed_must_be_there() -> None:
    record = small()
    for number in (4, 5):
        with pytest.raises(EcgFormatError, match="reference beat"):
            read(changed(record, {number: None}))


def test_a_million_pointers_are_refused_at_once() -> None:
    size = 16 + 10 * 1_000_000
    head = b"\0\0" + size.to_bytes(4, "little") + bytes(2) + b"SCPECG"
    body = head + b"\x03\0\xff\xff\xff\xff\xff\xff\xff\xff" * 1_000_000
    with without_hanging():
        length = (8 + len(body)).to_bytes(4, "little")
        with pytest.raises(EcgFormatError, match="too many sections"):
            read(resealed(b"\0\0" + length + b"\0\0" + body))


def test_nothing_is_planned_for_samples_that_cannot_be_there() -> None:
    record = small()
    spans = bytearray(read_sections(record)[3])
    for count in (10_000, 1 << 24, (1 << 32) - 1):
        spans[6:10] = count.to_bytes(4, "little")
        with (
            without_hanging(),
            pytest.raises(EcgFormatError, match=f"lead I has at most .* of its {count} samples"),
        ):
            read(changed(record, {3: bytes(spans)}))


def test_a_record_larger_than_any_ecg_is_refused_unread() -> None:
    huge = CONTENT[:2] + (1 << 26).to_bytes(4, "little") + CONTENT[6:]
    with pytest.raises(EcgFormatError, match="larger than 32 MiB"):
        read(huge + bytes((1 << 26) - len(huge)))


def test_bit_streams_that_never_end_end() -> None:
    good = read_sections(CONTENT)
    end = (8 * 0xFFFF).to_bytes(4, "little")
    spans = b"".join(b"\x01\0\0\0" + end + bytes((code,)) for code in range(1, 65))
    ones = b"\x88\x13\xd0\x07\x02\0" + b"\xff\xff" * 64 + b"\xff" * 0xFFFF * 64
    zeros = b"\x88\x13\xd0\x07\x02\0" + b"\xff\xff" * 64 + b"\x00" * 0xFFFF * 64
    switch = b"\x02\0" + b"\x02\0" + b"\x01\x01\x00\x02\0\0\0\0\0" + b"\x02\x02\x01\0\0\x01\0\0\0"
    switch += b"\x02\0" + b"\x01\x01\x00\x01\0\0\0\0\0" + b"\x02\x02\x01\0\0\x01\0\0\0"
    for data, tables in ((ones, good[2]), (ones, switch), (zeros, switch)):
        with without_hanging(), pytest.raises(EcgFormatError, match="of its 524280 samples"):
            read(changed(CONTENT, {2: tables, 3: b"\x40\x00" + spans, 6: data}))


@pytest.mark.parametrize("coding", list(Coding))
def test_every_truncation_is_refused(coding: Coding) -> None:
    record = small(coding)
    assert read_scp(record).n_samples == 120
    for size in range(len(record)):
        with pytest.raises(EcgFormatError):
            read_scp(record[:size])
        cut = b"\0\0" + size.to_bytes(4, "little") + record[6:size]
        if size >= 6:
            with pytest.raises(EcgFormatError):
                read_scp(resealed(cut))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_changed_bytes_raise_nothing_else(data: st.DataObject) -> None:
    record = bytearray(small(data.draw(st.sampled_from(list(Coding)))))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(6, len(record) - 1))
        record[at] = data.draw(st.integers(0, 255))
    try:
        signal = read_scp(resealed(bytes(record)))
    except EcgFormatError:
        return
    assert signal.n_samples >= 1


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_behind_the_mark_raise_nothing_else(tail: bytes) -> None:
    with pytest.raises(EcgFormatError):
        read_scp(resealed(CONTENT[:32] + tail))
