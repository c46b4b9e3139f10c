"""What others may know of exports."""

from server.exports.anonymous import Anonymizer, Deidentification
from server.exports.service import Export, StudyExporter

__all__ = ["Anonymizer", "Deidentification", "Export", "StudyExporter"]
