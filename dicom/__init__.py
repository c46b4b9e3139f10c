"""DICOM datasets, Part 10 files, DICOMweb codecs and the upper layer.

Knows no HTTP framework, database or user.
"""
