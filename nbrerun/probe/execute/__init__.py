"""Runs cells again, the way ipykernel runs them, and observes what they do."""
