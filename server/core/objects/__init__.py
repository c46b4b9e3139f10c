"""Object stores: one port, files or S3 behind it."""
