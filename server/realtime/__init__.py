"""Events: rows of the transaction that caused them, carried to every process and browser."""
