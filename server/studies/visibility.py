"""Who may see a study: its owner, and institutions that hold a grant that has not expired."""

from datetime import datetime

from sqlalchemy import Select, exists, or_, select

from server.identity.public import Actor
from server.studies.models import AccessGrant, Study


def visible_studies(actor: Actor, now: datetime, *, hidden: bool = False) -> Select[str]:
    """Return the query of the ids of all studies that ``actor`` may see; scope is always SQL.

    Deleted ones only with ``hidden``, for who restores them.
    """
    granted = exists().where(
        AccessGrant.study_pk == Study.id,
        AccessGrant.institution_id == actor.institution_id,
        or_(AccessGrant.expires_at.is_(None), AccessGrant.expires_at > now),
    )
    return select(Study.id).where(
        Study.org == actor.org,
        *(() if hidden else (Study.deleted_at.is_(None),)),
        or_(Study.owner_institution_id == actor.institution_id, granted),
    )
