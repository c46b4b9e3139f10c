"""What other capabilities may know of studies."""

from server.studies.index import StudyIndex
from server.studies.models import AccessGrant, Instance, Series, Study
from server.studies.service import StudyService
from server.studies.visibility import visible_studies

__all__ = [
    "AccessGrant",
    "Instance",
    "Series",
    "Study",
    "StudyIndex",
    "StudyService",
    "visible_studies",
]
