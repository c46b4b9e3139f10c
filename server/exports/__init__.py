"""Studies leaving as files: a ZIP with DICOMDIR."""
