"""What other capabilities may know of studies."""

from server.core.settings import RetentionClass
from server.studies.attributes import (
    ATTRIBUTES,
    Attribute,
    AttributeKind,
    Level,
    is_key,
    kind_of,
    values_of,
    written,
)
from server.studies.events import UPDATED, study_event
from server.studies.holding import hold_studies
from server.studies.homes import StudyHomes
from server.studies.index import StudyIndex
from server.studies.matching import condition, period
from server.studies.models import (
    AccessGrant,
    ArrivedPatient,
    Instance,
    RejectedObject,
    Rejection,
    Series,
    Study,
)
from server.studies.names import forget_names, name_match, remember_names, typed_for
from server.studies.rejection_service import RejectionService
from server.studies.rejections import count_anew, emptied_by, settle
from server.studies.schemas import InstitutionOut, PreviewOut, StudyOut
from server.studies.search import UNIQUE_KEYS, Page, Search, StudySearch
from server.studies.selection import (
    InstanceSelector,
    SelectedInstance,
    Selection,
    UniqueKeys,
)
from server.studies.service import StudyService
from server.studies.visibility import VISIBLE, reach_of, visible_studies

__all__ = [
    "ATTRIBUTES",
    "UNIQUE_KEYS",
    "UPDATED",
    "VISIBLE",
    "AccessGrant",
    "ArrivedPatient",
    "Attribute",
    "AttributeKind",
    "Instance",
    "InstanceSelector",
    "InstitutionOut",
    "Level",
    "Page",
    "PreviewOut",
    "RejectedObject",
    "Rejection",
    "RejectionService",
    "RetentionClass",
    "Search",
    "SelectedInstance",
    "Selection",
    "Series",
    "Study",
    "StudyHomes",
    "StudyIndex",
    "StudyOut",
    "StudySearch",
    "StudyService",
    "UniqueKeys",
    "condition",
    "count_anew",
    "emptied_by",
    "forget_names",
    "hold_studies",
    "is_key",
    "kind_of",
    "name_match",
    "period",
    "reach_of",
    "remember_names",
    "settle",
    "study_event",
    "typed_for",
    "values_of",
    "visible_studies",
    "written",
]
