"""Adapters that other packages provide."""
