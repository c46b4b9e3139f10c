"""The DICOM node: registered devices and the way from association to intake."""
