"""The settings in force for a check, and the source of each: command line, cell, notebook or configuration file."""
