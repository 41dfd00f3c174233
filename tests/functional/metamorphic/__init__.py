"""Labelled cells, rewritten in ways that must not change their verdicts (VERDICTS.md, ruling 16)."""
