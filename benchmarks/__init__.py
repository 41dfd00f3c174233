"""What a check costs, measured; see `run.py`."""
