"""TensorFlow: tensors, variables, generators of random numbers, datasets."""

from __future__ import annotations
