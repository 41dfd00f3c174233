"""What the source of a notebook proves without running it."""
