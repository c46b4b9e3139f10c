"""HL7 annotated ECG."""

from ecg.formats.aecg.reader import looks_like_aecg, read_aecg

__all__ = ["looks_like_aecg", "read_aecg"]
