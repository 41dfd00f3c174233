"""What one object is: its type, its own content, and the objects it is made of."""
