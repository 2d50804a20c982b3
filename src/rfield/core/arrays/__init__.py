"""NumPy-shaped ops over the relations: each convention is written here, once, for all."""
