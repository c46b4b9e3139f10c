"""What all studies of a patient say together, of those that the asker may see."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute, aliased

from server.studies.models import Study
from server.studies.visibility import visible_among


def newest(
    column: InstrumentedAttribute[Any], patient_pk: ColumnElement[str]
) -> ColumnElement[Any]:
    """Return what the newest study says of its patient that says anything."""
    study = aliased(Study)
    value = getattr(study, column.key)
    return (
        visible_among(study)
        .with_only_columns(value)
        .where(study.patient_pk == patient_pk, study.instance_count > 0, value.is_not(None))
        .order_by(study.received_at.desc(), study.id.desc())
        .limit(1)
        .scalar_subquery()
    )
