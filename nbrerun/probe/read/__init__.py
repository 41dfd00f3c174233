"""Read the state: walk from every name to the leaves, without changing what is read."""
