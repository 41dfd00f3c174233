"""Notebook files: found, read and addressed; the only users of nbformat and jupytext. None is ever written."""
