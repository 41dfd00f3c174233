"""Reads state: walks from every name to the leaves, without changing what it reads."""
