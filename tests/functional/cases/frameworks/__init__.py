"""Labelled notebooks of real libraries: a matrix of operations, and what people do with networks and boosters."""

from __future__ import annotations

from tests.functional.cases.case import Case
from tests.functional.cases.frameworks import (
    boosters,
    jax_cases,
    keras_cases,
    language,
    matrix,
    tensorflow_cases,
    torch_files,
    torch_training,
)
from tests.functional.cases.frameworks.notebook import AUTO, BOTH, FORK, FrameworkCase

_BY_REPLAY_TOO = {
    "torch: started over in the cell that trains",
    "torch: the order of the data",
    "torch: checkpoints",
    "lightgbm: rounds, refitted leaves, callbacks",
    "transformers: the trainer",
}
"""Replay takes five times as long for cells that move something on; the matrix goes through it in any case."""


def _engines(case: Case) -> tuple[str, ...]:
    return BOTH if case.name in _BY_REPLAY_TOO else (FORK,)


ALL: list[FrameworkCase] = [
    *(row.as_case() for row in matrix.ROWS),
    *(FrameworkCase(case, ("torch",), _engines(case)) for case in (*torch_training.CASES, *torch_files.CASES)),
    FrameworkCase(keras_cases.training("tensorflow"), ("keras", "tensorflow"), (AUTO,), "TensorFlow"),
    FrameworkCase(keras_cases.state("jax"), ("keras", "jax"), (AUTO,), "JAX"),
    *(FrameworkCase(case, ("tensorflow",), (AUTO,), "TensorFlow") for case in tensorflow_cases.CASES),
    *(FrameworkCase(case, ("jax",), (AUTO,), "JAX") for case in jax_cases.CASES),
    *(FrameworkCase(case, ("xgboost", "lightgbm", "sklearn"), _engines(case)) for case in boosters.CASES),
    FrameworkCase(boosters.CATBOOST, ("catboost",), (FORK,)),  # it imports polars, and does not use it
    FrameworkCase(language.SPACY, ("spacy",), _engines(language.SPACY)),
    FrameworkCase(language.SPACY_RULES, ("spacy",), _engines(language.SPACY_RULES)),
    FrameworkCase(language.TRANSFORMERS, ("torch", "transformers"), _engines(language.TRANSFORMERS)),
    FrameworkCase(language.TRAINER, ("torch", "transformers", "accelerate"), _engines(language.TRAINER)),
]
