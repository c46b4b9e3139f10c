"""Philips Sierra XML: XLI and its bounds, both versions, and damage."""

import base64
import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecg import EcgFormatError, read, screen
from ecg.formats import Format, sniff
from ecg.formats.xli import decode_xli, lzw
from ecg.signal import STANDARD_LEADS, FilterInfo, Sex
from tests.ecg.formats.hostile import without_hanging
from tests.ecg.formats.xml_samples import counts, xml_sample
from tests.support.peers import shared_ecg_data


def packed(codes: list[int]) -> bytes:
    """Return 10-bit codes, the most significant bit first."""
    bits = "".join(f"{code:010b}" for code in codes)
    return bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))


def lzw_of(content: bytes) -> bytes:
    """Compress with LZW of 10 bits that ends in code 1023."""
    table = {bytes((value,)): value for value in range(256)}
    codes: list[int] = []
    word = b""
    for byte in content:
        longer = word + bytes((byte,))
        if longer in table:
            word = longer
            continue
        codes.append(table[word])
        if len(table) <= 1022:
            table[longer] = len(table)
        word = bytes((byte,))
    return packed([*codes, *([table[word]] if word else []), 1023])


def xli_of(rows: NDArray[np.int16]) -> bytes:
    """Compress rows of samples, each a chunk."""
    chunks: list[bytes] = []
    for row in rows.astype(np.int64):
        second = np.concatenate((-np.diff(row, 2), [0]))
        values = np.concatenate((row[:2], second[1:] + 64)).astype(np.uint16)
        body = lzw_of((values >> 8).astype(np.uint8).tobytes() + values.astype(np.uint8).tobytes())
        first = int((second[0] + 32768) % 65536 - 32768)
        chunks.append(struct.pack("<IHh", len(body), 0, first) + body)
    return b"".join(chunks)


def document(samples: bytes, compression: str = "XLI") -> bytes:
    """Return a small document of version 1.04 with twelve leads of 40 samples."""
    text = f"""<?xml version="1.0" encoding="utf-16"?><restingecgdata>
<documentinfo><documenttype>PhilipsECG</documenttype><documentversion>1.04</documentversion>
</documentinfo><dataacquisition date="2010-01-19" time="15:19:22"><machine>TC10</machine>
<signalcharacteristics><samplingrate>500</samplingrate><resolution>5</resolution>
</signalcharacteristics></dataacquisition><waveforms><parsedwaveforms dataencoding="Base64"
compression="{compression}" numberofleads="12" leadlabels="{" ".join(STANDARD_LEADS)}"
durationperchannel="80" bitspersample="16">{base64.b64encode(samples).decode()}</parsedwaveforms>
</waveforms></restingecgdata>"""
    return text.encode("utf-16")


ROWS = counts(12, 40)
CONTENT = document(xli_of(ROWS))


def test_version_1_03_is_read_with_all_that_the_file_says() -> None:
    content = xml_sample("sierra_103_repbeats")
    signal = read(content)
    assert sniff(content) is Format.SIERRA
    assert (signal.leads, signal.fs_hz, signal.source_format) == (STANDARD_LEADS, 500.0, "sierra")
    assert (signal.patient.id, signal.patient.age_years) == ("1112010721168bdc", 50.0)
    assert (signal.patient.sex, signal.device) == (Sex.MALE, "Philips HeartstartMRx")
    assert str(signal.acquired_at) == "2011-12-01 07:27:34"
    assert signal.filters == FilterInfo(0.05, 150.0, None)
    assert signal.device_statements == (
        "Sinus bradycardia, rate< 50",
        "Nonspecific intraventricular conduction delay, QRSd >115mS, not LBBB/RBBB",
        "Inferior infarct, acute (LCx), ST>0.10mV, II III aVF, STd V1-V3",
        ">>> Acute MI <<<",
        "ABNORMAL ECG",
    )
    assert signal.device_measurements["qtc_bazett_ms"] == 393.0
    assert screen(signal).measurements.heart_rate_bpm == pytest.approx(41.0, abs=1.5)


def test_version_1_04_agrees_with_the_annotated_ecg_that_philips_made_of_it() -> None:
    signal, other = read(xml_sample("sierra_104")), read(xml_sample("sierra_104_as_aecg"))
    assert signal.leads == other.leads == STANDARD_LEADS
    assert signal.acquired_at == other.acquired_at
    assert signal.patient.birth_date == other.patient.birth_date
    stated = signal.device_measurements
    assert {name: stated[name] for name in other.device_measurements} == other.device_measurements
    assert signal.device_statements == ("SINUS BRADYCARDIA, V-rate<60", "OTHERWISE NORMAL ECG")
    for name in STANDARD_LEADS:
        ours, theirs = signal.lead(name), other.lead(name)
        assert ours is not None
        assert theirs is not None
        assert np.abs(ours - theirs).max() <= 20.0
        assert np.abs(ours - theirs).mean() <= 4.0
        assert np.corrcoef(ours, theirs)[0, 1] > 0.995


def test_limb_leads_obey_einthoven_to_one_step() -> None:
    signal = read(xml_sample("sierra_104"))
    i, ii, iii, avr, avl, avf = signal.samples_uv[:6]
    assert np.abs(i + iii - ii).max() <= 5.0
    for lead, exact in ((avr, -(i + ii) / 2), (avl, (i - iii) / 2), (avf, (ii + iii) / 2)):
        assert np.abs(lead - exact).max() <= 5.0
        assert abs((lead - exact).mean()) <= 0.2


def test_the_calibration_pulse_is_left_out_but_not_a_quiet_end() -> None:
    signal = read(xml_sample("sierra_104"))
    assert signal.n_samples == 5300
    assert np.abs(signal.samples_uv[:, -1]).max() > 100.0


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-32768, 32767), min_size=4, max_size=300),
    st.integers(1, 3),
)
def test_xli_gives_back_what_was_compressed(row: list[int], n_leads: int) -> None:
    rows = np.array([row] * n_leads, dtype=np.int16)
    assert np.array_equal(decode_xli(xli_of(rows), n_leads, len(row)), rows)


def test_predicted_limb_leads_are_restored() -> None:
    residual = ROWS.astype(np.int64)
    samples = read(CONTENT).samples_uv / 5.0
    i, ii = residual[0], residual[1]
    assert np.array_equal(samples[2], ii - i - residual[2])
    assert np.array_equal(samples[3], -residual[3] - np.trunc((i + ii) / 2))
    assert np.array_equal(samples[4], np.trunc((i - samples[2]) / 2) - residual[4])
    assert np.array_equal(samples[5], np.trunc((ii + samples[2]) / 2) - residual[5])
    assert np.array_equal(samples[6:], residual[6:])


def test_uncompressed_leads_are_whole() -> None:
    samples = read(document(ROWS.astype("<i2").tobytes(), "Uncompressed")).samples_uv
    assert np.array_equal(samples, ROWS * 5.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("PhilipsECG<", "MortaraECG<", "type 'MortaraECG'"),
        (">1.04<", ">1.05<", "version '1.05'"),
        (">1.04<", "><", "version"),
        ('"XLI"', '"ZIP"', "compression 'ZIP'"),
        ('"Base64"', '"Hex"', "base64"),
        ('"80"', '"82"', "end early"),
        ('"80"', '"1e12"', "duration"),
        ('"80"', '"-5"', "duration"),
        ('bitspersample="16"', 'bitspersample="12"', "16 bits"),
        ('numberofleads="12"', 'numberofleads="13"', None),
        ("I II III", "I I III", "limb leads"),
        (">500<", "><", "rate"),
        (">5<", ">0<", "resolution"),
        (">5<", ">1e30<", "unit or gain"),
        ("dataacquisition", "nothing", "no rhythm"),
    ],
)
def test_what_is_damaged_is_one_clear_line(old: str, new: str, message: str | None) -> None:
    text = CONTENT.decode("utf-16")
    assert old in text
    changed = text.replace(old, new).encode("utf-16")
    if message is None:
        assert read(changed).n_leads == 12
        return
    with pytest.raises(EcgFormatError, match=message) as caught:
        read(changed)
    assert str(caught.value).startswith("Philips Sierra XML: ")


def test_a_bomb_ends_at_the_stated_length() -> None:
    codes = [0, *range(256, 1023)] + [1022] * 500_000
    with without_hanging(), pytest.raises(EcgFormatError, match="longer than they state"):
        lzw(packed(codes[:2000]) * 40, 11_000)
    assert lzw(packed([1023, 1, 2]), 10) == b""


@pytest.mark.parametrize("codes", [[256], [300, 1], [1, 2, 700]])
def test_a_code_that_nobody_set_is_refused(codes: list[int]) -> None:
    with pytest.raises(EcgFormatError, match="not set"):
        lzw(packed(codes), 1000)


def test_every_cut_file_is_refused() -> None:
    text = CONTENT.decode("utf-16").encode()
    for length in range(len(text)):
        with pytest.raises(EcgFormatError):
            read(text[:length])


def test_every_cut_payload_is_refused() -> None:
    payload = xli_of(ROWS)
    for length in range(len(payload)):
        with pytest.raises(EcgFormatError):
            decode_xli(payload[:length], 12, 40)


@settings(deadline=None, max_examples=300)
@given(at=st.integers(0, 2000), junk=st.binary(min_size=1, max_size=8))
def test_every_damaged_payload_is_read_or_refused(at: int, junk: bytes) -> None:
    payload = xli_of(ROWS)
    at %= len(payload)
    try:
        signal = read(document(payload[:at] + junk + payload[at + len(junk) :]))
    except EcgFormatError:
        return
    assert signal.n_samples == 40


@settings(deadline=None, max_examples=150)
@given(at=st.integers(0, len(CONTENT) - 1), junk=st.binary(min_size=1, max_size=6))
def test_every_damaged_file_is_read_or_refused(at: int, junk: bytes) -> None:
    try:
        signal = read(CONTENT[:at] + junk + CONTENT[at + len(junk) :])
    except EcgFormatError:
        return
    assert signal.source_format == "sierra"


def test_shared_files_are_read_or_refused() -> None:
    folder = shared_ecg_data() / "formats" / "philips_sierra"
    for path in sorted(folder.glob("*.xml")):
        if path.name.startswith("invalid"):
            with pytest.raises(EcgFormatError, match=re.escape("are not read, only SierraECG")):
                read(path)
            continue
        signal = read(path)
        stated = signal.device_measurements["heart_rate_bpm"]
        assert screen(signal).measurements.heart_rate_bpm == pytest.approx(stated, abs=4.0)
