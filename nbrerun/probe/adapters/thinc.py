"""thinc and spaCy: networks and pipelines."""

from __future__ import annotations
