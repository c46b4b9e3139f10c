"""No patient in a log, whatever was logged."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from server.core.logging import configure_logging
from server.core.settings import LogFormat, LoggingSettings


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging(LoggingSettings(format=LogFormat.JSON), role="test")
    stream = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_patient_fields_are_cut_out_at_any_depth(log: io.StringIO) -> None:
    structlog.get_logger("t").warning(
        "arrived", patient_name="张三", nested={"patient_id": "P1", "uid": "1.2.3"}
    )
    assert "张三" not in log.getvalue()
    assert "P1" not in log.getvalue()
    assert "1.2.3" in log.getvalue()


@pytest.mark.parametrize("number", ["11010119900307761X", "110101199003077610", "13800138000"])
def test_identity_and_phone_numbers_are_cut_out_of_any_text(log: io.StringIO, number: str) -> None:
    structlog.get_logger("t").warning("call", note=f"号码{number}，请回电")
    assert number not in log.getvalue()


def test_a_uid_is_not_taken_for_a_number(log: io.StringIO) -> None:
    structlog.get_logger("t").warning(
        "x", uid="1.2.840.113619.2.30.1.1762295590.1623.978668949.886"
    )
    assert "1762295590" in log.getvalue()


def test_the_standard_library_s_logs_go_the_same_way(log: io.StringIO) -> None:
    logging.getLogger("other").warning("number 13800138000")
    line = json.loads(log.getvalue())
    assert line["role"] == "test"
    assert "13800138000" not in line["event"]


def test_control_characters_cannot_forge_a_line(log: io.StringIO) -> None:
    structlog.get_logger("t").warning("x", ae="EVIL\x1b[2J\x00")
    assert "\x1b" not in log.getvalue()
    assert len(log.getvalue().splitlines()) == 1
