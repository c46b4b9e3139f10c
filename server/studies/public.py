"""What other capabilities may know of studies."""

from server.studies.attributes import ATTRIBUTES, Attribute, Level, values_of
from server.studies.index import StudyIndex
from server.studies.models import AccessGrant, Instance, Series, Study
from server.studies.names import typed_for
from server.studies.schemas import InstitutionOut, PreviewOut, StudyOut
from server.studies.search import UNIQUE_KEYS, Page, Search, StudySearch
from server.studies.selection import (
    InstanceSelector,
    SelectedInstance,
    Selection,
    UniqueKeys,
)
from server.studies.service import StudyService
from server.studies.visibility import visible_studies

__all__ = [
    "ATTRIBUTES",
    "UNIQUE_KEYS",
    "AccessGrant",
    "Attribute",
    "Instance",
    "InstanceSelector",
    "InstitutionOut",
    "Level",
    "Page",
    "PreviewOut",
    "Search",
    "SelectedInstance",
    "Selection",
    "Series",
    "Study",
    "StudyIndex",
    "StudyOut",
    "StudySearch",
    "StudyService",
    "UniqueKeys",
    "typed_for",
    "values_of",
    "visible_studies",
]
