"""Wire types of patients."""

from datetime import date

from pydantic import BaseModel


class PatientOut(BaseModel):
    """A patient as lists show them."""

    name: str | None
    patient_id: str | None
    sex: str | None
    birth_date: date | None
    age_years: int | None
