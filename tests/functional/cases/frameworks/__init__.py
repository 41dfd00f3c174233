"""Labelled notebooks of real libraries: a matrix of operations, and what people do with networks and boosters."""

from __future__ import annotations

from tests.functional.cases.frameworks import (
    boosters,
    jax_cases,
    keras_cases,
    matrix,
    tensorflow_cases,
    torch_files,
    torch_training,
)
from tests.functional.cases.frameworks.notebook import AUTO, FrameworkCase

ALL: list[FrameworkCase] = [
    *(row.as_case() for row in matrix.ROWS),
    *(FrameworkCase(case, ("torch",)) for module in (torch_training, torch_files) for case in module.CASES),
    FrameworkCase(keras_cases.training("tensorflow"), ("keras", "tensorflow"), (AUTO,), "TensorFlow"),
    FrameworkCase(keras_cases.state("jax"), ("keras", "jax"), (AUTO,), "JAX"),
    *(FrameworkCase(case, ("tensorflow",), (AUTO,), "TensorFlow") for case in tensorflow_cases.CASES),
    *(FrameworkCase(case, ("jax",), (AUTO,), "JAX") for case in jax_cases.CASES),
    *(FrameworkCase(case, ("xgboost", "lightgbm", "sklearn")) for case in boosters.CASES),
]
