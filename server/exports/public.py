"""What others may know of exports."""

from server.exports.service import Export, StudyExporter

__all__ = ["Export", "StudyExporter"]
