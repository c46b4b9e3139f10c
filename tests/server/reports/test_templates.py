"""The texts to begin with."""

import pytest

from server.reports.templates import BLANK, TEMPLATES, templates_for
from server.requests.public import RequestKind


def test_ids_and_names_are_unique() -> None:
    for field in ("id", "name_zh", "name_en"):
        assert len({getattr(each, field) for each in TEMPLATES}) == len(TEMPLATES), field


@pytest.mark.parametrize(
    ("modality", "first", "other"),
    [("CT", "head-ct-normal", "chest-xray-normal"), ("DX", "chest-xray-normal", "head-ct-normal")],
)
def test_a_modality_gets_its_own_and_then_those_for_any(
    modality: str, first: str, other: str
) -> None:
    found = [each.id for each in templates_for(RequestKind.IMAGING, modality)]
    assert found[0] == first
    assert other not in found
    assert found[-1] == "imaging-generic"


def test_a_modality_nobody_wrote_for_gets_the_generic_text() -> None:
    assert [each.id for each in templates_for(RequestKind.IMAGING, "XC")] == ["imaging-generic"]


def test_an_ecg_gets_no_text_for_images() -> None:
    found = templates_for(RequestKind.ECG, None)
    assert found
    assert {each.kind for each in found} == {RequestKind.ECG}


def test_without_a_kind_every_template_is_there() -> None:
    assert set(templates_for(None, None)) == set(TEMPLATES)


def test_alternatives_are_blanks_that_keep_a_text_from_being_signed() -> None:
    for each in TEMPLATES:
        for text in (each.findings, each.impression):
            assert "未见/" not in text
            assert "见/未见" not in text
    assert any(BLANK in each.findings for each in TEMPLATES)
