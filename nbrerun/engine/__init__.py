"""Ways to go to any moment of a notebook's main run, behind one interface."""
