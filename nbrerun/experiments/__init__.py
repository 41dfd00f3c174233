"""The experiments on a cell, one per file: each runs something in a branch or two, and records what it shows."""
