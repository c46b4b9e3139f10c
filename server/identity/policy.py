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
    REJECTED_READ = "rejected.read"
    """See what rejection notes took out of use, and images that were not good enough."""
    REJECTION_REVOKE = "rejection.revoke"
    EXAM_SCHEDULE = "exam.schedule"
    """Order an examination of the own institution, see what is ordered, take it back."""
    EXAM_EXPORT = "exam.export"
    """Take a study out of here, as files."""
    PATIENT_MERGE = "patient.merge"
    """Find records of one person, merge them, and undo it."""
    LIFECYCLE_MANAGE = "lifecycle.manage"
    """Choose how long studies are kept, hold them, ask for and decide on their deletion."""
    QUARANTINE_READ = "quarantine.read"
    """See what the own institution sent and was refused: ids and reasons, no names."""
    EVENTS_LISTEN = "events.listen"
    METRICS_READ = "metrics.read"
    WORKLIST_READ = "worklist.read"
    REQUEST_UPDATE = "request.update"
    """Say what the examining side knows: complaint, emergency, that it was done again."""
    WORKITEM_UPDATE = "workitem.update"
    """Change a workitem by UPS, each side what is its own to say."""
    REQUEST_CLAIM = "request.claim"
    """Take a case to read it, give it back, return it to the examining side."""
    REPORT_READ = "report.read"
    REPORT_WRITE = "report.write"
    REPORT_SIGN = "report.sign"
    """Whether this signature suffices is the signing policy's to say (`reports`)."""
    REPORT_ACKNOWLEDGE = "report.acknowledge"
    GATEWAY_OPERATE = "gateway.operate"
    """See what waits in a township's gateway by name, send it again or first."""
    DEVICE_MANAGE = "device.manage"
    """Say which devices may call, from where, as whom, and how much."""
    FORWARDING_MANAGE = "forwarding.manage"
    """Say what goes on to other archives, and see how far it is: ids, no names."""
    CONSULT_OPEN = "consult.open"
    CONSULT_JOIN = "consult.join"


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
_TOWNSHIP: Final = frozenset({Role.TOWNSHIP_TECHNICIAN, Role.TOWNSHIP_DOCTOR})
_READERS: Final = frozenset({Role.COUNTY_READER, Role.COUNTY_REVIEWER})

POLICY: Final[Mapping[Action, frozenset[Role]]] = {
    Action.EXAM_CREATE: frozenset({Role.TOWNSHIP_TECHNICIAN}),
    Action.EXAM_READ: _CLINICIANS,
    Action.EXAM_SCHEDULE: _TOWNSHIP,
    Action.EXAM_EXPORT: _READERS | {Role.TOWNSHIP_DOCTOR, Role.COUNTY_DUTY},
    Action.LIFECYCLE_MANAGE: frozenset({Role.MEDICAL_OFFICE}),
    Action.QUARANTINE_READ: frozenset({Role.MEDICAL_OFFICE, Role.SYSTEM_ADMINISTRATOR}),
    Action.PATIENT_MERGE: frozenset({Role.MEDICAL_OFFICE}),
    Action.REJECTED_READ: frozenset(
        {Role.COUNTY_REVIEWER, Role.QUALITY_CONTROL, Role.SYSTEM_ADMINISTRATOR}
    ),
    Action.REJECTION_REVOKE: frozenset({Role.SYSTEM_ADMINISTRATOR}),
    # A technician hears what became of an exam: returned, to be done again, reported.
    Action.EVENTS_LISTEN: _CLINICIANS | _TOWNSHIP,
    Action.METRICS_READ: frozenset({Role.SYSTEM_ADMINISTRATOR}),
    Action.WORKLIST_READ: _CLINICIANS | _TOWNSHIP,
    Action.REQUEST_UPDATE: _TOWNSHIP,
    Action.REQUEST_CLAIM: _READERS,
    Action.WORKITEM_UPDATE: _TOWNSHIP | _READERS,
    Action.REPORT_READ: _CLINICIANS | _TOWNSHIP,
    Action.REPORT_WRITE: _READERS,
    Action.REPORT_SIGN: _READERS,
    Action.REPORT_ACKNOWLEDGE: frozenset({Role.TOWNSHIP_DOCTOR}),
    Action.GATEWAY_OPERATE: _TOWNSHIP | {Role.SYSTEM_ADMINISTRATOR},
    Action.DEVICE_MANAGE: frozenset({Role.SYSTEM_ADMINISTRATOR}),
    Action.FORWARDING_MANAGE: frozenset({Role.SYSTEM_ADMINISTRATOR}),
    Action.CONSULT_OPEN: frozenset(
        {Role.TOWNSHIP_DOCTOR, Role.COUNTY_DUTY, Role.CATH_TEAM, Role.STROKE_TEAM}
    ),
    Action.CONSULT_JOIN: _CLINICIANS,
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
