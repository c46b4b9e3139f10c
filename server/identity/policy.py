"""The policy table: who may do what, on top of which records they may see at all.

After the roles table of the workflow; what is not listed is denied. Whether a record is within
reach is another question, answered in SQL by ownership and grants (`studies`).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from server.identity.models import Role


class Action(StrEnum):
    """What a person may be allowed to do."""

    EXAM_CREATE = "exam.create"
    EXAM_READ = "exam.read"
    EVENTS_LISTEN = "events.listen"
    METRICS_READ = "metrics.read"


_CLINICIANS: Final = frozenset(
    {
        Role.VILLAGE_DOCTOR,
        Role.TOWNSHIP_DOCTOR,
        Role.COUNTY_READER,
        Role.COUNTY_REVIEWER,
        Role.COUNTY_DUTY,
        Role.CATH_TEAM,
        Role.STROKE_TEAM,
        Role.CITY_EXPERT,
    }
)

POLICY: Final[Mapping[Action, frozenset[Role]]] = {
    Action.EXAM_CREATE: frozenset({Role.TOWNSHIP_TECHNICIAN}),
    Action.EXAM_READ: _CLINICIANS,
    Action.EVENTS_LISTEN: _CLINICIANS,
    Action.METRICS_READ: frozenset({Role.SYSTEM_ADMINISTRATOR}),
}


def allows(roles: Iterable[Role], action: Action) -> bool:
    """Tell whether one of ``roles`` may do ``action``."""
    return not POLICY[action].isdisjoint(roles)


# Who reads on where the audit's database cannot be written: minutes count for their patients.
EMERGENCY_ROLES: Final = frozenset(
    {
        Role.COUNTY_DUTY,
        Role.CATH_TEAM,
        Role.STROKE_TEAM,
        Role.EMERGENCY_DOCTOR,
        Role.CHIEF_ON_DUTY,
    }
)
