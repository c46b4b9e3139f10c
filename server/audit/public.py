"""What other capabilities may know of the audit: how to record an act or a read."""

from server.audit.chain import AuditRecord, AuditTrail
from server.audit.models import Outcome
from server.audit.reads import ReadAudit, Reader
from server.audit.refusals import ReadRefusals, RefusedSource, refused_sources

__all__ = [
    "AuditRecord",
    "AuditTrail",
    "Outcome",
    "ReadAudit",
    "ReadRefusals",
    "Reader",
    "RefusedSource",
    "refused_sources",
]
