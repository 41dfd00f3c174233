"""What code may look at and bind, read from its source and its bytecode. Over-approximations only."""
