"""Consults: rooms of a case, where people see, hear and look at the same image."""
