"""Many notebooks: which they are, how each is checked, and what came of them."""
