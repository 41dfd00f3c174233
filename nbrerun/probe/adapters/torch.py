"""PyTorch: tensors, modules, optimizers, schedulers, loaders of data, generators of random numbers."""

from __future__ import annotations
