"""What other capabilities may know of the audit: how to record an act or a read, and what was."""

from server.audit.chain import AuditRecord, AuditTrail
from server.audit.models import AuditEvent, Outcome
from server.audit.reads import ReadAudit, Reader
from server.audit.refusals import ReadRefusals

__all__ = [
    "AuditEvent",
    "AuditRecord",
    "AuditTrail",
    "Outcome",
    "ReadAudit",
    "ReadRefusals",
    "Reader",
]
