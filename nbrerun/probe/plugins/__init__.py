"""Adapters that other packages bring."""
