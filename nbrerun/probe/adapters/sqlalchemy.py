"""SQLAlchemy: engines, connections and sessions."""

from __future__ import annotations
