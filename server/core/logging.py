"""Structured logs with the request, the person and the study in them, and no patient in them."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from server.core.settings import LogFormat, LoggingSettings

# Field names that would carry a patient into a log; what stands under them is cut out.
_PATIENT_FIELDS = frozenset(
    {
        "patient", "patient_name", "patient_id", "name", "birth_date", "patient_birth_date",
        "id_card", "phone", "address", "dataset", "body", "password", "token", "cookie",
    }
)  # fmt: skip
# An 18-digit resident identity number (GB 11643) or a mainland mobile number, wherever it stands.
_IDENTITY_NUMBER = re.compile(r"(?<!\d)(?:[1-9]\d{16}[\dXx]|1[3-9]\d{9})(?!\d)")
_CUT = "[removed]"


def without_patients(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Cut patient data out of a log event, at any depth."""
    return {key: _cleaned(key, value) for key, value in event.items()}


def _cleaned(key: str, value: object) -> object:
    if key.lower() in _PATIENT_FIELDS:
        return _CUT
    if isinstance(value, str):
        # Control characters let a hostile value forge lines or drive a terminal.
        visible = "".join(c if c.isprintable() or c == "\n" else "?" for c in value)
        return _IDENTITY_NUMBER.sub(_CUT, visible)
    if isinstance(value, Mapping):
        return {inner: _cleaned(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(key, item) for item in value]
    return value


def configure_logging(settings: LoggingSettings, *, role: str) -> None:
    """Send structlog and the standard library's logs to stderr in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_patients,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: structlog.typing.Processor
    if settings.format is LogFormat.JSON:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    # These speak of every request or packet; their warnings stay.
    for noisy in (
        "aiohttp.access",
        "aiosqlite",
        "urllib3",
        "alembic",
        "dbos",
        "pydicom",
        "pynetdicom",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(role=role)
