"""Verdicts that a relation still changes, each with what is wrong: these may fail, and nothing else may."""

from __future__ import annotations

from collections.abc import Mapping

_LOADED = "what a function loads from a file and binds as a global is reset, not persisted"
_LEFT_ALONE = "an idempotent change by a function that later cells built upon passes for a value that is left alone"
_GUARDED = "a value that is kept if it is there is reset, not persisted, once the test stands in a function"
_NEVER_TAKEN = "a global statement counts as a write, although the branch that writes is never taken"
_SAME_VALUE = "an equal value that a function puts into an object again passes for untouched"
_IMPORTED = "numbers that an import in a function binds are data, not definitions"

_IN_FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    _LOADED: (
        "an array mapped on a file",
        "coefficients put into a model by hand",
        "collected from files",
        "spacy: a pipeline that sorts texts",
        "transformers: a model of language",
        "transformers: the trainer",
        "torch: checkpoints",
        "torch: whole models, safetensors and pickles",
        "torch: a wrapper with fit and partial_fit, and a trainer",
    ),
    _LEFT_ALONE: ("types converted",),
    _GUARDED: (
        "sys.path guarded",
        "an environment variable kept if it is there",
    ),
    _NEVER_TAKEN: (
        "a guard that is never taken",
        "with blocks; a cell with only a branch that was taken once; a function replaced by its result",
    ),
    _SAME_VALUE: ("a ring of objects",),
    _IMPORTED: ("imports",),
}

KNOWN: Mapping[str, Mapping[str, str]] = {
    "renamed": {
        "torch: a wrapper with fit and partial_fit, and a trainer": (
            "a class of the user's is a model because its methods are called `fit`, `partial_fit` and `predict`"
        ),
    },
    "in functions": {case: reason for reason, cases in _IN_FUNCTIONS.items() for case in cases},
}
"""By relation, and by the name of the case. An entry whose verdicts agree fails the suite, so that it is taken out."""

ACCEPTED = frozenset(
    f"test_known_failures_still_fail[{relation}: {case}]" for relation, cases in KNOWN.items() for case in cases
)
"""The tests that may fail as expected, as pytest names them."""
