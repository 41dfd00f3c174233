"""The effects, by subject. Importing this package registers all of them."""

from __future__ import annotations

from tests.truth.effects import code, draws, files, guards, model_files, models, places, settings

__all__ = ["code", "draws", "files", "guards", "model_files", "models", "places", "settings"]
