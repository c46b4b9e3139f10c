"""The bounds of a node, from its settings."""

from dicom.dimse.limits import DimseLimits
from server.core.settings import DicomSettings


def dimse_limits(dicom: DicomSettings) -> DimseLimits:
    """Return the bounds of a node with these settings."""
    return DimseLimits(
        max_object_bytes=dicom.max_object_bytes,
        max_associations=dicom.max_associations,
        max_associations_per_ae=dicom.max_associations_per_peer,
        idle_s=float(dicom.idle_timeout_s),
    )
