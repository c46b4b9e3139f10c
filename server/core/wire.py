"""Wire types that several capabilities share."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer

UtcTime = Annotated[
    datetime,
    PlainSerializer(
        lambda t: t.astimezone(UTC).isoformat().replace("+00:00", "Z"), when_used="json"
    ),
]
