"""The township's gateway: keeps what local devices send, and carries it to the county."""
