"""Diagnosis requests: what waits to be read, for whom, and how urgently."""
