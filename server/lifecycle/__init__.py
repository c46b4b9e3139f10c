"""How long studies are kept, where, and how they go."""
