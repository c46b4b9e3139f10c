"""Scheduled examinations: what is ordered before there are images; devices' worklists."""
