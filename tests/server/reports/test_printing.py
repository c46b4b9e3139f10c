"""The printed report, read back by a stranger's program."""

import re
from typing import Any

import pytest

from ecg import read, screen
from ecg.findings import DISCLAIMER_ZH
from ecg.render import render
from server.patients.public import PatientOut
from server.reports.models import AmendmentKind, ReportStatus
from server.reports.printing import printed
from server.reports.sheet import EcgFacts, ReportFacts
from server.requests.public import RequestKind
from tests.server.reports.sheets import CT, FONT, facts
from tests.support.dicom_files import sample
from tests.support.pdf import pdf_facts, pdf_fonts, pdf_picture, pdf_text

RECORDING = read(sample("waveform_ecg.dcm"))
MEASURED: dict[str, Any] = dict(screen(RECORDING).measurements.__dict__)
ECG = facts(
    kind=RequestKind.ECG,
    modalities=["ECG"],
    reviewer=None,
    ecg=EcgFacts(
        drawing_svg=render(RECORDING, heading=False),
        measurements=MEASURED,
        rules_version="2026.11",
        hints_zh=["窦性心动过速", "电轴左偏"],
    ),
)


def words(what: ReportFacts) -> str:
    """Return what stands on the paper without spaces, breaks and the places to break."""
    return re.sub(r"[\s\u200b]+", "", pdf_text(printed(what, FONT)))


def test_the_paper_names_both_institutions_patient_text_physicians_and_times() -> None:
    text = words(CT)
    for expected in (
        "远程影像诊断报告单", "检查单位马渡镇卫生院", "诊断单位青禾县人民医院", "张样本", "男",
        "66岁", "DEMO-0007", "ACC-1", "头颅平扫", "突发左侧肢体无力2小时", "检查所见",
        "两侧基底节区见多发斑点状低密度影。", "诊断意见", "2.老年性脑改变", "沈示范", "陆审核",
        "报告编号4f1c9e6a0b7d4a1e8c2d3b5f6a7e8d9c",
    ):  # fmt: skip
        assert expected in text, expected


def test_times_are_china_s() -> None:
    text = words(CT)
    for expected in (
        "检查时间2026-11-2509:09", "接收时间2026-11-2600:14", "报告时间：2026-11-2510:17",
        "审核时间：2026-11-2510:31",
    ):  # fmt: skip
        assert expected in text, expected


def test_one_who_signs_alone_has_one_time() -> None:
    text = words(ECG)
    assert "签发时间：2026-11-2510:31" in text
    assert "报告时间" not in text


def test_it_is_an_archivable_a4_page_with_its_one_font_in_it() -> None:
    pdf = printed(CT, FONT)
    told = pdf_facts(pdf)
    assert (told["Pages"], told["JavaScript"], told["Form"]) == ("1", "no", "none")
    assert told["Page size"].endswith("(A4)")
    assert told["Title"] == "远程影像诊断报告单"
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pdf
    (font,) = pdf_fonts(pdf)
    assert re.search(r"NotoSansSC-Regular .* yes yes yes ", font)


@pytest.mark.parametrize("what", [CT, ECG], ids=["image", "ecg"])
def test_the_same_facts_are_the_same_bytes(what: ReportFacts) -> None:
    assert printed(what, FONT) == printed(what, FONT)
    assert printed(what, FONT) != printed(facts(what, impression="未见异常"), FONT)


def nobody(**changes: Any) -> PatientOut:
    """Return a patient of whom nothing is known but what is said here."""
    unknown: dict[str, Any] = {
        "name": None, "patient_id": None, "sex": None, "birth_date": None, "age_years": None,
    }  # fmt: skip
    return PatientOut(**{**unknown, **changes})


HOSTILE = (
    "#panic() $x$ *b* _u_ @ref <lab> ] [ \\ `raw` // --- #let sheet = 1 =h -li /* c */ ~ 'q' \"d\""
)


@pytest.mark.parametrize(
    "changes",
    [
        {"findings": HOSTILE},
        {"impression": HOSTILE},
        {"complaint": HOSTILE},
        {"description": HOSTILE},
        {"accession_number": HOSTILE},
        {"examining_zh": HOSTILE},
        {"diagnosing_zh": HOSTILE},
        {"author": HOSTILE},
        {"reviewer": HOSTILE},
        {"reason": HOSTILE},
        {"modalities": [HOSTILE]},
        {"patient": nobody(name=HOSTILE)},
        {"patient": nobody(patient_id=HOSTILE, sex="X", age_years=0)},
    ],
)
def test_markup_in_any_text_is_printed_as_it_is(changes: dict[str, Any]) -> None:
    assert re.sub(r"\s", "", HOSTILE) in words(facts(**changes))


def test_a_name_with_a_character_no_font_has_does_not_keep_a_report_from_being_issued() -> None:
    rare = facts(patient=nobody(name="𠮷样本😀"))
    assert "〔U+20BB7〕样本〔U+1F600〕" in words(rare)


def test_a_word_without_a_place_to_break_stays_on_the_paper() -> None:
    long = PatientOut(name="A" * 64, patient_id="9" * 64, sex=None, birth_date=None, age_years=None)
    text = words(facts(patient=long, findings="x" * 300))
    for whole in ("A" * 64, "9" * 64, "x" * 300):
        assert whole in text


def test_an_identity_card_s_number_is_one_word() -> None:
    card = facts(patient=nobody(patient_id="110101190001010000"))
    assert "110101190001010000" in pdf_text(printed(card, FONT))


def test_a_long_report_goes_on_over_pages_that_say_whose_it_is() -> None:
    long = "\n".join(f"第{number}行：" + "文字" * 40 for number in range(60))
    pdf = printed(facts(findings=long), FONT)
    pages = pdf_text(pdf).split("\f")[:-1]
    assert len(pages) == int(pdf_facts(pdf)["Pages"]) > 2
    for number, page in enumerate(pages, start=1):
        flat = re.sub(r"\s+", "", page)
        assert "张样本" in flat
        assert "DEMO-0007" in flat
        assert f"第{number}页/共{len(pages)}页" in flat
    assert "第59行" in re.sub(r"\s+", "", "".join(pages))


@pytest.mark.parametrize(("emergency", "mark"), [(False, "初步报告"), (True, "急诊临时报告")])
def test_what_nobody_made_final_says_so_across_the_page(emergency: bool, mark: str) -> None:
    text = words(facts(status=ReportStatus.PRELIMINARY, reviewer=None, emergency=emergency))
    for expected in (f"远程影像诊断报告单（{mark}）", "待审核", "以审核后的正式报告为准"):
        assert expected in text, expected
    assert mark not in words(facts(emergency=emergency))


def test_a_watermark_lies_across_the_middle_of_what_is_not_final() -> None:
    def reddish(what: ReportFacts) -> int:
        page = pdf_picture(printed(what, FONT)).astype(int)
        middle = page[len(page) // 3 : 2 * len(page) // 3]
        return int((middle[..., 0] - middle[..., 1] > 10).sum())

    assert reddish(facts(status=ReportStatus.PRELIMINARY)) > 500
    assert reddish(CT) == 0


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (AmendmentKind.AMENDED, "修订报告"),
        (AmendmentKind.CORRECTED, "更正报告"),
        (AmendmentKind.APPENDED, "补充报告"),
    ],
)
def test_a_changed_report_says_how_and_why(kind: AmendmentKind, title: str) -> None:
    changed = facts(number=2, status=ReportStatus(kind.value), amendment=kind, reason="侧别有误")
    text = words(changed)
    for expected in (f"远程影像诊断报告单（{title}）", "修订原因", "侧别有误", "第2版"):
        assert expected in text, expected


def test_a_critical_value_is_marked() -> None:
    assert "危急值" in words(facts(critical=True))
    assert "危急值" not in words(CT)


def test_an_ecg_has_its_drawing_its_measurements_and_the_machine_s_words_apart() -> None:
    text = words(ECG)
    heart_rate = f"{MEASURED['heart_rate_bpm']:.0f}"
    for expected in (
        "远程心电诊断报告单", "机器测量值（规则2026.11）", heart_rate, "aVR", "V6", "25mm/s",
        "10mm/mV", "每小格0.04s、0.1mV", f"{DISCLAIMER_ZH}：窦性心动过速；电轴左偏",
    ):  # fmt: skip
        assert expected in text, expected
    assert text.index("检查所见") < text.index(DISCLAIMER_ZH)


def test_an_ordinary_ecg_report_is_one_sheet() -> None:
    assert pdf_facts(printed(ECG, FONT))["Pages"] == "1"


def test_a_recording_that_cannot_be_drawn_is_reported_all_the_same() -> None:
    text = words(facts(ECG, ecg=EcgFacts(drawing_svg=None, measurements={})))
    assert "原始记录无法绘制" in text
    assert "机器" not in text


def test_what_is_unknown_is_a_dash() -> None:
    text = words(facts(patient=nobody(), complaint=None))
    for label in ("姓名", "性别", "年龄", "患者编号", "临床信息"):
        assert f"{label}—" in text, label
