"""Who may see a study: its owner, and institutions that hold a grant that has not expired."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, exists, literal, or_, select

from server.core.database import UtcDateTime
from server.identity.public import Actor
from server.studies.models import AccessGrant, Series, Study

_ORG: Final = Study.org.type
_INSTITUTION: Final = Study.owner_institution_id.type


def visible_studies(actor: Actor, now: datetime, *, hidden: bool = False) -> Select[str]:
    """Return the query of the ids of all studies that ``actor`` may see; scope is always SQL.

    Deleted ones only with ``hidden``, for who restores them.
    """
    return _visible(
        literal(actor.org, _ORG),
        literal(actor.institution_id, _INSTITUTION),
        literal(now, UtcDateTime()),
        hidden=hidden,
    )


def is_kept() -> ColumnElement[bool]:
    """Tell of a study whether it is here, hidden or not: of a purged one the row alone is left."""
    return Study.deleted_at.is_(None) | exists().where(Series.study_pk == Study.id)


def _visible(
    org: ColumnElement[str],
    institution_id: ColumnElement[str],
    now: ColumnElement[datetime],
    *,
    hidden: bool,
    study: type[Study] = Study,
) -> Select[str]:
    granted = exists().where(
        AccessGrant.study_pk == study.id,
        AccessGrant.institution_id == institution_id,
        or_(AccessGrant.expires_at.is_(None), AccessGrant.expires_at > now),
    )
    return select(study.id).where(
        study.org == org,
        *(() if hidden else (study.deleted_at.is_(None),)),
        or_(study.owner_institution_id == institution_id, granted),
    )


def visible_among(study: type[Study]) -> Select[str]:
    """Return `VISIBLE`, of an alias: of studies beside the one that a row is of."""
    return _visible(
        bindparam("reach_org", type_=_ORG),
        bindparam("reach_institution_id", type_=_INSTITUTION),
        bindparam("reach_now", type_=UtcDateTime()),
        hidden=False,
        study=study,
    )


VISIBLE: Final = visible_among(Study)
"""What `visible_studies` returns, for queries that are made once; `reach_of` gives its values."""


def reach_of(actor: Actor, now: datetime) -> dict[str, Any]:
    """Return the values of `VISIBLE`: what ``actor`` may see."""
    return {
        "reach_org": actor.org,
        "reach_institution_id": actor.institution_id,
        "reach_now": now,
    }
