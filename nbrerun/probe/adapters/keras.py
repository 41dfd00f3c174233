"""Keras 3, on any backend: models, layers, optimizers, metrics, callbacks, seed generators."""

from __future__ import annotations
