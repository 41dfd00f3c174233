"""The kernel's process: forking it, and what imports and the system bring into it."""
