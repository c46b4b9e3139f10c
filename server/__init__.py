"""The Lianzhen application: capabilities in folders, wired in `app.py` alone."""

__version__ = "0.1.0"
