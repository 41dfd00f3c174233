"""The description of one object: its type, its own content, and the objects it is made of."""
