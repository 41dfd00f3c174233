"""Fix findings: candidate edits of a notebook's cells, each proven by running the edited notebook."""
