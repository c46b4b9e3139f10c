"""What other capabilities may know of patients."""

from server.patients.links import survivors_of
from server.patients.merging import PatientMergeService
from server.patients.models import Patient
from server.patients.schemas import PatientOut
from server.patients.service import PatientFacts, PatientService

__all__ = [
    "Patient",
    "PatientFacts",
    "PatientMergeService",
    "PatientOut",
    "PatientService",
    "survivors_of",
]
