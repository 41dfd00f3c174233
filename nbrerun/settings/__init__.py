"""What is in force for a check, and where each value came from: command line, cell, notebook, files."""
