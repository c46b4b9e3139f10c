"""The one way in: spool, digest, sync, index and spool row in one commit, then success."""
