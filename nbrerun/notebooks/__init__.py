"""Find, read and address notebook files; the only users of nbformat and jupytext. No notebook is ever written."""
