"""What may leave for another archive: asked when it is queued, and again when it is sent."""

from sqlalchemy import ColumnElement, and_, or_, select

from server.studies.public import Instance, Rejection, Study


def may_leave() -> ColumnElement[bool]:
    """Return whether an instance of a study (both selected from) is neither deleted nor rejected.

    The note itself does go, so that who has what it names hears of it (IHE RAD, Imaging Object
    Change Management), unless it was revoked.
    """
    notes = select(Rejection.instance_pk).where(Rejection.revoked_at.is_(None))
    return and_(
        Study.deleted_at.is_(None),
        or_(Instance.rejected_as.is_(None), Instance.id.in_(notes)),
    )
