"""Wire types of intake."""

from datetime import datetime

from pydantic import BaseModel


class UploadOut(BaseModel):
    """An upload: how far it is, and how intake answered once it was whole."""

    id: str
    offset: int
    size: int
    filename: str | None
    expires_at: datetime
    outcome_code: str | None
    outcome_detail: str | None
    study_instance_uid: str | None
    """The study it became, or was already; null where it was not kept."""
    sha256: str | None
    """Of all its bytes as they arrived."""
