"""A report's facts, complete, for tests of what is printed."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from server.page import DIST
from server.patients.public import PatientOut
from server.reports.fonts import PrintingFont
from server.reports.models import ReportStatus
from server.reports.sheet import ReportFacts
from server.requests.public import RequestKind

FONT = PrintingFont(DIST / "fonts")

CT = ReportFacts(
    report_id="4f1c9e6a0b7d4a1e8c2d3b5f6a7e8d9c",
    number=1,
    status=ReportStatus.FINAL,
    amendment=None,
    reason=None,
    kind=RequestKind.IMAGING,
    emergency=False,
    critical=False,
    findings="两侧基底节区见多发斑点状低密度影。\n中线结构居中。",
    impression="1. 两侧基底节区多发腔隙性梗死灶\n2. 老年性脑改变",
    author="沈示范",
    reviewer="陆审核",
    submitted_at=datetime(2026, 11, 25, 2, 17, tzinfo=UTC),
    signed_at=datetime(2026, 11, 25, 2, 31, tzinfo=UTC),
    patient=PatientOut(
        name="张样本", patient_id="DEMO-0007", sex="M", birth_date=None, age_years=66
    ),
    accession_number="ACC-1",
    modalities=["CT"],
    description="头颅平扫",
    complaint="突发左侧肢体无力2小时",
    examined_at=datetime(2026, 11, 25, 1, 9, tzinfo=UTC),
    received_at=datetime(2026, 11, 25, 16, 14, tzinfo=UTC),
    examining_zh="马渡镇卫生院",
    diagnosing_zh="青禾县人民医院",
)


def facts(base: ReportFacts = CT, **changes: Any) -> ReportFacts:
    """Return the facts with some of them changed."""
    return replace(base, **changes)
