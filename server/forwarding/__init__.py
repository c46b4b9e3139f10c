"""What arrives goes on to other archives, by rule, until they have it."""
