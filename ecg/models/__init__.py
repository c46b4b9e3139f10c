"""Trained parts as JSON; benchmarks/ecg/train_rhythm.py writes them."""
