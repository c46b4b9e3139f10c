"""Patients as their issuers know them."""
