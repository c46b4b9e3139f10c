"""What no column holds: what all studies of a patient say together, and what is in a study.

Of a patient's studies those that the asker may see. Each is a query within a row, to be asked of
the rows of a page alone.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from server.patients.public import Patient
from server.studies.models import Instance, Series, Study
from server.studies.visibility import visible_among

NO_ISSUER: Final = "institution:"
"""How the issuer of a patient's identifier begins that no device named: the sender is its own."""


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


def issuer_of(patient_pk: ColumnElement[str]) -> ColumnElement[str]:
    """Return who gave a patient's identifier, where a device said so."""
    return (
        select(Patient.issuer)
        .where(Patient.id == patient_pk, Patient.issuer.not_like(f"{NO_ISSUER}%"))
        .scalar_subquery()
    )


def studies_of(patient_pk: ColumnElement[str]) -> ColumnElement[int]:
    """Return how many studies of a patient there are."""
    return _sum_of(patient_pk, None)


def series_of(patient_pk: ColumnElement[str]) -> ColumnElement[int]:
    """Return how many series of a patient there are."""
    return _sum_of(patient_pk, Study.series_count)


def instances_of(patient_pk: ColumnElement[str]) -> ColumnElement[int]:
    """Return how many instances of a patient there are."""
    return _sum_of(patient_pk, Study.instance_count)


def _sum_of(
    patient_pk: ColumnElement[str], column: InstrumentedAttribute[int] | None
) -> ColumnElement[int]:
    study = aliased(Study)
    counted = func.count() if column is None else func.sum(getattr(study, column.key))
    return (
        visible_among(study)
        .with_only_columns(counted)
        .where(study.patient_pk == patient_pk, study.instance_count > 0)
        .scalar_subquery()
    )


def classes_in(study_pk: ColumnElement[str]) -> ColumnElement[str]:
    """Return the SOP classes of what is shown of a study, between backslashes."""
    series, instance = aliased(Series), aliased(Instance)
    each = (
        select(instance.sop_class_uid)
        .join(series, series.id == instance.series_pk)
        .where(series.study_pk == study_pk, instance.rejected_as.is_(None))
        .distinct()
        .correlate(Study)
        .subquery()
    )
    return select(func.aggregate_strings(each.c.sop_class_uid, "\\")).scalar_subquery()
