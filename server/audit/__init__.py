"""The audit chain: who did what to whom, append-only and keyed."""
