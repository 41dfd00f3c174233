"""Compares what the probe read at two moments."""
