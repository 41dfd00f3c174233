"""The formats of reports: one module for each, whose `render` writes a report and does nothing else."""
