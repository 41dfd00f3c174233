"""Labelled notebooks for the end-to-end suite, one module per theme."""

from __future__ import annotations

from collections import Counter

from tests.functional.cases import (
    containers,
    errors,
    files_data,
    files_models,
    files_pristine,
    functions_classes,
    hand_written_models,
    iterators,
    kernel_guards,
    later_drifts,
    magics_ipython,
    nondeterminism,
    numpy_cases,
    opaque,
    pandas_cases,
    randomness,
    scalars,
    scope,
    settings_env,
    sklearn_models,
    stateless,
)
from tests.functional.cases.case import Case

MODULES = (
    scalars,
    containers,
    numpy_cases,
    pandas_cases,
    sklearn_models,
    hand_written_models,
    randomness,
    nondeterminism,
    functions_classes,
    iterators,
    scope,
    settings_env,
    kernel_guards,
    later_drifts,
    errors,
    stateless,
    magics_ipython,
    opaque,
    files_data,
    files_models,
    files_pristine,
)

ALL: list[Case] = [case for module in MODULES for case in module.CASES]

_twice = [name for name, count in Counter(case.name for case in ALL).items() if count > 1]
assert not _twice, f"case names used twice: {_twice}"
