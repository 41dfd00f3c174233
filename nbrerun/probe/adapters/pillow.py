"""Pillow: images."""

from __future__ import annotations
