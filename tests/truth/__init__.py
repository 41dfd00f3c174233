"""Generated truth: notebooks whose right verdicts follow from how they were built."""
