"""What the probe read, compared: two states, a cell's reruns, the main run as a whole."""
