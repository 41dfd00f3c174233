"""What is done to a cell to find out about it: one experiment per file, each a branch or two."""
