"""DICOMweb (PS3.18) over the index and the bytes."""
