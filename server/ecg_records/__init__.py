"""ECGs as they arrived, and what the machine saw in them."""
