"""Formats of the report: one module per format, each with a pure `render(report, out)`; `write` opens the files."""
