"""networkx: graphs."""

from __future__ import annotations
