"""What other capabilities may know of studies."""

from server.studies.index import StudyIndex
from server.studies.models import AccessGrant, Instance, Series, Study
from server.studies.schemas import InstitutionOut, PreviewOut, StudyOut
from server.studies.service import StudyService
from server.studies.visibility import visible_studies

__all__ = [
    "AccessGrant",
    "Instance",
    "InstitutionOut",
    "PreviewOut",
    "Series",
    "Study",
    "StudyIndex",
    "StudyOut",
    "StudyService",
    "visible_studies",
]
